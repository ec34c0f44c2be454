import math

import numpy as np
import pytest
import torch

from nco.envs.generators.routefinder import RouteFinder
from nco.envs.generators.unified import NODE, VEHICLE, Unified, completed
from nco.envs.generators.uniform import Uniform
from nco.envs.instances import fleet_size, to_problems
from nco.envs.presets import preset

#: Keys of every problem, and what vehicles that differ have.
KEYS = {"locs", "demand", "capacity", "scale", "distance", "backhaul_last", *NODE, *VEHICLE,
        "unit_cost", "penalty", "allowed"}  # fmt: skip


def draws(count: int):
    generator = torch.Generator().manual_seed(1)
    return [preset("unified").generator(2, 8, generator) for _ in range(count)]


def test_every_batch_has_all_attributes_whatever_it_was_drawn_from():
    assert {frozenset(batch.keys()) for batch in draws(30)} == {frozenset(KEYS)}


def test_batches_are_of_all_kinds():
    problems = [problem for batch in draws(30) for problem in to_problems(batch)]
    assert {problem.num_depots for problem in problems} == {1, 3}
    assert {problem.backhaul for problem in problems} == {"last", "mixed"}
    assert any(problem.pickup.any() for problem in problems)
    assert {vehicle.end_depot is None for problem in problems for vehicle in problem.vehicle_types} == {True, False}
    limits = {math.isinf(vehicle.max_distance) for problem in problems for vehicle in problem.vehicle_types}
    assert limits == {True, False}
    assert {bool((problem.service > 0).any()) for problem in problems} == {True, False}


def test_parts_are_drawn_as_often_as_their_weights_say():
    mixed = Unified(((Uniform(), 3.0), (RouteFinder({}, depots=3), 1.0)))
    generator = torch.Generator().manual_seed(1)
    depots = [fleet_size(mixed(1, 3, generator)) for _ in range(400)]
    assert depots.count(1) == pytest.approx(300, abs=4 * (400 * 0.75 * 0.25) ** 0.5)


@pytest.mark.parametrize("name", ["cvrp", "cvrp_x", "ovrp", "vrptw", "mdvrpl", "vrpmb", "mdovrpbltw"])
def test_completed_problems_are_the_same_problems(name):
    instances = preset(name).generator(3, 8, torch.Generator().manual_seed(1))
    full = completed(instances)
    assert set(full.keys()) == KEYS
    assert all(torch.equal(full[key], instances[key]) for key in instances.keys())  # noqa: SIM118 (a TensorDict)
    for one, other in zip(to_problems(instances), to_problems(full), strict=True):
        assert (one.depots, one.clients, one.vehicle_types) == (other.depots, other.clients, other.vehicle_types)
        assert one.backhaul == other.backhaul
        assert np.array_equal(one.distance_matrix(), other.distance_matrix())


@pytest.mark.parametrize("name", ["cvrp", "ovrp", "vrptw", "mdvrpl", "vrpb"])
def test_the_unified_environment_runs_completed_problems_as_their_own_does(play, at_random, name):
    own, unified = preset(name).env, preset("unified").env
    instances = preset(name).generator(4, 8, torch.Generator().manual_seed(1))
    full = completed(instances)
    episode = play(own, instances, 3, at_random(1))
    state = unified.reset(full, 3)
    for mask, action in zip(episode.masks, episode.actions.unbind(-1), strict=True):
        assert torch.equal(unified.action_mask(full, state), mask)
        state = unified.step(full, state, action)
    torch.testing.assert_close(unified.cost(full, episode.actions), own.cost(instances, episode.actions))
