"""Whole numbers: when nothing is lost, and that what is lost is lost on the safe side."""

import math

import numpy as np
import pytest

from nco.solvers.scale import ROOM, Scale, at, is_whole, pool, power_below, priced_scales, scale


@pytest.mark.parametrize(
    ("values", "factor"), [([3.0, 40.0], 1), ([0.1, 2.5], 10), ([0.25], 100), ([1.001, 7.0], 1000), ([0.0], 1)]
)
def test_short_decimals_become_whole_without_loss(values, factor):
    assert scale(np.array(values), 9) == Scale(factor, True)


def test_numbers_with_many_decimals_get_the_largest_factor():
    assert scale(np.array([1 / 3]), 9) == Scale(1e9, False)


def test_numbers_too_large_to_sum_get_a_factor_below_one():
    assert scale(np.array([1e12 + 1]), power_below(ROOM, 1e15)) == Scale(0.01, False)


@pytest.mark.parametrize("value", [0.1 + 0.2, 0.7 * 10, 3 * 1.1])
def test_rounding_in_the_last_bits_does_not_hide_a_decimal(value):
    assert scale(np.array([value]), 9).exact


def test_large_numbers_with_a_fraction_are_not_whole():
    assert is_whole(np.array([1e9]))
    assert not is_whole(np.array([1e9 + 0.3]))


def test_exact_values_are_taken_as_they_are():
    unit = Scale(10.0, True)
    assert unit.up([0.1, 0.3, 1.0]).tolist() == [1, 3, 10]
    assert unit.limit(2.9, math.inf) == 29
    assert unit.closing([0.3, math.inf], 5.0).tolist() == [3, 50]


def test_an_exact_limit_between_two_whole_numbers_is_rounded_down():
    assert Scale(1.0, True).limit(2.5, math.inf) == 2


@pytest.mark.parametrize("seed", range(20))
def test_a_sum_that_keeps_the_limit_in_whole_numbers_keeps_it_in_the_users(seed):
    rng = np.random.default_rng(seed)
    values, limit = rng.random(50), 25 * rng.random()
    unit = scale(pool([values, limit]), power_below(ROOM, 50.0))
    kept = np.cumsum(unit.up(values)) <= unit.limit(limit, 50.0)
    assert not unit.exact
    assert (np.cumsum(values)[kept] <= limit + 1e-6 * max(1.0, limit)).all()
    assert (np.cumsum(values)[~kept] > limit - 1e-6).all()


def test_a_limit_that_is_met_exactly_stays_met():
    values = np.array([1 / 3, 1 / 7, 1 / 11])
    unit = scale(values, 9)
    assert unit.up(values).sum() <= unit.limit(values.sum(), 10.0)


def test_infinity_becomes_the_largest_value():
    assert Scale(10.0, True).limit(math.inf, 7.0) == 70


def test_a_finer_scale_is_finer_by_powers_of_ten_within_the_room():
    assert Scale(1.0, True).finer(45.0, 100.0) == Scale(100.0, True)
    assert Scale(1.0, True).finer(1e9, 1e10) == Scale(1000.0, True)
    assert Scale(1.0, True).finer(0.1, 1.0) == Scale(1.0, True)


@pytest.mark.parametrize("prices", [[1.0], [2.0, 3.0], [0.5], [1 / 3], [0.37, 1.9], [0.1234567, 7.654321]])
@pytest.mark.parametrize("times", [[1.0, 5.0], [0.5], [1 / 7]])
def test_a_unit_of_time_has_whole_prices(prices, times):
    cost, time = priced_scales(np.array([1.0, 4.0]), np.array(times), np.array(prices), 9, 1e3)
    for price in prices:
        whole = price * cost.factor / time.factor
        assert round(whole) >= 1
        assert round(whole) == pytest.approx(whole, rel=1e-6)


def test_whole_prices_and_times_cost_no_precision():
    cost, time = priced_scales(np.array([1.5]), np.array([10.0]), np.array([0.25]), 12, 1e3)
    assert (cost, time) == (Scale(100.0, True), Scale(1.0, True))


def test_the_sums_of_times_stay_within_the_room():
    _, time = priced_scales(np.array([0.0]), np.array([1 / 3]), np.array([1e5]), 13, 1e3)
    assert time.factor * 1e3 <= ROOM


def test_a_scale_knows_whether_it_is_exact():
    assert at(10.0, np.array([0.1])).exact
    assert not at(1.0, np.array([0.1])).exact


def test_infinite_values_do_not_count():
    assert pool([[1.0, math.inf], 2.0]).tolist() == [0, 1, 2]
