from itertools import combinations

import pytest
import torch

from nco.train.losses import preference, reinforce, share_of_best


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


def test_the_share_of_the_best_is_that_of_all_choices_which_contain_a_rollout():
    cost = torch.rand(3, 7, generator=torch.Generator().manual_seed(1)) + 5
    for k in (2, 3, 7):
        share = share_of_best(cost, k)
        for row, costs in zip(share, cost, strict=True):
            for i in range(7):
                best = [float(costs[list(some)].min()) for some in combinations(range(7), k) if i in some]
                assert float(row[i]) == pytest.approx(sum(best) / len(best), rel=1e-5)


def test_for_the_best_of_k_a_rollout_that_is_never_the_best_is_as_bad_as_one_far_worse():
    log_p = torch.zeros(1, 5, requires_grad=True)
    reinforce(torch.tensor([[1.0, 2.0, 3.0, 8.0, 9.0]]), log_p, best_of=4).backward()
    first, *_, fourth, fifth = log_p.grad[0]
    assert first < 0 < fourth
    torch.testing.assert_close(fourth, fifth)


@pytest.mark.parametrize("best_of", [1, 2, 5])
def test_the_best_of_any_number_makes_the_best_rollout_likelier(best_of):
    log_p = torch.zeros(1, 6, requires_grad=True)
    reinforce(torch.tensor([[5.0, 3.0, 4.0, 9.0, 7.0, 6.0]]), log_p, best_of).backward()
    assert log_p.grad.argmin() == 1
    assert log_p.grad.sum().abs() < 1e-6


def test_a_preference_pushes_by_order_and_not_by_size():
    slopes = []
    for cost in ([1.0, 2.0, 3.0], [1.0, 1.001, 900.0]):
        log_p = torch.zeros(1, 3, requires_grad=True)
        preference(torch.tensor([cost]), log_p).backward()
        slopes.append(log_p.grad)
    torch.testing.assert_close(*slopes)
    assert slopes[0][0, 0] < slopes[0][0, 1] == 0 < slopes[0][0, 2]


def test_a_preference_that_is_met_pushes_less():
    slopes = []
    for difference in (0.0, 100.0):
        log_p = torch.tensor([[difference, 0.0]], requires_grad=True)
        preference(torch.tensor([[1.0, 2.0]]), log_p).backward()
        slopes.append(float(log_p.grad[0, 0]))
    assert slopes[0] < 0.5 * slopes[0] < slopes[1] < 0


def test_rollouts_of_equal_cost_have_no_preference():
    log_p = torch.zeros(2, 4, requires_grad=True)
    preference(torch.full((2, 4), 3.0), log_p).backward()
    assert log_p.grad.abs().max() == 0
