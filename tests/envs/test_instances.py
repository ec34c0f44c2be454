"""From a user's problem to tensors: exact where float32 can be, stricter than the checker elsewhere."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import nco
from nco.envs.constraints.capacity import Capacity
from nco.envs.generators.unified import completed
from nco.envs.instances import EXACT, arcs, from_problem, onward, symmetries, to_problems, way_home, whole_loads
from nco.envs.presets import preset, problems
from nco.envs.routing import RoutingEnv

derandomized = settings(max_examples=60, deadline=None, derandomize=True)


def problem_of(demands, capacity, xy=None) -> nco.Problem:
    model = nco.Model()
    model.add_depot(x=0, y=0)
    places = np.random.default_rng(1).uniform(size=(len(demands), 2)) if xy is None else xy
    for demand, (x, y) in zip(demands, places, strict=True):
        model.add_client(x=float(x), y=float(y), delivery=demand)
    model.add_vehicle_type(capacity=capacity)
    return model.build()


def instances_of(problem):
    return from_problem(problem, range(problem.num_clients))


def whole(demands, capacity):
    problem = problem_of(demands, capacity)
    (amounts, _), (limit,) = whole_loads(problem, np.arange(len(demands)))
    assert np.array_equal(amounts, amounts.round())
    assert limit == round(limit) <= EXACT
    return amounts.tolist(), limit


def test_whole_loads_stay_as_they_are():
    assert whole([3, 4, 5, 6], 10) == ([3, 4, 5, 6], 10)


def test_capacity_is_never_more_than_all_demands():
    assert whole([3, 4], 1e12) == ([3, 4], 7)


@derandomized
@given(tenths=st.lists(st.integers(0, 500), min_size=1, max_size=12), limit=st.integers(1, 800), data=st.data())
def test_the_same_clients_fit_together_whether_demands_are_whole_or_in_tenths(tenths, limit, data):
    tenths = [min(k, limit) for k in tenths]
    amounts, capacity = whole([k / 10 for k in tenths], limit / 10)
    together = data.draw(st.sets(st.sampled_from(range(len(tenths)))))
    assert (sum(amounts[k] for k in together) <= capacity) == (sum(tenths[k] for k in together) <= limit)


def test_ten_tenths_fill_a_vehicle_of_one():
    problem = problem_of([0.1] * 12, 1)
    instances, env = instances_of(problem), RoutingEnv([Capacity()])
    state = env.reset(instances, 1)
    for client in range(1, 11):
        assert env.action_mask(instances, state)[0, 0, client]
        state = env.step(instances, state, torch.tensor([[client]]))
    assert env.action_mask(instances, state)[0, 0].tolist() == [True] + [False] * 12
    assert "capacity" not in {v.rule for v in nco.check(problem, [list(range(1, 11))]).violations}


def test_decimals_from_single_precision_are_exact_too():
    demands = np.array([0.1, 0.2, 0.7], dtype=np.float32).tolist()
    assert whole(demands, 1) == ([1, 2, 7], 10)


def test_a_demand_above_the_capacity_by_less_than_the_checker_tolerates_fills_a_vehicle():
    demands, capacity = whole([10 * (1 + 1e-9), 10 * (1 + 9e-7), 3], 10)
    assert demands[0] == demands[1] == capacity
    assert demands[2] < capacity


def test_demands_beyond_single_precision_are_rounded_up():
    demands, capacity = whole([100_000_001, 300_000_000], 400_000_001)
    scale = 400_000_001 / capacity
    assert demands[0] * scale >= 100_000_001
    assert demands[1] * scale == pytest.approx(300_000_000, rel=1e-6)


def test_clients_without_demand_need_no_room():
    assert whole([0, 0, 5], 5) == ([0, 0, 5], 5)
    assert whole([0, 0], 5) == ([0, 0], 1)
    assert whole([0, 0], 0) == ([0, 0], 1)


def test_what_the_checker_lets_pass_without_any_capacity_fills_a_vehicle():
    assert whole([1e-7, 0, 5e-7], 0) == ([1, 0, 1], 1)


def test_without_a_capacity_everything_fits():
    problem = problem_of([(), (), ()], ())
    instances = instances_of(problem)
    assert instances["demand"].tolist() == [[0, 0, 0, 0]]
    assert instances["capacity"].tolist() == [[1]]


amount = st.floats(0, 1000, allow_subnormal=False)


@derandomized
@given(demands=st.lists(amount, min_size=1, max_size=10), capacity=st.floats(1e-3, 1000))
@example(demands=[np.pi, np.e, np.sqrt(2)], capacity=np.pi + np.sqrt(2))
@example(demands=[1e-9] * 10 + [1.0], capacity=1.0)
@example(demands=[1 + 5e-6] * 10, capacity=10.0)
@example(demands=[1e7 + 100] * 10, capacity=1e8)
def test_full_routes_under_the_mask_never_exceed_the_capacity_in_the_checker(play, nearest, demands, capacity):
    problem = problem_of([min(demand, capacity) for demand in demands], capacity)
    report = nco.check(problem, play(preset("cvrp").env, instances_of(problem), 1, nearest).routes(0, 0))
    assert report.is_feasible(), report


def test_coordinates_are_scaled_to_the_unit_square_with_one_factor():
    xy = [(30, 10), (-10, 0)]
    instances = instances_of(problem_of([1, 1], 2, xy))
    assert instances["scale"].tolist() == [40]
    assert torch.allclose(instances["locs"], torch.tensor([[[0.25, 0.0], [1.0, 0.25], [0.0, 0.0]]]))


def test_costs_come_back_in_the_unit_of_the_problem(play, at_random):
    problem = problem_of([1] * 8, 3, np.random.default_rng(2).uniform(-500, 3000, size=(8, 2)))
    instances, env = instances_of(problem), preset("cvrp").env
    episode = play(env, instances, 3, at_random(1))
    cost = env.cost(instances, episode.actions) * instances["scale"]
    for rollout in range(3):
        assert float(cost[0, rollout]) == pytest.approx(nco.check(problem, episode.routes(0, rollout)).cost.total)


def test_clients_all_at_one_place_cost_nothing(play, at_random):
    instances, env = instances_of(problem_of([1, 1, 1], 2, [(0, 0)] * 3)), preset("cvrp").env
    assert instances["scale"].tolist() == [1]
    assert env.cost(instances, play(env, instances, 1, at_random(1)).actions).tolist() == [[0]]


def test_rounded_distances_are_kept():
    model = nco.Model(rounding="round")
    model.add_depot(x=0, y=0)
    model.add_client(x=10, y=10)
    model.add_vehicle_type()
    instances = instances_of(model.build())
    assert instances["distance"][0, 0, 1] * instances["scale"][0] == 14


def matrix_problem(matrix, **vehicle):
    model = nco.Model()
    model.add_depot()
    for _ in range(len(matrix) - 1):
        model.add_client(delivery=1)
    model.add_vehicle_type(capacity=10, **vehicle)
    model.set_matrix(matrix)
    return model


def test_a_problem_with_a_matrix_only_gets_places_and_keeps_its_distances():
    xy = np.random.default_rng(3).uniform(size=(9, 2))
    matrix = 100 * np.linalg.norm(xy[:, None] - xy[None], axis=-1)
    matrix[1, 2] += 50  # one way
    instances = instances_of(matrix_problem(matrix).build())
    assert instances["locs"].min() == 0
    assert instances["locs"].max() == 1
    assert torch.allclose(instances["distance"][0].double() * instances["scale"], torch.from_numpy(matrix), rtol=1e-6)


def test_distances_are_those_of_the_profile_that_the_vehicle_has():
    near, far = np.ones((3, 3)) - np.eye(3), 7 * (np.ones((3, 3)) - np.eye(3))
    problem = nco.Problem(
        (nco.Depot(0, 0),),
        (nco.Client(0, 1), nco.Client(1, 0)),
        (nco.VehicleType(profile=1),),
        (nco.Profile(distance=near), nco.Profile(distance=far)),
    )
    instances = instances_of(problem)
    assert instances["distance"][0, 0, 1] * instances["scale"][0] == 7


def test_some_clients_only_are_numbered_in_the_order_given():
    problem = problem_of([1, 2, 3, 4, 5], 9, [(k, 0) for k in (10, 20, 30, 40, 50)])
    instances = from_problem(problem, [3, 1])
    assert instances["demand"].tolist() == [[0, 4, 2]]
    assert instances["capacity"].tolist() == [[6]]
    assert torch.allclose(instances["locs"][0, :, 0], torch.tensor([0.0, 1.0, 0.5]))
    assert torch.allclose(instances["distance"][0, 0] * instances["scale"], torch.tensor([0.0, 40.0, 20.0]))


def test_generated_problems_survive_the_way_through_a_problem_and_back():
    instances = preset("cvrp").generator(3, 12, torch.Generator().manual_seed(1))
    for k, problem in enumerate(to_problems(instances)):
        back = instances_of(problem)
        places = back["locs"] * back["scale"]
        original = instances["locs"][k] - instances["locs"][k].amin(dim=0)
        assert torch.equal(back["demand"][0], instances["demand"][k])
        assert back["capacity"][0] == instances["capacity"][k]
        assert torch.allclose(places[0], original, atol=1e-6)


def test_the_shift_of_a_vehicle_on_an_open_route_is_the_time_the_depot_is_open():
    (problem,) = to_problems(preset("ovrptw").generator(1, 5, torch.Generator().manual_seed(1)))
    assert problem.vehicle_types[0].tw == problem.depots[0].tw
    assert problem.vehicle_types[0].end_depot is None


@pytest.mark.parametrize("keys", [(), ("distance",)])
def test_arcs_rows_and_ways_home_agree_with_and_without_a_matrix(keys):
    instances = preset("ovrp").generator(4, 6, torch.Generator().manual_seed(1)).select("locs", "capacity", *keys)
    every = torch.arange(7).expand(4, -1)
    origin, destination = every[:, :, None].expand(-1, -1, 7), every[:, None].expand(-1, 7, -1)
    expected = torch.cdist(instances["locs"], instances["locs"])
    assert torch.allclose(arcs(instances, origin, destination, 0 * origin, "distance"), expected, atol=1e-5)
    assert torch.allclose(onward(instances, every, 0 * every, "distance"), expected, atol=1e-5)
    assert torch.allclose(way_home(instances, "distance")[:, 0], expected[..., 0], atol=1e-5)


def test_arcs_and_rows_of_a_matrix_go_in_the_direction_of_travel():
    instances = preset("cvrp").generator(1, 2, torch.Generator().manual_seed(1))
    instances["distance"] = torch.tensor([[[0.0, 1.0, 2.0], [3.0, 0.0, 4.0], [5.0, 6.0, 0.0]]])
    origin, destination = torch.tensor([[0, 2]]), torch.tensor([[1, 0]])
    assert arcs(instances, origin, destination, 0 * origin, "distance").tolist() == [[1, 5]]
    assert onward(instances, torch.tensor([[1]]), torch.tensor([[0]]), "distance").tolist() == [[[3, 0, 4]]]
    assert way_home(instances, "distance").tolist() == [[[0, 3, 5]]]


def test_every_vehicle_has_its_own_matrix_when_there_is_one_for_each():
    instances = preset("hcvrp").generator(1, 1, torch.Generator().manual_seed(1))
    matrix = torch.arange(5.0).view(1, 5, 1, 1) + torch.arange(6.0).view(1, 1, 6, 1) * 10 + torch.arange(6.0) * 100
    instances["distance"] = matrix
    origin, destination, vehicle = torch.tensor([[5, 0, 5]]), torch.tensor([[0, 5, 1]]), torch.tensor([[0, 3, 1]])
    assert arcs(instances, origin, destination, vehicle, "distance").tolist() == [[50, 503, 151]]
    assert torch.equal(onward(instances, origin, vehicle, "distance")[0, 2], matrix[0, 1, 5])
    assert way_home(instances, "distance")[0, :, 5].tolist() == [50, 151, 252, 353, 454]


def test_symmetries_are_the_eight_maps_of_the_square():
    corner = instances_of(problem_of([1, 1], 2, [(1, 1), (0.25, 0.5)])).select("locs")
    places = {tuple(copy) for copy in symmetries(corner)["locs"][:, 2].tolist()}
    assert places == {(0.25, 0.5), (0.5, 0.25), (0.75, 0.5), (0.5, 0.75)}
    assert len({tuple(copy) for copy in symmetries(corner)["locs"].flatten(1).tolist()}) == 8


def test_symmetries_keep_the_matrix():
    instances = instances_of(matrix_problem(np.array([[0, 1, 5], [2, 0, 1], [9, 3, 0]])).build())
    copies = symmetries(instances)
    assert copies.batch_size == (8,)
    assert all(torch.equal(copies["distance"][k], instances["distance"][0]) for k in range(8))


@pytest.mark.parametrize("name", ["cvrp", "vrptw", "vrpb", "vrpmb", "ovrpl", "mdovrpbltw", "rcvrptw"])
def test_what_the_unified_environment_does_with_a_problem_is_accepted_at_its_cost(play, at_random, name):
    (problem,) = problems(name, 12, 1, seed=4)
    instances, env = completed(instances_of(problem)), preset("unified").env
    episode = play(env, instances, 3, at_random(1))
    for rollout, cost in enumerate(env.cost(instances, episode.actions)[0].tolist()):
        report = nco.check(problem, episode.routes(0, rollout))
        assert report.is_feasible(), report
        assert report.cost.total == pytest.approx(cost * float(instances["scale"][0]), rel=1e-5)


def test_distances_and_times_are_on_average_what_straight_lines_are():
    (problem,) = problems("rcvrptw", 12, 1, seed=4)
    instances = instances_of(problem)
    straight = torch.cdist(instances["locs"], instances["locs"]).mean()
    assert instances["locs"].max() == 1
    for key in ("distance", "duration"):
        assert instances[key].mean() == pytest.approx(float(straight), rel=1e-5)
