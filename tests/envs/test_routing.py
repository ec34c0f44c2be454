from itertools import permutations

import pytest
import torch
from tensordict import TensorDict

from nco.envs.constraints.capacity import Capacity
from nco.envs.constraints.load import Load
from nco.envs.constraints.precedence import Precedence
from nco.envs.constraints.route_limit import RouteLimit
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv, split_routes
from nco.errors import ConfigError


@pytest.fixture
def line() -> TensorDict:
    """Depot and three clients on a line, one apart from the next; two fit in a vehicle."""
    return TensorDict(
        {
            "locs": torch.tensor([[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]]),
            "demand": torch.tensor([[0.0, 1.0, 1.0, 1.0]]),
            "capacity": torch.tensor([[2.0]]),
            "scale": torch.tensor([1.0]),
        },
        batch_size=[1],
    )


def follow(env, instances, actions):
    state = env.reset(instances, 1)
    for action in actions:
        state = env.step(instances, state, torch.tensor([[action]]))
    return state


@pytest.mark.parametrize(
    ("actions", "mask"),
    [
        ([], [0, 1, 1, 1]),
        ([2], [1, 1, 0, 1]),
        ([2, 1], [1, 0, 0, 0]),
        ([2, 1, 0], [0, 0, 0, 1]),
        ([2, 1, 0, 3], [1, 0, 0, 0]),
        ([2, 1, 0, 3, 0], [1, 0, 0, 0]),
    ],
)
def test_a_vehicle_serves_what_fits_and_refills_at_the_depot(line, actions, mask):
    env = RoutingEnv([Capacity()])
    assert env.action_mask(line, follow(env, line, actions)).int().tolist() == [[mask]]


def test_an_episode_is_done_when_the_last_client_is_served(line):
    env = RoutingEnv([Capacity()])
    done = [bool(env.done(follow(env, line, [1, 0, 2, 3][:k]))) for k in range(5)]
    assert done == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("actions", "cost"),
    [([1, 2, 0, 3], 10.0), ([1, 2, 0, 3, 0, 0], 10.0), ([1, 0, 2, 0, 3], 12.0), ([3, 0, 2, 1], 10.0)],
)
def test_cost_is_the_distance_with_all_ways_home(line, actions, cost):
    env = RoutingEnv([Capacity()])
    assert env.cost(line, torch.tensor([[actions]])).tolist() == [[cost]]


def test_ways_home_are_free_on_open_routes(line):
    env = RoutingEnv([Capacity()])
    actions = torch.tensor([[[1, 2, 0, 3]]])
    both = torch.cat([line, line])
    both["open"] = torch.tensor([[False], [True]])
    assert env.cost(both, actions.expand(2, 1, -1)).tolist() == [[10.0], [5.0]]


def test_cost_follows_an_asymmetric_matrix_in_the_direction_of_travel(line):
    env = RoutingEnv([Capacity()])
    line["distance"] = torch.arange(16.0).reshape(1, 4, 4)
    actions = torch.tensor([[[1, 2, 0, 3]]])
    assert env.cost(line, actions).item() == 1 + 6 + 8 + 3 + 12


@pytest.fixture
def fleet() -> TensorDict:
    """Two vehicles at the left end of a line (nodes 0, 1) and three clients (2, 3, 4); the second holds only one."""
    return TensorDict(
        {
            "locs": torch.tensor([[[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]]),
            "demand": torch.tensor([[0.0, 0.0, 1.0, 1.0, 2.0]]),
            "capacity": torch.tensor([[2.0, 1.0]]),
            "scale": torch.tensor([1.0]),
        },
        batch_size=[1],
    )


@pytest.mark.parametrize(
    ("actions", "mask"),
    [
        ([], [0, 1, 1, 1, 1]),
        ([1], [0, 0, 1, 1, 0]),  # no change back and forth
        ([1, 2], [0, 1, 0, 0, 0]),
        ([1, 2, 1], [1, 0, 0, 1, 0]),
        ([1, 2, 1, 3, 1], [1, 0, 0, 0, 0]),  # the client that is left is too large for the second vehicle
        ([1, 2, 1, 3, 1, 0], [0, 0, 0, 0, 1]),
        ([1, 2, 1, 3, 1, 0, 4], [1, 0, 0, 0, 0]),
    ],
)
def test_at_the_depot_the_action_chooses_the_vehicle_that_goes_next(fleet, actions, mask):
    env = RoutingEnv([Capacity()])
    assert env.action_mask(fleet, follow(env, fleet, actions)).int().tolist() == [[mask]]


def test_a_limited_fleet_ends_when_nobody_that_is_left_can_serve_the_rest(fleet):
    env = RoutingEnv([Capacity()])
    fleet["available"] = torch.tensor([[1.0, 1.0]])
    state = follow(env, fleet, [2, 3, 0, 1])
    assert env.action_mask(fleet, state)[0, 0].int().tolist() == [0, 1, 0, 0, 0]
    assert not env.done(state)
    assert env.done(env.step(fleet, state, torch.tensor([[1]])))


@pytest.mark.parametrize(
    ("prices", "cost"),
    [
        ({}, 4 + 6),
        ({"unit_cost": [2.0, 3.0]}, 2 * 6 + 3 * 4),
        ({"fixed_cost": [10.0, 100.0]}, 4 + 6 + 10 + 100),
        ({"penalty": [[0.0, 0.0, 0.1, 0.2, 0.4], [0.0, 0.0, 1.0, 2.0, 4.0]]}, 10 + 2.0 + 0.4),
    ],
)
def test_every_vehicle_has_its_own_prices(fleet, prices, cost):
    fleet.update({key: torch.tensor([values]) for key, values in prices.items()})
    actions = torch.tensor([[[1, 3, 1, 0, 4]]])
    assert RoutingEnv([Capacity()]).cost(fleet, actions).item() == pytest.approx(cost)


def test_the_largest_cost_of_a_vehicle_counts_when_that_is_the_objective(fleet):
    actions = torch.tensor([[[2, 0, 4, 0, 1, 3]]])
    assert RoutingEnv([Capacity()]).cost(fleet, actions).item() == 2 + 6 + 4
    assert RoutingEnv([Capacity()], "max").cost(fleet, actions).item() == 2 + 6


def test_a_pickup_needs_room_once_the_deliveries_before_it_are_gone(line):
    env = RoutingEnv([Load()])
    line["demand"] = torch.tensor([[0.0, 2.0, 0.0, 1.0]])
    line["pickup"] = torch.tensor([[0.0, 0.0, 2.0, 0.0]])
    allowed = {tuple(a): env.action_mask(line, follow(env, line, a))[0, 0, 1:].int().tolist() for a in ([], [1], [2])}
    assert allowed == {(): [1, 1, 1], (1,): [0, 1, 0], (2,): [0, 0, 0]}


def test_the_orders_that_precedence_allows_are_those_with_every_pickup_before_its_delivery():
    env, instances = preset("pdp").env, preset("pdp").generator(1, 4, torch.Generator().manual_seed(1))
    prefixes = [[]]
    for _ in range(4):
        masks = [env.action_mask(instances, follow(env, instances, prefix))[0, 0] for prefix in prefixes]
        prefixes = [
            [*prefix, k] for prefix, mask in zip(prefixes, masks, strict=True) for k in mask.nonzero()[:, 0].tolist()
        ]
    expected = [
        order
        for order in permutations([1, 2, 3, 4])
        if order.index(1) < order.index(3) and order.index(2) < order.index(4)
    ]
    assert sorted(map(tuple, prefixes)) == expected


def test_a_vehicle_goes_home_only_when_nothing_is_aboard():
    env, instances = RoutingEnv([Precedence()]), preset("pdp").generator(1, 4, torch.Generator().manual_seed(1))
    del instances["available"]
    home = [bool(env.action_mask(instances, follow(env, instances, [1, 3, 2, 4][:k]))[0, 0, 0]) for k in range(5)]
    assert home == [False, False, True, False, True]


def test_staying_at_the_depot_ends_the_episode_once_all_that_is_left_is_optional(line):
    env = RoutingEnv([Capacity()])
    line["prize"] = torch.tensor([[torch.inf, 0.5, torch.inf, 0.25]])
    may_stay = [bool(env.action_mask(line, follow(env, line, [1, 0, 2, 0][:k]))[0, 0, 0]) for k in range(5)]
    assert may_stay == [False, True, False, True, True]
    state = follow(env, line, [2, 0, 0])
    assert env.done(state)
    assert env.action_mask(line, state)[0, 0].int().tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(("actions", "cost"), [([2, 0, 0], 4.75), ([1, 2, 0, 3], 10.0), ([2, 3], 6.5)])
def test_optional_clients_that_are_left_out_cost_their_prizes(line, actions, cost):
    line["prize"] = torch.tensor([[torch.inf, 0.5, torch.inf, 0.25]])
    assert RoutingEnv([Capacity()]).cost(line, torch.tensor([[actions]])).item() == cost


def test_the_limit_of_a_vehicle_that_reloads_is_one_for_all_its_trips(fleet):
    env = RoutingEnv([Capacity(), RouteLimit()])
    more = {"max_distance": [[6.5, 6.5]], "reloads": [[True, False]], "available": [[1.0, 1.0]]}
    fleet.update({key: torch.tensor(values) for key, values in more.items()})
    masks = [env.action_mask(fleet, follow(env, fleet, [2, 0, 3, 0, 1, 3][:k]))[0, 0].int().tolist() for k in range(6)]
    assert masks[2] == [0, 1, 0, 1, 0]  # 2 of 6.5 are driven: the farthest client, 6 away and back, is out of reach
    assert masks[4] == [1, 0, 0, 0, 0]  # and too large for the other vehicle: nobody can serve it any more
    assert env.features(fleet, follow(env, fleet, [2, 0, 3, 0]))[0, 0, 1] == pytest.approx(1 - 6 / 6.5)


def test_vehicles_that_reload_within_limits_have_to_be_counted(fleet):
    fleet["max_distance"], fleet["reloads"] = torch.tensor([[9.0, 9.0]]), torch.tensor([[True, True]])
    with pytest.raises(ConfigError, match=r"C503 available: .* Give available = 1"):
        RoutingEnv([RouteLimit()]).reset(fleet, 1)


def test_a_vehicle_that_is_left_for_another_does_not_set_out_again(fleet):
    env = RoutingEnv([Capacity(), RouteLimit()])
    more = {"max_distance": [[9.0, 9.0]], "reloads": [[True, True]], "available": [[1.0, 1.0]]}
    fleet.update({key: torch.tensor(values) for key, values in more.items()})
    state = follow(env, fleet, [2, 0, 1, 3, 1])
    assert env.action_mask(fleet, state)[0, 0].int().tolist() == [0, 1, 0, 0, 0]


def test_a_route_for_every_client_is_the_longest_episode(line):
    env = RoutingEnv([Capacity()])
    longest = [1, 0, 2, 0, 3, 0]
    assert len(longest) == env.max_steps(line)
    assert env.done(follow(env, line, longest))


@pytest.mark.parametrize(
    ("path", "routes"),
    [
        ([], []),
        ([0, 0], []),
        ([1], [[1]]),
        ([1, 2, 0, 3], [[1, 2], [3]]),
        ([0, 1, 0, 0, 2, 0, 0], [[1], [2]]),
    ],
)
def test_a_path_splits_into_routes_at_the_depot(path, routes):
    assert split_routes(path) == routes
