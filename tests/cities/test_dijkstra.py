"""Fastest ways on the road graph against a plain computation on the town as it was drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import ISLAND, Town

from nco.cities.dijkstra import fastest, paths
from nco.cities.extract import read_roads
from nco.cities.geometry import haversine
from nco.cities.places import anchor
from nco.errors import RoadsError

STRETCHES = sorted({(min(pair), max(pair)) for pair in Town().segments()} - {ISLAND})
SPOTS = st.tuples(st.sampled_from(STRETCHES), st.floats(0.02, 0.98)).map(lambda spot: (*spot[0], spot[1]))


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    return read_roads(Town().write(tmp_path_factory.mktemp("town") / "town.osm")).connected()


@settings(max_examples=60, deadline=None)
@given(spots=st.lists(SPOTS, min_size=2, max_size=6))
def test_matrices_are_those_of_a_plain_computation(roads, spots):
    town = Town()
    metres, seconds = town.fastest(spots)
    found = fastest(anchor(roads, town.at(spots)))
    assert found.duration == pytest.approx(seconds, rel=2e-3, abs=0.05)
    same = np.isclose(found.distance, metres, rtol=2e-3, atol=0.5)
    assert same[_unrivalled(town, spots, seconds)].all()


def _unrivalled(town, spots, seconds):
    """Pairs [P, P] whose fastest way stays the same when every street is a little slower or faster at random."""
    random = np.random.default_rng(1)
    plain, _ = town.fastest(spots)
    sure = np.ones_like(seconds, dtype=bool)
    for _ in range(5):
        other = Town()
        other.ways = [(n, t, tuple(v * random.uniform(0.998, 1.002) for v in kmh)) for n, t, kmh in other.ways]
        sure &= np.isclose(other.fastest(spots)[0], plain)
    return sure


def test_oneway_streets_make_the_way_back_another_one(roads):
    town = Town()
    found = fastest(anchor(roads, town.at([(2, 6, 0.2), (2, 6, 0.8)])))
    assert found.distance[0, 1] == pytest.approx(120, rel=1e-3)
    assert found.distance[1, 0] > 500


def test_a_roundabout_is_driven_in_its_direction(roads):
    town = Town()
    found = fastest(anchor(roads, town.at([(12, 13, 0.5), (15, 12, 0.5)])))
    assert found.distance[0, 1] > 2 * found.distance[1, 0]


def test_paths_follow_the_roads_and_are_as_long_as_the_matrix_says(roads):
    town = Town()
    anchored = anchor(roads, town.at([(0, 1, 0.3), (2, 6, 0.5), (14, 15, 0.5)]))
    found = fastest(anchored)
    pairs = [(i, j) for i in range(3) for j in range(3) if i != j]
    ways = list(paths(anchored.graph, anchored.vertex[np.array(pairs)]))
    for (i, j), way in zip(pairs, ways, strict=True):
        line = anchored.graph.vertex[way]
        assert haversine(line[:-1], line[1:]).sum() == pytest.approx(found.distance[i, j])
        assert (way[0], way[-1]) == (anchored.vertex[i], anchored.vertex[j])


def test_there_is_no_way_to_an_island(tmp_path):
    town = Town()
    anchored = anchor(read_roads(town.write(tmp_path / "town.osm")), town.at([(0, 1, 0.5), (4, 5, 0.5), (20, 21, 0.5)]))
    found = fastest(anchored)
    assert np.isinf(found.distance[2, :2]).all()
    assert np.isinf(found.duration[:2, 2]).all()
    assert found.connected().tolist() == [0, 1]
    with pytest.raises(RoadsError, match="R603"):
        list(paths(anchored.graph, anchored.vertex[[[0, 2]]]))


def test_places_on_the_same_spot_are_no_distance_apart(roads):
    town = Town()
    found = fastest(anchor(roads, town.at([(0, 1, 0.5), (0, 1, 0.5), (2, 6, 0.4), (2, 6, 0.4)])))
    assert found.distance[0, 1] == found.distance[1, 0] == 0
    assert found.distance[2, 3] == found.distance[3, 2] == 0


def test_many_places_are_treated_in_blocks(roads, monkeypatch):
    town = Town()
    spots = [(*stretch, 0.37) for stretch in STRETCHES]
    whole, told = fastest(anchor(roads, town.at(spots))), []
    monkeypatch.setattr("nco.cities.dijkstra.BLOCK", 5)
    parts = fastest(anchor(roads, town.at(spots)), lambda stage, share: told.append(share))
    assert (parts.distance == whole.distance).all()
    assert told == sorted(told)
    assert told[-1] == 1
