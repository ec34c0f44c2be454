"""Roads as long lines."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import ROUNDABOUT, place

from nco.cities.extract import read_roads
from nco.cities.geometry import haversine
from nco.cities.lines import lines, simplified


def length(points):
    return haversine(points[:-1], points[1:]).sum()


def test_every_road_is_drawn_once(extract):
    roads = read_roads(extract)
    drawn = lines(roads, 0.0)
    assert sum(length(line.points) for line in drawn) == pytest.approx(roads.length[roads.streets].sum(), rel=1e-6)
    assert len(drawn) < len(roads.streets)


def test_lines_end_where_the_importance_changes(extract):
    ranks = {line.rank for line in lines(read_roads(extract), 0.0)}
    assert ranks == {1, 2}


def test_a_circle_without_crossings_is_drawn_too(town, tmp_path):
    town.ways = [way for way in town.ways if way[0][0] == ROUNDABOUT[0]]
    (circle,) = lines(read_roads(town.write(tmp_path / "town.osm")), 0.0)
    assert (circle.points[0] == circle.points[-1]).all()
    assert len(circle.points) == 5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=2, max_size=12), st.floats(0.1, 50))
def test_a_simplified_line_keeps_its_ends_and_stays_near(spots, tolerance):
    points = np.array([place(*spot) for spot in spots])
    short = simplified(points, tolerance)
    assert (short[[0, -1]] == points[[0, -1]]).all()
    fine = np.concatenate([np.linspace(a, b, 400) for a, b in pairwise(short)])
    assert haversine(points[:, None], fine[None]).min(axis=1).max() <= tolerance + 2


def test_points_on_a_straight_line_are_left_out():
    points = np.array([place(x, 0) for x in range(0, 500, 10)])
    assert len(simplified(points, 1.0)) == 2
