import torch

from nco.envs.instances import symmetries
from nco.rollout import rollout
from nco.rollout.starts import first_clients
from nco.train.validation import greedy_costs, validation_set


def test_a_validation_set_is_the_same_every_time_and_different_by_seed():
    first, again, other = (validation_set("cvrp", 10, 4, seed, torch.device("cpu")) for seed in (1, 1, 2))
    assert torch.equal(first["locs"], again["locs"])
    assert not torch.equal(first["locs"], other["locs"])
    assert first["locs"].shape == (4, 11, 2)


def test_costs_are_means_of_the_best_over_starts_and_over_starts_and_symmetries(tiny_policy, cvrp, drawn):
    instances = drawn(5, 8)
    copies = symmetries(instances)
    costs = rollout(tiny_policy, cvrp, copies, first_clients(copies, 3)).cost.view(8, 5, 3)
    greedy, best = greedy_costs(tiny_policy, cvrp, instances, starts=3)
    torch.testing.assert_close(torch.tensor(greedy), costs[0].amin(dim=1).mean())
    torch.testing.assert_close(torch.tensor(best), costs.amin(dim=(0, 2)).mean())
    assert best < greedy


def test_costs_are_in_the_units_of_the_problems(tiny_policy, cvrp, drawn):
    instances = drawn(5, 8)
    before = greedy_costs(tiny_policy, cvrp, instances, starts=3)
    instances["scale"] = torch.full((5,), 4.0)
    assert greedy_costs(tiny_policy, cvrp, instances, starts=3) == tuple(4 * cost for cost in before)


def test_validation_leaves_no_gradients_and_no_trace_in_the_policy(tiny_policy, cvrp, drawn):
    before = {name: tensor.clone() for name, tensor in tiny_policy.state_dict().items()}
    greedy_costs(tiny_policy, cvrp, drawn(2, 5), starts=2)
    assert all(torch.equal(tensor, before[name]) for name, tensor in tiny_policy.state_dict().items())
    assert all(parameter.grad is None for parameter in tiny_policy.parameters())
