"""What changes nothing, changed: names of clients, order of vehicles, place, unit and direction."""

import pytest
import torch

import nco
from nco.envs.generators.everything import BY_BOTH, BY_NODE, BY_VEHICLE
from nco.envs.instances import fleet_size, has, to_problems
from nco.envs.presets import PRESETS, preset

every_preset = pytest.mark.parametrize("name", PRESETS)


@pytest.fixture
def played(play, at_random, name):
    """Environment, two problems of eight clients, and two random episodes of each."""
    env, instances = preset(name).env, preset(name).generator(2, 8, torch.Generator().manual_seed(3))
    return env, instances, play(env, instances, 2, at_random(3))


def renumbered(instances, node, vehicle):
    """The same problems, where nodes and vehicles come in the order given."""
    number = node.argsort()  # old -> new
    changed = instances.clone()
    for key, values in instances.items():
        if key in BY_BOTH:
            changed[key] = values[:, vehicle][..., node]
        elif key in BY_NODE or key in ("locs", "demand"):
            changed[key] = values[:, node]
        elif key in BY_VEHICLE or key == "capacity":
            changed[key] = values[:, vehicle]
        elif key in ("distance", "duration"):
            changed[key] = values[:, node][..., node]
    if has(instances, "picked_up_at"):
        changed["picked_up_at"] = number[changed["picked_up_at"]]
    return changed, number


@every_preset
def test_other_numbers_of_the_clients_change_neither_masks_nor_costs(played):
    env, instances, episode = played
    fleet = fleet_size(instances)
    order = fleet + torch.randperm(8, generator=torch.Generator().manual_seed(1))
    node = torch.cat([torch.arange(fleet), order])
    changed, number = renumbered(instances, node, torch.arange(fleet))
    state = env.reset(changed, 2)
    for mask, action in zip(episode.masks, episode.actions.unbind(-1), strict=True):
        assert torch.equal(env.action_mask(changed, state), mask[..., node])
        state = env.step(changed, state, number[action])
    cost = env.cost(changed, number[episode.actions])
    assert torch.allclose(cost, env.cost(instances, episode.actions), rtol=1e-5)


@every_preset
def test_another_order_of_the_vehicles_changes_no_cost(played):
    env, instances, episode = played
    fleet = fleet_size(instances)
    vehicle = torch.arange(fleet).flip(0)
    node = torch.cat([vehicle, torch.arange(fleet, fleet + 8)])
    changed, number = renumbered(instances, node, vehicle)
    first = torch.full_like(episode.actions[..., :1], fleet - 1)  # the vehicle that begins has this number now
    actions = torch.cat([first, number[episode.actions]], dim=-1)
    assert torch.allclose(env.cost(changed, actions), env.cost(instances, episode.actions), rtol=1e-5)


@every_preset
def test_a_move_of_all_places_changes_no_cost(played):
    env, instances, episode = played
    moved = instances.clone()
    moved["locs"] = instances["locs"] + torch.tensor([3.0, -2.0])
    cost = env.cost(instances, episode.actions)
    assert torch.allclose(env.cost(moved, episode.actions), cost, rtol=1e-4)
    for row, problem in enumerate(to_problems(moved, env.objective)):
        report = nco.check(problem, episode.routes(row, 0))
        assert report.is_feasible(), report
        assert report.cost.total == pytest.approx(float(cost[row, 0] * instances["scale"][row]), rel=1e-4)


@every_preset
def test_another_unit_of_length_changes_the_cost_of_the_problem_by_its_factor(played):
    env, instances, episode = played
    scaled = instances.clone()
    scaled["scale"] = 7 * instances["scale"]
    pairs = zip(to_problems(instances, env.objective), to_problems(scaled, env.objective), strict=True)
    for row, (before, after) in enumerate(pairs):
        first, second = (nco.check(problem, episode.routes(row, 0)) for problem in (before, after))
        assert second.is_feasible(), second
        assert second.cost.total == pytest.approx(7 * first.cost.total)


@every_preset
def test_routes_driven_backwards_on_a_transposed_matrix_cost_the_same(played):
    env, instances, episode = played
    closed = instances.clone()
    if has(instances, "open"):
        closed["open"] = torch.zeros_like(instances["open"])
    cost, fleet = env.cost(closed, episode.actions), fleet_size(instances)
    if has(closed, "distance"):
        closed["distance"] = closed["distance"].transpose(-1, -2)
    for row in range(2):
        for rollout in range(2):
            trips = [[0]]
            for node in episode.actions[row, rollout].tolist():
                if node < fleet:
                    trips.append([node])
                else:
                    trips[-1].insert(1, node)  # the last client comes first
            backwards = torch.tensor([[[node for trip in trips for node in trip][1:]]])
            turned = env.cost(closed[row : row + 1], backwards)
            assert float(turned) == pytest.approx(float(cost[row, rollout]), rel=1e-5)
