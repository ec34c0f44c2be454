"""Cities, from an extract to a file and back."""

import json
from dataclasses import replace

import numpy as np
import pytest
from town import place

from nco.cities import build as module
from nco.cities.build import Plan, build, chosen
from nco.cities.city import FORMAT, read_city
from nco.cities.geometry import haversine
from nco.cities.matrices import Matrices
from nco.cities.summary import summarise
from nco.errors import ConfigError, FileError, RoadsError, UnreachableWarning

PLAN = Plan(place(400, 200), 1200.0, 40, 3, "dijkstra")


@pytest.fixture
def city(extract):
    return build(extract, PLAN)


def test_a_city_has_places_in_its_box_that_reach_each_other(city):
    assert city.points.shape == (40, 2)
    assert city.box.holds(city.points).all()
    assert np.isfinite(city.distance).all()
    assert (city.distance.diagonal() == 0).all()
    assert (city.distance[~np.eye(40, dtype=bool)] > 0).all()
    straight = haversine(city.points[:, None], city.points[None])
    assert (city.distance >= straight - 0.5).all()


def test_the_island_has_no_places(city):
    assert (city.points[:, 1] < place(850, 0)[1]).all()


def test_the_same_seed_builds_the_same_city(extract, city):
    again, other = build(extract, PLAN), build(extract, replace(PLAN, seed=4))
    assert (again.points == city.points).all()
    assert (again.duration == city.duration).all()
    assert (other.points != city.points).any()


def test_a_city_says_where_it_is_from(city):
    known = city.provenance
    assert known["extract"] == "town.osm"
    assert (known["engine"], known["seed"], known["size"], known["dropped"]) == ("dijkstra", 3, 1200, 0)
    assert len(known["sha256"]) == 64
    assert "OpenStreetMap contributors, ODbL" in known["license"]


def test_without_a_centre_the_middle_of_the_roads_is_taken(extract):
    center = build(extract, replace(PLAN, center=None)).provenance["center"]
    assert haversine(center, place(400, 200)) < 150


def test_a_file_holds_all_of_a_city(city, tmp_path):
    city.save(tmp_path / "city.npz")
    read = read_city(tmp_path / "city.npz")
    for name in ("points", "distance", "duration"):
        assert (getattr(read, name) == getattr(city, name)).all()
    assert read.provenance == city.provenance
    assert read.roads.vertex == pytest.approx(city.roads.vertex, abs=1e-7)
    assert (read.roads.tail == city.roads.tail).all()
    assert (read.roads.lived == city.roads.lived).all()


def test_places_without_a_way_are_left_out_and_reported(extract, monkeypatch):
    def cut(*_arguments, progress):
        matrix = np.ones((40, 40))
        matrix[7, 3] = matrix[7, 4] = np.inf
        return Matrices(matrix, matrix)

    monkeypatch.setattr(module, "matrices", cut)
    with pytest.warns(UnreachableWarning, match="1 of 40 places are left out"):
        city = build(extract, PLAN)
    assert len(city.points) == 39
    assert city.provenance["dropped"] == 1


def test_a_city_of_places_without_ways_is_an_error(extract, monkeypatch):
    nowhere = np.where(np.eye(40, dtype=bool), 0.0, np.inf)
    monkeypatch.setattr(module, "matrices", lambda *_, progress: Matrices(nowhere, nowhere))
    with pytest.raises(RoadsError, match="R603"):
        build(extract, PLAN)


def test_a_box_on_the_island_is_an_error(extract):
    with pytest.raises(RoadsError, match="R601 places: the box has 0 metres"):
        build(extract, replace(PLAN, center=place(1000, 300), size=300))


def test_an_engine_is_known_or_an_error(monkeypatch):
    with pytest.raises(ConfigError, match=r"C503 engine: 'osmr' is unknown\. Did you mean 'osrm'"):
        chosen("osmr")
    monkeypatch.setattr(module.osrm, "find", lambda: None)
    assert chosen("auto") == "dijkstra"
    with pytest.raises(ConfigError, match="C502 osrm: there is neither the package osrm-bindings nor OSRM on PATH"):
        chosen("osrm")


def test_a_full_disk_is_an_error(city, monkeypatch, tmp_path):
    def full(*_arguments, **_arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(FileError, match=r"F012 .*No space left on device"):
        city.save(tmp_path / "city.npz")
    assert list(tmp_path.glob("city.npz")) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"format": None}, "F008 .*does not say that it is a city file"),
        ({"format": "nco-city 2"}, "F008"),
        ({"road_tail": None, "duration": None}, "F004 .*it has no duration, road_tail"),
        ({"distance": np.zeros((3, 3))}, "F005 .*shapes are"),
        ({"distance": np.full((40, 40), np.inf)}, "F005 .*distance holds"),
        ({"duration": np.full((40, 40), -1.0)}, "F005 .*duration holds"),
        ({"points": np.full((40, 2), "x")}, "F005 .*points holds"),
        ({"road_head": np.array([99999])}, "F005 .*its roads join points that it does not hold"),
        ({"provenance": "{"}, "F005 .*its provenance is not JSON"),
    ],
)
def test_a_file_that_is_no_city_is_an_error_that_says_why(city, tmp_path, change, fault):
    city.save(tmp_path / "city.npz")
    arrays = dict(np.load(tmp_path / "city.npz"))
    arrays = {name: array for name, array in (arrays | change).items() if array is not None}
    np.savez(tmp_path / "city.npz", **arrays)
    with pytest.raises(FileError, match=fault):
        read_city(tmp_path / "city.npz")


def test_a_damaged_file_is_an_error(city, tmp_path):
    city.save(tmp_path / "city.npz")
    whole = (tmp_path / "city.npz").read_bytes()
    for content in (whole[:3000], b"id,lat,lon", b""):
        (tmp_path / "city.npz").write_bytes(content)
        with pytest.raises(FileError, match=r"F001 .*it is no \.npz, or one that is cut off"):
            read_city(tmp_path / "city.npz")
    (tmp_path / "city.npz").write_bytes(whole[:2000] + bytes(500) + whole[2500:])
    with pytest.raises(FileError, match="F001"):
        read_city(tmp_path / "city.npz")
    with pytest.raises(FileError, match=r"F001 .*No such file"):
        read_city(tmp_path / "nowhere.npz")


def test_a_file_holds_no_pickle(city, tmp_path):
    city.save(tmp_path / "city.npz")
    with np.load(tmp_path / "city.npz", allow_pickle=False) as archive:
        assert str(archive["format"]) == FORMAT
        assert json.loads(str(archive["provenance"]))["engine"] == "dijkstra"


def test_a_summary_has_the_means_over_pairs(city):
    summary = summarise(city)
    pairs = ~np.eye(40, dtype=bool)
    assert summary.distance == pytest.approx(city.distance[pairs].mean() / 1000, rel=1e-5)
    assert summary.duration == pytest.approx(city.duration[pairs].mean() / 60, rel=1e-5)
    assert summary.circuity > 1
    assert 0 < summary.distance_asymmetry < 1
    assert 0 < summary.correlation <= 1
    streets = city.roads.streets[city.roads.lived[city.roads.streets]]
    assert summary.streets == pytest.approx(city.roads.length[streets].sum() / 1000)
