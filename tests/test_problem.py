"""The problem: arrays, distances, names."""

import math
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nco
from nco.rounding import ROUNDINGS


@pytest.fixture
def small() -> nco.Problem:
    return nco.Problem(
        depots=(nco.Depot(0, 0, tw=(0, 50), name="yard"), nco.Depot(10, 0)),
        clients=(
            nco.Client(3, 4, delivery=(5, 1), tw=(2, 9), service=3, name="bakery"),
            nco.Client(6, 8, pickup=(2,), required=False, prize=7),
        ),
        vehicle_types=(nco.VehicleType(capacity=(10, 4)),),
    )


def test_locations_are_depots_then_clients(small: nco.Problem) -> None:
    assert (small.num_depots, small.num_clients, small.num_locations) == (2, 2, 4)
    assert small.xy.tolist() == [[0, 0], [10, 0], [3, 4], [6, 8]]
    assert small.places == (*small.depots, *small.clients)


def test_arrays_follow_the_locations(small: nco.Problem) -> None:
    assert small.tw.tolist() == [[0, 50], [0, math.inf], [2, 9], [0, math.inf]]
    assert small.service.tolist() == [0, 0, 3, 0]
    assert small.required.tolist() == [True, False]
    assert small.prizes.tolist() == [0, 7]


def test_loads_are_padded_with_zeros(small: nco.Problem) -> None:
    assert small.num_load_dimensions == 2
    assert small.delivery.tolist() == [[5, 1], [0, 0]]
    assert small.pickup.tolist() == [[0, 0], [2, 0]]


def test_shipments_are_found_at_their_clients() -> None:
    clients = tuple(nco.Client(k, 0) for k in range(4))
    shipments = (nco.Shipment(2, 0, (3,)), nco.Shipment(1, 3))
    problem = nco.Problem((nco.Depot(0, 0),), clients, (nco.VehicleType(capacity=(5, 5)),), shipments=shipments)
    assert problem.shipment_at == {3: 0, 1: 0, 2: 1, 4: 1}
    assert problem.shipment_load.tolist() == [[3, 0], [0, 0]]


def test_distances_are_euclidean_and_broadcast(small: nco.Problem) -> None:
    assert small.distance(0, 2) == 5
    assert small.distance([0, 0], [2, 3]).tolist() == [5, 10]
    assert small.distance([[0], [2]], [[2, 3]]).tolist() == [[5, 10], [0, 5]]
    assert small.distance_matrix().shape == (4, 4)
    assert not np.diagonal(small.distance_matrix()).any()


def test_durations_are_the_distances_unless_given(small: nco.Problem) -> None:
    assert np.array_equal(small.duration_matrix(), small.distance_matrix())
    slow = 3 * small.distance_matrix()
    timed = replace(small, profiles=(nco.Profile(duration=slow),))
    assert timed.duration(0, 2) == 15
    assert timed.distance(0, 2) == 5
    assert np.array_equal(timed.duration_matrix(), slow)


def test_a_distance_matrix_counts_for_distance_and_duration(small: nco.Problem) -> None:
    matrix = np.arange(16.0).reshape(4, 4) * (1 - np.eye(4))
    problem = replace(small, profiles=(nco.Profile(), nco.Profile(distance=matrix)))
    assert problem.distance(1, 2, profile=1) == 6
    assert problem.duration(2, 1, profile=1) == 9
    assert problem.distance(1, 2) == math.hypot(7, 4)
    assert problem.distance_matrix(1) is problem.profiles[1].distance


def test_rounding_does_not_touch_a_given_matrix(small: nco.Problem) -> None:
    matrix = 0.5 * (1 - np.eye(4))
    assert replace(small, rounding="round", profiles=(nco.Profile(distance=matrix),)).distance(0, 1) == 0.5


@pytest.mark.parametrize("kind", [np.float32, np.int64, list])
def test_matrices_are_kept_in_double_precision(kind: type, small: nco.Problem) -> None:
    matrix = np.ones((4, 4)) - np.eye(4)
    given = matrix.tolist() if kind is list else matrix.astype(kind)
    profile = nco.Profile(distance=given, preference=given[0][:2], allowed=[True, False])  # type: ignore[arg-type]
    assert profile.distance is not None
    assert profile.preference is not None
    assert profile.allowed is not None
    assert (profile.distance.dtype, profile.preference.dtype) == (np.float64, np.float64)
    assert profile.allowed.dtype == np.bool_


def test_an_array_in_double_precision_is_not_copied() -> None:
    matrix = np.zeros((4, 4))
    assert nco.Profile(distance=matrix).distance is matrix


@given(st.integers(1, 1000), st.integers(1, 1000), st.integers(1, 1000))
@example(2, 999, 429)
def test_whole_distances_are_exact_under_every_rounding(m: int, n: int, scale: int) -> None:
    x, y, z = scale * abs(m * m - n * n), scale * 2 * m * n, scale * (m * m + n * n)  # x^2 + y^2 = z^2
    for rounding in ROUNDINGS:
        problem = nco.Problem(
            (nco.Depot(0, 0),),
            (nco.Client(x, y),),
            (nco.VehicleType(),),
            rounding=rounding,  # type: ignore[arg-type]
        )
        assert problem.distance(0, 1) == z


def test_without_coordinates_a_matrix_is_enough() -> None:
    matrix = np.array([[0.0, 1], [2, 0]])
    problem = nco.Problem((nco.Depot(),), (nco.Client(),), (nco.VehicleType(),), (nco.Profile(distance=matrix),))
    assert not problem.has_coordinates
    assert problem.distance(1, 0) == 2


def test_a_label_is_the_name_or_the_number(small: nco.Problem) -> None:
    assert [small.label(k) for k in range(4)] == ["yard", "depot 1", "bakery", "3"]


def test_a_problem_cannot_be_changed(small: nco.Problem) -> None:
    with pytest.raises(FrozenInstanceError):
        small.rounding = "round"  # type: ignore[misc]


def test_its_text_says_what_it_is(small: nco.Problem) -> None:
    expected = "Problem('day', 2 depots, 2 clients, 1 vehicle types, rounding='none')"
    assert repr(replace(small, name="day")) == expected
