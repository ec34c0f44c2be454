import pytest
import torch

from nco.rollout import log_probability, rebuild, rollout
from nco.rollout.starts import first_clients
from nco.train.learner import reinforce
from nco.train.optimizers import OptimizerConfig, make_optimizers


def gradient(cost) -> torch.Tensor:
    """Gradient of the loss by the log-probabilities."""
    log_p = torch.zeros(cost.shape, requires_grad=True)
    reinforce(cost, log_p).backward()
    return log_p.grad


def test_the_better_of_two_is_made_likelier_and_the_worse_one_less_likely():
    better, worse = gradient(torch.tensor([[1.0, 2.0]]))[0]
    assert better < 0 < worse  # a step goes against the gradient
    assert better == -worse


def test_a_rollout_is_compared_with_those_of_its_own_problem_only():
    slope = gradient(torch.tensor([[1.0, 2.0, 3.0], [101.0, 102.0, 103.0]]))
    torch.testing.assert_close(slope[0], slope[1], rtol=0.01, atol=1e-4)
    torch.testing.assert_close(slope.sum(dim=1), torch.zeros(2))


def test_every_problem_weighs_the_same_whatever_the_size_of_its_costs():
    slope = gradient(torch.tensor([[1.0, 2.0, 3.0], [1000.0, 2000.0, 3000.0]]))
    torch.testing.assert_close(slope[0], slope[1])


@pytest.mark.parametrize("cost", [0.0, 16.123, 1e6])
def test_rollouts_of_equal_cost_teach_nothing(cost):
    assert gradient(torch.full((2, 50), cost)).abs().max() < 1e-4


def test_differences_by_rounding_teach_next_to_nothing():
    cost = 16.123 * (1 + 1e-7 * torch.arange(50.0)[None])
    assert gradient(cost).abs().sum() < 0.02


def test_no_gradient_flows_into_the_costs():
    cost = torch.tensor([[1.0, 2.0]], requires_grad=True)
    reinforce(cost, torch.zeros(1, 2, requires_grad=True)).backward()
    assert cost.grad is None


def test_a_policy_learns_one_batch_by_heart(tiny_policy, cvrp, drawn):
    """What its samples cost more than the best ever seen from the same start falls to less than half in 100 steps."""
    instances = drawn(4, 8)
    starts = first_clients(instances, 8)
    optimizers = make_optimizers(tiny_policy, OptimizerConfig(muon_rate=1e-2, adam_rate=5e-3))
    draw, costs = torch.Generator().manual_seed(1), []
    for _ in range(100):
        memory = tiny_policy.encode(instances)
        trajectory = rollout(tiny_policy, cvrp, instances, starts, draw)
        decisions = rebuild(cvrp, instances, trajectory.actions)
        loss = reinforce(trajectory.cost, log_probability(tiny_policy, memory, decisions, 8)[0])
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        costs.append(trajectory.cost)
    best = torch.stack(costs).amin(dim=0).mean()
    first, last = costs[0].mean(), torch.stack(costs[-10:]).mean()
    assert first > 1.2 * best
    assert last - best < 0.5 * (first - best)
