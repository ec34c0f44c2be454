from dataclasses import replace

import numpy as np
import pytest

import nco
from nco.errors import ConfigError
from nco.pareto import spread
from nco.pareto.weights import checked, weighed


@pytest.mark.parametrize(("weight", "price"), [(0.2, 0.25), (0.5, 1.0), (0.8, 4.0)])
def test_a_weight_is_a_price_and_leaves_all_else_as_it_is(liked, weight, price):
    problem = weighed(liked, weight)
    assert problem.preference_weight == pytest.approx(price)
    assert replace(problem, preference_weight=0.0).vehicle_types == liked.vehicle_types


def test_the_best_routes_at_a_weight_are_those_at_its_price(liked):
    for routes in ([(1, 2), (3, 4)], [(1, 3), (2, 4)], [(1, 4), (2, 3)]):
        drivers = [nco.Route(visits, kind) for kind, visits in enumerate(routes)]
        cost = nco.check(weighed(liked, 0.3), drivers).cost
        dislike = cost.preference / (0.3 / 0.7)
        assert 0.7 * cost.total == pytest.approx(0.7 * cost.distance + 0.3 * dislike)


def test_at_the_ends_the_other_side_breaks_ties_only(liked):
    driving = nco.check(liked, [nco.Route((1, 2), 0), nco.Route((3, 4), 1)]).cost.total
    least, most = (weighed(liked, weight).preference_weight for weight in (0.0, 1.0))
    assert 0 < 4 * least < 1e-3 * driving
    assert most > 100 * driving


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_points_suit_any_unit_of_cost(liked, scale):
    vehicles = tuple(replace(vehicle, unit_distance_cost=scale) for vehicle in liked.vehicle_types)
    problem = replace(liked, vehicle_types=vehicles)
    prices = [weighed(problem, weight).preference_weight / scale for weight in spread(problem)]
    usual = [weighed(liked, weight).preference_weight for weight in spread(liked)]
    assert np.allclose(prices, usual, rtol=0.01)


def test_the_cost_of_time_counts_too(liked):
    vehicles = tuple(replace(v, unit_distance_cost=0.0, unit_duration_cost=3.0, speed=3.0) for v in liked.vehicle_types)
    assert spread(replace(liked, vehicle_types=vehicles)) == spread(liked)


def test_where_driving_is_free_the_weights_are_well_defined(liked):
    profiles = tuple(replace(profile, distance=np.zeros((5, 5))) for profile in liked.profiles)
    assert all(0 < weight < 1 for weight in spread(replace(liked, profiles=profiles))[1:-1])


@pytest.mark.parametrize("points", [2, 3, 8, 50])
def test_points_go_from_cost_only_to_preferences_only(liked, points):
    weights = spread(liked, points)
    assert len(weights) == points
    assert weights[0] == 0
    assert weights[-1] == 1
    assert list(weights) == sorted(set(weights))


def test_a_front_has_at_least_two_points(liked):
    with pytest.raises(ConfigError, match=r"C503 points: 1 is not allowed\. Give at least 2"):
        spread(liked, 1)


def test_weights_are_sorted_each_once():
    assert checked([0.5, 0.0, 0.5]) == (0.0, 0.5)


@pytest.mark.parametrize("weights", [[], [-0.1], [0.5, 1.1], [float("nan")]])
def test_weights_are_numbers_from_0_to_1(weights):
    with pytest.raises(ConfigError, match="C503 weights"):
        checked(weights)
