import pytest
import torch

from nco.envs.presets import preset
from nco.policies import make_policy
from nco.rollout import log_probability, rebuild, rollout
from nco.rollout.eager import observe
from nco.rollout.parallel import recorded_parallel_rollout
from nco.rollout.rescore import kept_bytes
from nco.rollout.starts import first_clients


def together(policy, env, instances, actions) -> torch.Tensor:
    """Log-probability [B, S] of actions after the first, in one pass."""
    decisions = rebuild(env, instances, actions)
    return log_probability(policy, policy.encode(instances), decisions, actions.shape[1])[0]


def step_by_step(policy, env, instances, actions) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probability [B, S] of actions after the first, and entropies, decided one by one as a rollout does."""
    memory = policy.encode(instances)
    state = env.step(instances, env.reset(instances, actions.shape[1]), actions[..., 0])
    total, entropy = torch.zeros(2, *actions.shape[:2])
    for action in actions[..., 1:].unbind(-1):
        log_p = policy.logits(memory, observe(env, instances, state)).log_softmax(dim=-1)
        total += log_p.gather(-1, action[..., None])[..., 0]
        entropy += torch.special.entr(log_p.exp()).sum(dim=-1)
        state = env.step(instances, state, action)
    return total, entropy


@pytest.mark.parametrize(("name", "size"), [("cvrp", 12), ("cvrp_x", 12), ("cvrp", 2)])
def test_one_pass_gives_the_log_probabilities_and_entropies_of_single_steps(tiny_policy, cvrp, drawn, name, size):
    instances = drawn(4, size, name)
    starts = first_clients(instances, 5)
    actions = rollout(tiny_policy, cvrp, instances, starts, torch.Generator().manual_seed(1)).actions
    with torch.no_grad():
        decisions = rebuild(cvrp, instances, actions)
        once = log_probability(tiny_policy, tiny_policy.encode(instances), decisions, actions.shape[1])
        alone = step_by_step(tiny_policy, cvrp, instances, actions)
    assert (alone[0] < 0).any()
    assert (alone[1] > 0).any()
    torch.testing.assert_close(once, alone, rtol=0, atol=1e-4)


def test_steps_that_were_given_are_not_decisions(tiny_policy, cvrp, drawn):
    instances = drawn(2, 6)
    actions = rollout(tiny_policy, cvrp, instances, first_clients(instances, 3)).actions
    one, two = (rebuild(cvrp, instances, actions, begun) for begun in (1, 2))
    assert torch.equal(two.action, one.action[:, 3:])
    assert all(torch.equal(late, early[:, 3:]) for late, early in zip(two.query, one.query, strict=True))


def test_steps_at_the_depot_after_the_end_are_certain(tiny_policy, cvrp, drawn):
    instances = drawn(2, 6)
    actions = rollout(tiny_policy, cvrp, instances, first_clients(instances, 3)).actions
    longer = torch.nn.functional.pad(actions, (0, 4))
    torch.testing.assert_close(
        together(tiny_policy, cvrp, instances, longer), together(tiny_policy, cvrp, instances, actions)
    )


def test_a_forbidden_trajectory_is_impossible(tiny_policy, cvrp, drawn):
    instances = drawn(1, 3)
    instances["demand"], instances["capacity"] = torch.tensor([[0.0, 2.0, 2.0, 1.0]]), torch.tensor([[3.0]])
    paths = torch.tensor([[[1, 3, 0, 2], [1, 2, 0, 3]]])  # within the capacity and beyond it
    allowed, forbidden = together(tiny_policy, cvrp, instances, paths)[0].tolist()
    assert allowed > forbidden == -torch.inf


def test_gradients_reach_every_parameter(tiny_policy, cvrp, drawn):
    instances = drawn(4, 12)
    starts = first_clients(instances, 5)
    actions = rollout(tiny_policy, cvrp, instances, starts, torch.Generator().manual_seed(1)).actions
    together(tiny_policy, cvrp, instances, actions)[0, 0].backward()
    idle = [name for name, parameter in tiny_policy.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert idle == []
    assert all(parameter.grad.isfinite().all() for parameter in tiny_policy.parameters())


@pytest.mark.parametrize("pieces", [2, 3, 100])
def test_in_pieces_probabilities_entropies_and_gradients_are_the_same(tiny_policy, cvrp, drawn, pieces):
    instances = drawn(4, 8)
    starts = first_clients(instances, 5)
    actions = rollout(tiny_policy, cvrp, instances, starts, torch.Generator().manual_seed(1)).actions
    decisions = rebuild(cvrp, instances, actions)
    results = []
    for share in (1, pieces):
        tiny_policy.zero_grad()
        memory = tiny_policy.encode(instances)
        budget = kept_bytes(tiny_policy, memory, decisions) / share
        log_p, entropy = log_probability(tiny_policy, memory, decisions, 5, budget)
        log_p.square().mean().backward()
        results.append((log_p, entropy, [parameter.grad.clone() for parameter in tiny_policy.parameters()]))
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)


def kept(policy, memory, decisions, rollouts: int, budget: float = torch.inf) -> int:
    """Bytes that scoring keeps for the backward pass."""
    sizes = {}

    def note(tensor):
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        log_probability(policy, memory, decisions, rollouts, budget)
    return sum(sizes.values())


def test_the_whole_keeps_no_more_than_expected_and_pieces_keep_less(tiny_policy, cvrp, drawn):
    instances = drawn(8, 20)
    starts = first_clients(instances, 20)
    actions = rollout(tiny_policy, cvrp, instances, starts, torch.Generator().manual_seed(1)).actions
    decisions, memory = rebuild(cvrp, instances, actions), tiny_policy.encode(instances)
    expected, whole = kept_bytes(tiny_policy, memory, decisions), kept(tiny_policy, memory, decisions, 20)
    assert 0.2 * expected < whole < expected  # in forward there are more
    assert kept(tiny_policy, memory, decisions, 20, expected / 4) < 0.2 * whole


def test_vehicles_that_communicate_keep_more_for_each_decision_and_no_more_than_expected(drawn):
    env, instances = preset("profiles").env, drawn(8, 20, "profiles")
    with torch.random.fork_rng(devices=[]):
        policy = make_policy("camp", {"layers": 1, "features": env.num_features})  # of its real width
    memory, draw = policy.encode(instances), torch.Generator().manual_seed(1)
    _, decisions = recorded_parallel_rollout(policy, env, instances, first_clients(instances, 5), draw, memory.detach())
    expected, whole = kept_bytes(policy, memory, decisions), kept(policy, memory, decisions, 5)
    assert 0.4 * expected < whole < expected
    assert kept(policy, memory, decisions, 5, expected / 4) < 0.2 * whole
