import pytest
import torch

from nco.nn.pointer import rows
from nco.policies import Query, make_policy
from nco.policies.attention import distances
from nco.rollout import rollout
from nco.rollout.eager import observe
from nco.rollout.starts import first_clients


def decision(env, instances, actions):
    """What a policy sees of the state after some actions [B, S, T]."""
    state = env.reset(instances, actions.shape[1])
    for action in actions.unbind(-1):
        state = env.step(instances, state, action)
    return observe(env, instances, state)


@pytest.fixture
def two_visits() -> torch.Tensor:
    """Three problems, two rollouts, two visits each."""
    return torch.tensor([[[1, 4], [6, 2]], [[2, 3], [3, 1]], [[5, 6], [6, 5]]])


@torch.no_grad()
def test_relabelled_clients_have_relabelled_probabilities(tiny_policy, cvrp, drawn, two_visits):
    instances = drawn(3, 8)
    order = torch.cat([torch.zeros(1, dtype=torch.long), 1 + torch.randperm(8, generator=torch.manual_seed(1))])
    relabelled = instances.clone()
    relabelled["locs"], relabelled["demand"] = instances["locs"][:, order], instances["demand"][:, order]
    place = order.argsort()  # where a node has gone
    before = tiny_policy.logits(tiny_policy.encode(instances), decision(cvrp, instances, two_visits))
    after = tiny_policy.logits(tiny_policy.encode(relabelled), decision(cvrp, relabelled, place[two_visits]))
    torch.testing.assert_close(after, before[..., order])


@torch.no_grad()
def test_forbidden_nodes_have_probability_zero_and_all_others_more(tiny_policy, cvrp, drawn, two_visits):
    instances = drawn(3, 8)
    query = decision(cvrp, instances, two_visits)
    probability = tiny_policy.logits(tiny_policy.encode(instances), query).softmax(dim=-1)
    assert torch.equal(probability > 0, query.mask)
    torch.testing.assert_close(probability.sum(dim=-1), torch.ones(3, 2))


@torch.no_grad()
def test_many_decisions_at_once_are_decided_as_one_by_one(tiny_policy, cvrp, drawn, two_visits):
    instances = drawn(3, 8)
    memory = tiny_policy.encode(instances)
    query = decision(cvrp, instances, two_visits)
    together = tiny_policy.logits(memory, query)
    alone = [tiny_policy.logits(memory, Query(*(part[:, [q]] for part in query))) for q in range(2)]
    torch.testing.assert_close(together, torch.cat(alone, dim=1))


def test_what_else_is_in_the_batch_does_not_change_the_routes(tiny_policy, cvrp, drawn):
    instances = drawn(6, 12)
    together = rollout(tiny_policy, cvrp, instances, first_clients(instances, 5))
    for k in range(6):
        alone = rollout(tiny_policy, cvrp, instances[k : k + 1], first_clients(instances[k : k + 1], 5))
        steps = alone.actions.shape[-1]
        assert torch.equal(together.actions[k, :, :steps], alone.actions[0])
        assert not together.actions[k, :, steps:].any()


@torch.no_grad()
@pytest.mark.parametrize("size", [1, 2, 300])
def test_any_number_of_clients_is_decided_in_finite_numbers(tiny_policy, cvrp, drawn, size):
    instances = drawn(2, size)
    query = decision(cvrp, instances, torch.ones(2, 1, 1, dtype=torch.long))
    logits = tiny_policy.logits(tiny_policy.encode(instances), query)
    assert logits.shape == (2, 1, size + 1)
    assert logits[query.mask].isfinite().all()


@torch.no_grad()
def test_clients_at_one_point_without_demand_are_decided_in_finite_numbers(tiny_policy, cvrp, drawn):
    instances = drawn(2, 6)
    instances["locs"] = torch.full_like(instances["locs"], 0.5)
    instances["demand"] = torch.zeros_like(instances["demand"])
    query = decision(cvrp, instances, torch.ones(2, 1, 1, dtype=torch.long))
    assert tiny_policy.logits(tiny_policy.encode(instances), query)[query.mask].isfinite().all()


@torch.no_grad()
def test_mixed_precision_remembers_in_half_and_decides_in_single_precision(tiny_policy, cvrp, drawn, two_visits):
    instances = drawn(3, 8)
    with torch.autocast("cpu", torch.bfloat16):
        memory = tiny_policy.encode(instances)
        logits = tiny_policy.logits(memory, decision(cvrp, instances, two_visits))
    assert {memory.query.dtype, memory.key.dtype, memory.value.dtype, memory.pointer.dtype} == {torch.bfloat16}
    assert (memory.distance.dtype, logits.dtype) == (torch.float32, torch.float32)
    assert next(tiny_policy.parameters()).dtype == torch.float32


def test_everything_stays_on_the_device_of_the_instances(tiny_policy, cvrp, drawn, two_visits):
    instances, policy = drawn(3, 8).to("meta"), tiny_policy.to("meta")
    memory = policy.encode(instances)
    logits = policy.logits(memory, decision(cvrp, instances, two_visits.to("meta")))
    assert {tensor.device.type for tensor in (*memory, logits) if tensor is not None} == {"meta"}


def test_a_policy_can_be_made_again_from_its_configuration(tiny_policy):
    again = make_policy(tiny_policy.name, tiny_policy.config)
    assert {n: p.shape for n, p in again.named_parameters()} == {n: p.shape for n, p in tiny_policy.named_parameters()}


def test_distances_are_straight_lines_where_none_are_given(drawn):
    instances = drawn(2, 4)
    given, unit = distances(instances)
    torch.testing.assert_close(given, torch.cdist(instances["locs"], instances["locs"]))
    assert unit.tolist() == [1.0, 1.0]


def test_given_distances_count_in_proportion_whatever_their_unit(drawn):
    instances = drawn(2, 4)
    straight = torch.cdist(instances["locs"], instances["locs"])
    instances["distance"] = 1000 * straight  # metres where the coordinates are in kilometres
    given, unit = distances(instances)
    torch.testing.assert_close(given * unit[:, None, None], straight)
    instances["distance"][:, 1, 2] *= 3  # a detour, one way
    given, unit = distances(instances)
    torch.testing.assert_close(given[:, 1, 2] / given[:, 2, 1], torch.full((2,), 3.0))
    assert ((unit < 0.001) & (unit > 0.0008)).all()  # roads are longer than straight lines now


@torch.no_grad()
def test_the_unit_of_the_distances_does_not_change_the_decisions(tiny_policy, cvrp, drawn, two_visits):
    instances = drawn(3, 8)
    query = decision(cvrp, instances, two_visits)
    before = tiny_policy.logits(tiny_policy.encode(instances), query)
    instances["distance"] = 1000 * torch.cdist(instances["locs"], instances["locs"])
    torch.testing.assert_close(tiny_policy.logits(tiny_policy.encode(instances), query), before, rtol=0, atol=1e-4)


@torch.no_grad()
def test_the_distance_from_the_current_node_is_what_the_pointer_sees(tiny_policy, cvrp, drawn, two_visits):
    instances = drawn(3, 8)
    query = decision(cvrp, instances, two_visits)
    pointing = tiny_policy.point(tiny_policy.encode(instances), query)
    straight = torch.cdist(instances["locs"], instances["locs"])
    torch.testing.assert_close(rows(pointing.distance, pointing.current), rows(straight, query.current))
