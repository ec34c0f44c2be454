"""Rollouts that search improves where they are, beside the environment, the checker and the problems themselves."""

import numpy as np
import pytest
import torch

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import fleet_size, to_problems, to_routes
from nco.envs.presets import preset
from nco.rollout.eager import rollout
from nco.rollout.starts import first_clients
from nco.search import packing, rollouts
from nco.search.data import search_data
from nco.search.rollouts import improved_rollouts, packed, to_actions, unsupported

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


def test_tables_are_those_of_the_problems(case):
    """Costs in units of the scale; what is made of the problems one by one is the search's usual way."""
    env, instances, done = case
    tables = dict(zip(packing.TABLES, packed(env, instances, done.actions).tables, strict=True))
    for row, problem in enumerate(to_problems(instances)):
        data, scale = search_data(problem), float(instances["scale"][row])
        ends = tables["start"][row].tolist(), tables["end"][row].tolist()
        assert ends == (data.start.tolist(), data.end.tolist())
        assert tables["demand"][row].tolist() == data.delivery[:, 0].tolist()
        assert tables["available"][row].tolist() == data.available.tolist()
        for kind in range(len(data.sight)):
            arcs = tables["cost"][row, tables["view"][row, kind]][:-1].numpy() * scale  # nobody leaves nowhere
            np.testing.assert_allclose(arcs, data.cost[data.sight[kind]][:-1], rtol=1e-4, atol=1e-5 * scale)


def test_what_the_search_does_not_know_is_named(drawn):
    assert unsupported(preset("pcvrp").env, drawn(1, 5, "pcvrp")) == ["'prize'"]
    assert unsupported(preset("hcvrp_max").env, drawn(1, 5, "hcvrp_max")) == ["objective='max'"]
    assert unsupported(preset("vrptw_reloads").env, drawn(1, 5, "vrptw_reloads")) == [
        "'prize'",
        "reloads within limits",
    ]
    assert unsupported(preset("profiles").env, drawn(1, 5, "profiles")) == []
