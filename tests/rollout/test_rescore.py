import pytest
import torch

from nco.rollout import log_probability, rollout
from nco.rollout.starts import first_clients


def step_by_step(policy, env, instances, actions) -> torch.Tensor:
    """Log-probability [B, S] of actions after the first, decided one by one as a rollout does."""
    memory = policy.encode(instances)
    state = env.step(instances, env.reset(instances, actions.shape[1]), actions[..., 0])
    total = torch.zeros(actions.shape[:2])
    for action in actions[..., 1:].unbind(-1):
        mask = env.action_mask(instances, state)
        logits = policy.logits(memory, state.current, env.features(instances, state), mask)
        total += logits.log_softmax(dim=-1).gather(-1, action[..., None])[..., 0]
        state = env.step(instances, state, action)
    return total


@pytest.mark.parametrize(("name", "size"), [("cvrp", 12), ("cvrp_x", 12), ("cvrp", 2)])
def test_one_pass_gives_the_log_probabilities_of_single_steps(tiny_policy, cvrp, drawn, name, size):
    instances = drawn(4, size, name)
    starts = first_clients(instances, 5)
    actions = rollout(tiny_policy, cvrp, instances, starts, torch.Generator().manual_seed(1)).actions
    with torch.no_grad():
        together = log_probability(tiny_policy, cvrp, tiny_policy.encode(instances), instances, actions)
        alone = step_by_step(tiny_policy, cvrp, instances, actions)
    assert (alone < 0).any()
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-4)


def test_steps_at_the_depot_after_the_end_are_certain(tiny_policy, cvrp, drawn):
    instances = drawn(2, 6)
    actions = rollout(tiny_policy, cvrp, instances, first_clients(instances, 3)).actions
    longer = torch.nn.functional.pad(actions, (0, 4))
    memory = tiny_policy.encode(instances)
    torch.testing.assert_close(
        log_probability(tiny_policy, cvrp, memory, instances, longer),
        log_probability(tiny_policy, cvrp, memory, instances, actions),
    )


def test_a_forbidden_trajectory_is_impossible(tiny_policy, cvrp, drawn):
    instances = drawn(1, 3)
    instances["demand"], instances["capacity"] = torch.tensor([[0.0, 2.0, 2.0, 1.0]]), torch.tensor([[3.0]])
    memory = tiny_policy.encode(instances)
    paths = torch.tensor([[[1, 3, 0, 2], [1, 2, 0, 3]]])  # within the capacity and beyond it
    allowed, forbidden = log_probability(tiny_policy, cvrp, memory, instances, paths)[0].tolist()
    assert allowed > forbidden == -torch.inf


def test_gradients_reach_every_parameter(tiny_policy, cvrp, drawn):
    instances = drawn(4, 12)
    starts = first_clients(instances, 5)
    actions = rollout(tiny_policy, cvrp, instances, starts, torch.Generator().manual_seed(1)).actions
    log_probability(tiny_policy, cvrp, tiny_policy.encode(instances), instances, actions)[0, 0].backward()
    idle = [name for name, parameter in tiny_policy.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert idle == []
    assert all(parameter.grad.isfinite().all() for parameter in tiny_policy.parameters())
