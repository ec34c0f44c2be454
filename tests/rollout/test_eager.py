import pytest
import torch

import nco
from nco.envs.instances import to_problems
from nco.envs.routing import split_routes
from nco.rollout import log_probability, rebuild, rollout
from nco.rollout.starts import FREE, first_clients


def sample(policy, env, instances, seed, rollouts=4):
    generator = torch.Generator().manual_seed(seed)
    return rollout(policy, env, instances, first_clients(instances, rollouts), generator)


def test_a_greedy_rollout_is_the_same_every_time(tiny_policy, cvrp, drawn):
    instances = drawn(4, 15)
    first, second = (rollout(tiny_policy, cvrp, instances, first_clients(instances, 6)) for _ in range(2))
    assert torch.equal(first.actions, second.actions)
    assert torch.equal(first.cost, second.cost)


def test_a_sampled_rollout_is_that_of_its_seed(tiny_policy, cvrp, drawn):
    instances = drawn(4, 15)
    first, again, other = (sample(tiny_policy, cvrp, instances, seed).actions for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_a_rollout_leaves_the_global_random_numbers_alone(tiny_policy, cvrp, drawn):
    before = torch.get_rng_state()
    sample(tiny_policy, cvrp, drawn(2, 10), seed=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_every_rollout_begins_where_it_was_told_to(tiny_policy, cvrp, drawn):
    starts = torch.tensor([[3, 1, 3], [2, 2, 5]])
    assert torch.equal(rollout(tiny_policy, cvrp, drawn(2, 5), starts[..., None]).actions[..., 0], starts)


def test_a_start_may_have_several_steps_and_leave_some_to_the_policy(tiny_policy, cvrp, drawn):
    instances = drawn(2, 5)
    starts = torch.tensor([[3, 1, FREE], [2, FREE, 5]]).expand(2, 2, 3)
    actions = rollout(tiny_policy, cvrp, instances, starts).actions[..., :3]
    own = rollout(tiny_policy, cvrp, instances, starts[..., :1]).actions
    assert torch.equal(actions[starts != FREE], starts[starts != FREE])
    assert torch.equal(actions[:, 1, 1], own[:, 1, 1])  # what it would have done anyway
    assert not torch.equal(actions[:, 0, 1], own[:, 0, 1])


def test_a_rollout_has_no_gradients(tiny_policy, cvrp, drawn):
    trajectory = sample(tiny_policy, cvrp, drawn(2, 5), seed=1)
    assert not trajectory.cost.requires_grad


@pytest.mark.parametrize("name", ["cvrp", "cvrp_x"])
@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_the_checker_accepts_every_trajectory_and_agrees_on_its_cost(tiny_policy, cvrp, drawn, name, size):
    instances = drawn(3, size, name, seed=size)
    greedy = rollout(tiny_policy, cvrp, instances, first_clients(instances, 4))
    for trajectory in (greedy, sample(tiny_policy, cvrp, instances, seed=1)):
        for problem, actions, costs in zip(to_problems(instances), trajectory.actions, trajectory.cost, strict=True):
            for path, cost in zip(actions.tolist(), costs.tolist(), strict=True):
                report = nco.check(problem, split_routes(path))
                assert report.is_feasible(), report
                assert report.cost.total == pytest.approx(cost, rel=1e-5)


def test_trajectories_are_sampled_with_the_probabilities_that_rescoring_gives(tiny_policy, cvrp, drawn):
    instances, count = drawn(1, 4), 20_000
    instances["capacity"] = instances["demand"].sum(dim=1, keepdim=True) - 1  # at least two routes
    starts = torch.ones(1, count, 1, dtype=torch.long)
    trajectory = rollout(tiny_policy, cvrp, instances, starts, torch.Generator().manual_seed(7))
    paths, observed = trajectory.actions[0].unique(dim=0, return_counts=True)
    with torch.no_grad():
        memory = tiny_policy.encode(instances)
        decisions = rebuild(cvrp, instances, paths[None])
        expected = count * log_probability(tiny_policy, memory, decisions, len(paths))[0][0].exp()
    assert expected.sum() == pytest.approx(count, rel=1e-3)  # every path that is possible was seen
    square = ((observed - expected) ** 2 / expected).sum()
    freedom = torch.tensor(len(paths) - 1.0)
    assert len(paths) > 10
    assert torch.special.gammaincc(freedom / 2, square / 2) > 0.01  # p-value of Pearson's chi-square test


def test_sampling_prefers_what_the_policy_prefers(tiny_policy, cvrp, drawn):
    instances = drawn(1, 3)
    with torch.no_grad():
        memory = tiny_policy.encode(instances)
        paths = rollout(tiny_policy, cvrp, instances, torch.ones(1, 1, 1, dtype=torch.long)).actions
        likely = float(log_probability(tiny_policy, memory, rebuild(cvrp, instances, paths), 1)[0].exp())
    starts = torch.ones(1, 2000, 1, dtype=torch.long)
    sampled = rollout(tiny_policy, cvrp, instances, starts, torch.Generator().manual_seed(1)).actions
    share = (sampled[0, :, : paths.shape[-1]] == paths[0]).all(dim=-1).float().mean()
    assert float(share) == pytest.approx(likely, abs=4 * (likely * (1 - likely) / 2000) ** 0.5)
