"""Problems on the streets of a town: matrices, lines, and what is drawn."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from town import Town

import nco
from nco.cities import osrm
from nco.cities.geometry import haversine
from nco.cities.matrices import Matrices
from nco.errors import RoadsError
from nco.report import render
from nco.streets import on_streets

SPOTS = [(4, 5, 0.5), (0, 1, 0.3), (2, 6, 0.5), (3, 7, 0.2), (10, 9, 0.5)]


@pytest.fixture
def extract(tmp_path):
    return Town().write(tmp_path / "town.osm")


@pytest.fixture
def make():
    """A problem with its depot at the first spot, and a client at each of the others; a car, and a bicycle if asked."""

    def made(spots, *names):
        model = nco.Model("town")
        for k, (latitude, longitude) in enumerate(Town().at(spots)):
            if k == 0:
                model.add_depot(x=longitude, y=latitude, name="yard")
            else:
                model.add_client(x=longitude, y=latitude, delivery=1, name=f"client-{k}")
        for name in names or ("",):
            model.add_vehicle_type(capacity=9, profile=model.add_profile(name), name=name)
        return model.build()

    return made


def test_distances_and_durations_are_those_of_the_streets(make, extract):
    problem, _ = on_streets(make(SPOTS), extract, "dijkstra")
    metres, seconds = Town().fastest(SPOTS)
    assert problem.distance_matrix() == pytest.approx(metres, rel=2e-3, abs=0.5)
    assert problem.duration_matrix() == pytest.approx(seconds, rel=2e-3, abs=0.1)


def test_a_profile_called_bike_takes_the_ways_of_a_bicycle(make, extract):
    problem, _ = on_streets(make([(4, 5, 0.5), (5, 31, 0.5)], "van", "bike"), extract, "dijkstra")
    assert problem.profiles[1].name == "bike"
    ridden, pushed = 100 / (15 / 3.6), math.dist((0, 0), (25, 25)) / (4 / 3.6)
    assert problem.duration(0, 1, 1) == pytest.approx(ridden + pushed, rel=0.01)
    assert problem.distance(0, 1, 0) < problem.distance(0, 1, 1)  # the car stops at the end of the footway


def test_what_a_profile_says_of_clients_is_kept(make, extract):
    problem = make(SPOTS)
    problem = replace(problem, profiles=(nco.Profile(preference=[1, 0, 0.5, 1]),))
    assert on_streets(problem, extract, "dijkstra")[0].profiles[0].preference.tolist() == [1, 0, 0.5, 1]


def test_lines_join_the_places_and_are_as_long_as_the_matrix_says(make, extract):
    problem, streets = on_streets(make(SPOTS), extract, "dijkstra")
    legs = streets.legs(0, [0, 3, 1])
    for (a, b), leg in zip([(0, 3), (3, 1)], legs, strict=True):
        assert (leg[[0, -1]] == problem.xy[[a, b]]).all()
        assert haversine(leg[:-1, ::-1], leg[1:, ::-1]).sum() == pytest.approx(problem.distance(a, b), rel=1e-2)
    assert streets.legs(0, [3, 1])[0] is legs[1]


def test_every_place_that_is_far_from_the_roads_is_named(make, extract):
    problem = make(SPOTS)
    far = tuple(replace(c, x=c.x + 0.05) if k in (1, 3) else c for k, c in enumerate(problem.clients))
    with pytest.raises(RoadsError) as caught:
        on_streets(replace(problem, clients=far), extract, "dijkstra")
    assert [fault.where for fault in caught.value.faults] == ["client-2", "client-4"]
    assert caught.value.codes == ("R602",)
    assert "more than 500 m" in str(caught.value)


def test_places_that_are_no_degrees_are_named(make, extract):
    problem = make(SPOTS)
    wrong = (replace(problem.clients[0], x=4_000.0), *problem.clients[1:])
    with pytest.raises(RoadsError, match="R602 client-1: it has no longitude and latitude in degrees"):
        on_streets(replace(problem, clients=wrong), extract)


def test_a_problem_without_coordinates_has_no_places_on_a_map(extract):
    model = nco.Model()
    model.add_depot()
    model.add_client(delivery=1)
    model.add_vehicle_type(capacity=1)
    model.set_matrix(np.ones((2, 2)) - np.eye(2))
    with pytest.raises(RoadsError, match=r"R602 depot 0: .*degrees"):
        on_streets(model.build(), extract)


def test_another_town_has_no_roads_here(make, extract):
    problem = make(SPOTS)
    moved = [replace(place, x=place.x + 5) for place in problem.places]
    with pytest.raises(RoadsError, match=r"R601 town\.osm"):
        on_streets(replace(problem, depots=(moved[0],), clients=tuple(moved[1:])), extract)


def test_places_that_cannot_be_reached_are_named(make, extract, monkeypatch):
    matrix = np.ones((5, 5)) - np.eye(5)
    matrix[2, :2] = np.inf
    monkeypatch.setattr("nco.streets.matrices", lambda *_: Matrices(matrix, matrix))
    with pytest.raises(RoadsError, match="R603 client-2: a car finds no way to it or from it"):
        on_streets(make(SPOTS), extract, "dijkstra")


@pytest.mark.parametrize("mode", ["car", "bike"])
def test_osrm_measures_both_modes(make, extract, mode):
    if osrm.find() is None:
        pytest.skip("OSRM is not installed")
    ours, _ = on_streets(make(SPOTS, mode), extract, "dijkstra")
    theirs, _ = on_streets(make(SPOTS, mode), extract, "osrm")
    assert np.median(theirs.duration_matrix() - ours.duration_matrix()) >= 0
    assert theirs.distance_matrix() == pytest.approx(ours.distance_matrix(), rel=0.5, abs=10)


@pytest.fixture
def result(make, extract, judged):
    problem, streets = on_streets(make(SPOTS), extract, "dijkstra")
    return replace(judged(problem, [[1, 2], [4, 3]]), streets=streets)


def test_geojson_follows_the_streets(result, tmp_path):
    nco.write(result, tmp_path / "x.geojson")
    written = json.loads((tmp_path / "x.geojson").read_text())
    assert "OpenStreetMap contributors" in written["attribution"]
    lines = [f for f in written["features"] if f["geometry"]["type"] == "LineString"]
    for line in lines:
        way = np.array(line["geometry"]["coordinates"])[:, ::-1]
        assert haversine(way[:-1], way[1:]).sum() == pytest.approx(line["properties"]["distance"], rel=1e-2)


def test_geojson_without_streets_is_straight(result, tmp_path):
    nco.write(replace(result, streets=None), tmp_path / "x.geojson")
    written = json.loads((tmp_path / "x.geojson").read_text())
    assert "attribution" not in written
    assert len(written["features"][0]["geometry"]["coordinates"]) == 4


def test_the_page_draws_streets_and_the_routes_along_them_to_scale(result):
    page = render(result)
    assert "OpenStreetMap contributors" in page
    assert len(re.findall(r'class="road road-\d"', page)) == 2
    assert "://" not in re.sub(r'xmlns="[^"]*"', "", page)
    straight = render(replace(result, streets=None))
    assert 'class="road' not in straight
    assert _corners(page) > _corners(straight)
    width, height = _span(page)
    assert width / height == pytest.approx(_metres(result), rel=0.02)


def _corners(page):
    """Points of all lines from and to the depot."""
    return sum(len(re.findall("[ML]", line)) for line in re.findall(r'class="leg" d="([^"]*)"', page))


def _span(page):
    dots = np.array([[float(x) for x in dot] for dot in re.findall(r'class="stop" d="M(\S+) (\S+)h0"', page)])
    return dots.max(axis=0) - dots.min(axis=0)


def _metres(result):
    """Width by height of the clients on the ground."""
    xy = result.problem.xy[1:]
    low, high = xy.min(axis=0)[::-1], xy.max(axis=0)[::-1]
    return haversine(low, (low[0], high[1])) / haversine(low, (high[0], low[1]))


def test_the_picture_draws_streets_and_the_routes_along_them(result):
    ax, straight = result.plot(), replace(result, streets=None).plot()
    assert len(ax.collections) == len(straight.collections) + 4
    assert any("OpenStreetMap" in text.get_text() for text in ax.texts)
    assert len(ax.lines[1].get_xdata()) > len(straight.lines[1].get_xdata())


def test_large_maps_show_fewer_roads(make, extract, monkeypatch):
    _, streets = on_streets(make(SPOTS), extract, "dijkstra")
    monkeypatch.setattr("nco.streets.SHOWN", (np.inf, np.inf, 100.0, 100.0))
    assert {line.rank for line in streets.background} == {1}
