"""Rollouts that search improves where they are, beside the environment, the checker and the problems themselves."""

import pytest
import torch

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import fleet_size, to_problems, to_routes
from nco.rollout.eager import rollout
from nco.rollout.starts import first_clients
from nco.search import rollouts
from nco.search.rollouts import improved_rollouts, packed, to_actions

#: Together they take every table and every flag.
CASES = {"cvrp": "cvrp", "unified": "unified", "mdovrpmbltw": "mdovrpmbltw", "vrpb": "vrpb", "pvrp_p": "pvrp_p",
         "pvrp_zc": "pvrp_zc", "hcvrp": "hcvrp", "roads:ratsp": "roads", "roads:rcvrptw": "roads"}  # fmt: skip
CLIENTS, ROLLOUTS = 6, 2


@pytest.fixture(autouse=True)
def _few_slots(monkeypatch):
    """Every empty route takes the interpreter its time."""
    monkeypatch.setattr(rollouts, "FEWEST", 8)


@pytest.fixture(scope="module", params=CASES)
def case(request, drawn, tiny_unified):
    """An environment, two problems, and sampled rollouts of an untrained policy."""
    kind = CASES[request.param]
    instances = drawn(2, CLIENTS, request.param.partition(":")[2] or kind, seed=3)
    instances = completed(instances) if kind == "roads" else instances
    policy, env = tiny_unified(kind)
    starts = first_clients(instances, ROLLOUTS, env.could(instances))
    return env, instances, rollout(policy, env, instances, starts, torch.Generator().manual_seed(1))


def solutions(instances, actions) -> list[tuple[nco.Problem, nco.Solution, int, int]]:
    """Problem and solution of every rollout, with their numbers."""
    return [
        (problem, nco.Solution(tuple(to_routes(instances, path, row))), row, column)
        for row, problem in enumerate(to_problems(instances))
        for column, path in enumerate(actions[row].tolist())
    ]


def test_rollouts_become_cheaper_and_environment_and_checker_accept_them(case):
    env, instances, done = case
    better = improved_rollouts(env, instances, done.actions, 4, seed=1)
    mask = env.action_mask(instances, env.replay(instances, better))
    assert mask.gather(-1, better[..., None]).all()
    costs = env.cost(instances, better)
    assert (costs <= done.cost * (1 + 1e-6)).all()
    assert costs.sum() < 0.99 * done.cost.sum()
    for problem, solution, row, column in solutions(instances, better):
        report = nco.check(problem, solution)
        assert report.is_feasible(), report
        cost = float(costs[row, column] * instances["scale"][row])
        assert report.cost.total == pytest.approx(cost, rel=1e-5)


def test_routes_that_are_packed_come_out_again_in_their_order(case):
    env, instances, done = case
    group = packed(env, instances, done.actions)
    at, _, kind = group.start
    again = to_actions(at, kind, fleet_size(instances), CLIENTS, env.max_steps(instances)).unflatten(0, (2, ROLLOUTS))
    for row in range(2):
        for before, after in zip(done.actions[row].tolist(), again[row].tolist(), strict=True):
            assert to_routes(instances, after, row) == to_routes(instances, before, row)
