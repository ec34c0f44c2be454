"""The limit of a route's duration: time at home does not count, time on the road does."""

import pytest
import torch
from tensordict import TensorDict

import nco
from nco.envs.constraints.capacity import Capacity
from nco.envs.constraints.duration_limit import DurationLimit
from nco.envs.constraints.time_windows import TimeWindows
from nco.envs.instances import to_problems, to_routes
from nco.envs.routing import RoutingEnv

ENV = RoutingEnv([Capacity(), TimeWindows(), DurationLimit()])


@pytest.fixture
def day() -> TensorDict:
    """Depot and three clients on a line, one apart from the next: the first opens at 5, the others from 9 on."""
    return TensorDict(
        {
            "locs": torch.tensor([[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]]),
            "demand": torch.zeros(1, 4),
            "capacity": torch.ones(1, 1),
            "opens": torch.tensor([[0.0, 5.0, 9.0, 9.0]]),
            "closes": torch.tensor([[20.0, 6.0, 20.0, 20.0]]),
            "service": torch.tensor([[0.0, 0.5, 0.5, 0.5]]),
            "max_duration": torch.tensor([[6.75]]),
            "scale": torch.ones(1),
        },
        batch_size=[1],
    )


def allowed(instances, path):
    state = ENV.reset(instances, 1)
    for node in path:
        state = ENV.step(instances, state, torch.tensor([[node]]))
    return ENV.action_mask(instances, state)[0, 0].int().tolist()


def test_a_vehicle_waits_at_home_as_long_as_that_costs_nothing(day):
    assert allowed(day, []) == [0, 1, 1, 1]  # the last two open long after anybody could have been there
    day["max_duration"] = torch.tensor([[6.25]])
    assert allowed(day, []) == [0, 1, 1, 0]  # six to drive and half a unit to serve


def test_waiting_between_two_windows_counts(day):
    assert allowed(day, [1]) == [1, 0, 1, 0]  # from 5, as the first closes at 6, to 11.5
    day["max_duration"] = torch.tensor([[6.25]])
    assert allowed(day, [1]) == [1, 0, 0, 0]


def test_one_limit_holds_for_all_trips_of_a_vehicle_that_reloads(day):
    day["reloads"], day["available"] = torch.ones(1, 1, dtype=torch.bool), torch.ones(1, 1)
    day["prize"] = torch.full((1, 4), torch.inf)
    day["prize"][:, 2:] = 99.0
    assert allowed(day, [1, 0])[1:] == [0, 0, 0]
    day["max_duration"] = torch.tensor([[7.25]])
    assert allowed(day, [1, 0])[1:] == [0, 1, 0]
    (problem,) = to_problems(day)
    for last, feasible in ((2, True), (3, False)):
        assert nco.check(problem, to_routes(day, [1, 0, last])).is_feasible() == feasible


def test_a_policy_sees_how_much_of_the_limit_is_left(day):
    state = ENV.step(day, ENV.reset(day, 1), torch.tensor([[2]]))
    assert ENV.features(day, state)[0, 0, -1] == pytest.approx(1 - 2.5 / 6.75)
