import pytest
import torch

import nco.train.graphed
from nco.envs.presets import preset
from nco.errors import GraphWarning
from nco.policies import make_policy
from nco.train.graphed import GraphedEncoder

SMALL = {"width": 32, "heads": 2, "layers": 1}
#: Policies and presets that they see.
PAIRS = {"unified": "unified", "attention": "cvrp", "profiles": "pvrp_p", "camp": "pvrp_zc", "rrnco": "rcvrptw"}


@pytest.fixture(params=PAIRS)
def learning(request):
    """A policy and batches of problems of two sizes."""
    known = preset(PAIRS[request.param])
    policy = make_policy(request.param, {**SMALL, "features": known.env.num_features})
    draw = torch.Generator().manual_seed(1)
    return policy, [known.generator(3, size, draw) for size in (6, 9, 6)]


def gradients(policy, encode, instances):
    """The memory, and gradients of a number that depends on each of its parts but the keys of the pointer."""
    policy.zero_grad()
    memory = encode(instances)
    draw = torch.Generator().manual_seed(2)
    parts = [part for part in memory._replace(pointer=None) if part is not None and part.requires_grad]
    sum((torch.randn(part.shape, generator=draw) * part.float()).sum() for part in parts).backward()
    kept = [None if part is None else part.detach().clone() for part in memory]
    return kept, [None if p.grad is None else p.grad.clone() for p in policy.parameters()]


def test_memory_and_gradients_are_those_of_the_plain_encoder_for_any_size_in_any_order(learning):
    policy, batches = learning
    graphed = GraphedEncoder(policy)
    for instances in batches:
        expected, found = gradients(policy, policy.encode, instances), gradients(policy, graphed, instances)
        torch.testing.assert_close(found, expected)
        assert sum(gradient is not None for gradient in found[1]) > 5


def test_weights_that_change_between_two_calls_count(learning):
    policy, (instances, *_) = learning
    graphed = GraphedEncoder(policy)
    before = graphed(instances).query.clone()
    with torch.no_grad():
        for weight in policy.parameters():
            weight.mul_(1.5)
    assert not torch.allclose(graphed(instances).query, before)
    torch.testing.assert_close(graphed(instances).query, policy.encode(instances).query)


def test_a_policy_that_cannot_be_recorded_is_encoded_all_the_same_and_a_warning_says_so_once(learning, monkeypatch):
    def refuse(works, device, room):
        raise RuntimeError("operation not permitted when stream is capturing\nmore of it")

    monkeypatch.setattr(nco.train.graphed, "recorded_in_turn", refuse)
    policy, batches = learning
    graphed = GraphedEncoder(policy)
    with pytest.warns(
        GraphWarning, match="kernel by kernel: operation not permitted when stream is capturing$"
    ) as told:
        found = [graphed(instances).query for instances in batches]
    assert len(told) == 1
    torch.testing.assert_close(found, [policy.encode(instances).query for instances in batches])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu_graphs_give_the_same_in_mixed_precision(learning):
    policy, batches = learning
    policy, batches = policy.cuda(), [instances.cuda() for instances in batches]
    graphed = GraphedEncoder(policy)
    with torch.autocast("cuda", torch.bfloat16):
        for instances in batches:
            expected, found = policy.encode(instances), graphed(instances)
            torch.testing.assert_close(list(found), list(expected), rtol=0.02, atol=0.02)
            weights = list(policy.parameters())
            slopes = [torch.autograd.grad(memory.query.float().square().sum(), weights, allow_unused=True)
                      for memory in (expected, found)]  # fmt: skip
            torch.testing.assert_close(*slopes, rtol=0.02, atol=0.02)
