import numpy as np
import pytest

import nco
from nco import places
from nco.places import map_coordinates


def from_matrix(distance: np.ndarray) -> nco.Problem:
    model = nco.Model()
    model.add_depot()
    for _ in range(len(distance) - 1):
        model.add_client()
    model.add_vehicle_type()
    model.set_matrix(distance)
    return model.build()


def distances(xy: np.ndarray) -> np.ndarray:
    return np.linalg.norm(xy[:, None] - xy[None], axis=-1)


def test_coordinates_are_used_as_they_are(square):
    xy, derived = map_coordinates(square)
    assert not derived
    assert np.array_equal(xy, square.xy)


@pytest.mark.parametrize("landmarks", [400, 12])
def test_places_derived_from_distances_in_the_plane_keep_all_distances(monkeypatch, landmarks):
    monkeypatch.setattr(places, "LANDMARKS", landmarks)
    true = distances(np.random.default_rng(1).uniform(size=(40, 2)))
    xy, derived = map_coordinates(from_matrix(true))
    assert derived
    assert np.allclose(distances(xy), true, atol=1e-8)


def test_an_asymmetric_matrix_is_placed_by_the_mean_of_both_ways():
    true = distances(np.random.default_rng(2).uniform(size=(15, 2)))
    one_way = np.triu(0.1 * true) - np.tril(0.1 * true)
    assert np.allclose(map_coordinates(from_matrix(true + one_way))[0], map_coordinates(from_matrix(true))[0])


@pytest.mark.parametrize("size", [2, 3, 5])
def test_places_on_a_line_stay_on_a_line(size):
    true = distances(np.column_stack([np.arange(size), np.zeros(size)]))
    xy, _ = map_coordinates(from_matrix(true))
    assert np.allclose(distances(xy), true)
    assert np.allclose(xy[:, 1], 0)


def test_equal_places_give_one_point_not_an_error():
    assert np.array_equal(map_coordinates(from_matrix(np.zeros((4, 4))))[0], np.zeros((4, 2)))
