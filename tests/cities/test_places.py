"""Places on the roads: drawn along them, or put on the nearest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import Town, place

from nco.cities.extract import read_roads
from nco.cities.geometry import Box, haversine
from nco.cities.places import anchor, draw
from nco.errors import RoadsError

WHOLE = Box.of([place(-50, -50), place(1000, 500)])


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    return read_roads(Town().write(tmp_path_factory.mktemp("town") / "town.osm"))


def test_the_same_seed_draws_the_same_places(roads):
    assert (draw(roads, 50, WHOLE, 1) == draw(roads, 50, WHOLE, 1)).all()
    assert (draw(roads, 50, WHOLE, 1) != draw(roads, 50, WHOLE, 2)).any()


def test_places_are_drawn_on_streets_in_proportion_to_their_length(roads):
    points = draw(roads, 2000, WHOLE, 1)
    assert anchor(roads, points).gap.max() < 0.1
    on_the_island = points[:, 1] > place(850, 0)[1]
    streets = roads.streets
    assert on_the_island.mean() == pytest.approx(400 / roads.length[streets].sum(), abs=0.02)


def test_places_are_drawn_in_the_box_only_and_not_where_nobody_lives(roads):
    box = Box.of([place(-10, -10), place(300, 300)])
    assert box.holds(draw(roads, 300, box, 1)).all()
    motorway = roads.__class__(roads.vertex, roads.tail, roads.head, roads.seconds, roads.rank, roads.rank > 9)
    with pytest.raises(RoadsError, match="R601 places: the box has 0 metres of streets for 5 places"):
        draw(motorway, 5, WHOLE, 1)


def test_more_places_than_metres_are_an_error(roads):
    with pytest.raises(RoadsError, match=r"R601 places: the box has \d+ metres of streets for 9999 places"):
        draw(roads, 9999, WHOLE, 1)


def test_a_box_beside_the_streets_that_pass_it_is_an_error(roads):
    between = Box.of([place(50, 50), place(90, 90)])
    with pytest.raises(RoadsError, match="R601"):
        draw(roads, 5, between, 1)


def test_a_place_beside_a_road_is_put_on_it(roads):
    anchored = anchor(roads, np.array([place(130, 20)]))
    assert anchored.gap[0] == pytest.approx(20, rel=1e-3)
    assert anchored.graph.vertex[anchored.vertex[0]] == pytest.approx(place(130, 0), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-300, 1200), st.floats(-300, 700)), min_size=1, max_size=8))
def test_splitting_roads_at_places_changes_neither_their_length_nor_their_time(roads, spots):
    anchored = anchor(roads, np.array([place(*spot) for spot in spots]))
    graph = anchored.graph
    assert graph.length.sum() == pytest.approx(roads.length.sum(), rel=1e-5)
    assert graph.seconds.sum() == pytest.approx(roads.seconds.sum(), rel=1e-5)
    spot = graph.vertex[anchored.vertex]
    nearest = haversine(np.array([place(*spot) for spot in spots]), spot)
    assert nearest == pytest.approx(anchored.gap, rel=1e-2, abs=0.1)
    assert np.isin(anchored.vertex, graph.tail).all()
    assert np.isin(anchored.vertex, graph.head).all()


def test_a_box_around_a_place_has_the_size_that_was_asked_for():
    box = Box.around(*place(0, 0), 1000)
    assert haversine((box.south, box.west), (box.north, box.west)) == pytest.approx(1000, rel=1e-4)
    assert haversine((box.south, box.west), (box.south, box.east)) == pytest.approx(1000, rel=1e-3)
    assert box.extent == pytest.approx(1000, rel=1e-3)
    assert box.grown(500).extent == pytest.approx(2000, rel=1e-3)
