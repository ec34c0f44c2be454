"""Reach: shortest ways, and the first rule that no route can keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nco
from nco.reach import Reach, shortest


@given(st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_shortest_ways_are_those_of_floyd_and_warshall(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    legs = rng.integers(0, 30, (size, size)).astype(float)
    np.fill_diagonal(legs, 0)
    expected = legs.copy()
    for k in range(size):
        expected = np.minimum(expected, expected[:, [k]] + expected[[k], :])
    for origin in range(size):
        assert np.array_equal(shortest(lambda k: legs[k], origin, size), expected[origin])


@pytest.fixture
def delivered() -> nco.Problem:
    """A sender 10 to the east, a receiver 10 to the north, two depots."""
    model = nco.Model()
    model.add_depot(0, 0, tw=(0, 100))
    model.add_depot(0, 20)
    model.add_client(10, 0)
    model.add_client(0, 10)
    model.add_shipment(0, 1, 3)
    model.add_vehicle_type(capacity=3, end_depot=1)
    model.add_vehicle_type(capacity=3, end_depot=None, max_distance=24)
    model.add_vehicle_type(capacity=3, tw=(90, 200))
    return model.build()


def test_a_pickup_and_its_delivery_are_driven_between_the_depots(delivered: nco.Problem) -> None:
    assert Reach(delivered, delivered.vehicle_types[0]).failure((0, 1)) is None


def test_the_amount_is_that_of_the_best_case(delivered: nco.Problem) -> None:
    far = Reach(delivered, delivered.vehicle_types[1]).failure((0, 1))
    assert far is not None
    assert (far.rule, far.location) == ("max_distance", None)
    assert far.amount == pytest.approx(10 + 200**0.5 - 24)


def test_the_place_is_one_of_the_problem(delivered: nco.Problem) -> None:
    late = Reach(delivered, delivered.vehicle_types[2]).failure((0, 1))
    assert late is not None
    assert (late.rule, late.location) == ("time_windows", 0)  # back at the depot, which closes at 100
    assert late.amount == pytest.approx(90 + 20 + 200**0.5 - 100)
