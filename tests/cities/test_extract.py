"""Extracts become road graphs."""

import gzip
import sys

import numpy as np
import osmium
import pytest
from town import ISLAND, Town, place

from nco.cities.extract import clip, read_roads
from nco.cities.geometry import Box
from nco.errors import ConfigError, FileError, RoadsError


def arcs(graph):
    """Metres and seconds by the ends of a segment, in whole metres from the town's corner."""
    origin = np.array(place(0, 0))
    spot = ((graph.vertex - origin) / (np.array(place(1, 1)) - origin))[:, ::-1].round().astype(int)
    ends = zip(spot[graph.tail].tolist(), spot[graph.head].tolist(), strict=True)
    values = zip(graph.length.tolist(), graph.seconds.tolist(), strict=True)
    return {(tuple(a), tuple(b)): value for (a, b), value in zip(ends, values, strict=True)}


def test_every_segment_has_its_length_and_time_in_the_directions_that_are_allowed(town, extract):
    points = {k: tuple(map(round, point)) for k, point in town.points.items()}
    expected = {(points[a], points[b]): value for (a, b), value in town.segments().items()}
    found = arcs(read_roads(extract))
    assert found.keys() == expected.keys()
    for ends, value in expected.items():
        assert found[ends] == pytest.approx(value, rel=1e-3)


def test_the_island_is_no_part_of_the_connected_roads(town, extract):
    whole = read_roads(extract)
    assert len(whole.vertex) - len(whole.connected().vertex) == len(ISLAND)


def test_a_bicycle_uses_the_footway_too(town, extract):
    footway = tuple(tuple(map(round, town.points[k])) for k in (5, 31))
    assert footway in arcs(read_roads(extract, "bike"))
    assert footway not in arcs(read_roads(extract, "car"))


def test_nobody_passes_a_bollard_but_both_of_its_sides_are_reached(town, tmp_path):
    town.points[40] = (100, 0)
    town.tags[40] = {"barrier": "bollard"}
    town.ways[0] = ([0, 40, 1, 2, 3], {"highway": "residential"}, (25, 25))
    graph = read_roads(town.write(tmp_path / "town.osm"))
    here = np.flatnonzero(np.isclose(graph.vertex, place(100, 0), atol=1e-6).all(axis=1))
    assert len(here) == 2
    assert all(np.isin(graph.tail, k).sum() == np.isin(graph.head, k).sum() == 1 for k in here)


def test_a_box_keeps_the_ways_that_touch_it(town, extract):
    graph = read_roads(extract, box=Box.of([place(-10, -10), place(10, 10)]))
    assert len(graph.vertex) == 6  # the streets from crossing 0 to the east and to the north


@pytest.mark.parametrize("name", ["town.osm.pbf", "town.osm.gz", "town.osm.bz2"])
def test_every_suffix_is_read(town, extract, tmp_path, name):
    with osmium.SimpleWriter(tmp_path / name) as writer:
        for thing in osmium.FileProcessor(extract):
            writer.add(thing)
    assert arcs(read_roads(tmp_path / name)).keys() == arcs(read_roads(extract)).keys()


def test_a_part_of_an_extract_holds_its_ways_points_and_restrictions(town, tmp_path):
    town.tags[1] = {"highway": "traffic_signals"}
    town.forbid(0, 1, 4)
    town.forbid(7, 7, 6)
    clip(town.write(tmp_path / "town.osm"), Box.of([place(190, -10), place(210, 10)]), tmp_path / "part.osm.pbf")
    things = list(map(str, osmium.FileProcessor(tmp_path / "part.osm.pbf")))
    found = [(t.type_str(), t.id, dict(t.tags)) for t in osmium.FileProcessor(tmp_path / "part.osm.pbf")]
    assert len(things) == len(found)
    assert [number for kind, number, _ in found if kind == "w"] == [1, 5]
    assert [number for kind, number, _ in found if kind == "n"] == [1, 2, 3, 4, 6, 10]
    assert [tags for kind, number, tags in found if (kind, number) == ("n", 2)] == [{"highway": "traffic_signals"}]
    assert [number for kind, number, _ in found if kind == "r"] == [1]


def test_a_box_elsewhere_has_no_roads(extract):
    with pytest.raises(RoadsError, match=r"R601 town\.osm: there are no roads in 0\.0000,0\.0000 to 1\.0000,1\.0000"):
        read_roads(extract, box=Box(0, 0, 1, 1))


def test_an_extract_may_have_no_roads_at_all(tmp_path):
    town = Town()
    town.ways = [([0, 1], {"building": "yes"}, (0, 0))]
    with pytest.raises(RoadsError, match=r"R601 town\.osm: there are no roads"):
        read_roads(town.write(tmp_path / "town.osm"))


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("nowhere.osm.pbf", None, "F001 .*it does not exist"),
        ("orders.csv", b"x", r"F002 .*Use one of: \.osm, \.osm\.gz"),
        ("town.osm.pbf", b"hello", "F005 .*Download the extract again"),
        ("town.osm.pbf", b"", "F005"),
        ("town.osm", b"<osm><node", "F005"),
        ("town.osm.gz", gzip.compress(b"<osm></osm>", mtime=0)[:-9], "F005"),
    ],
)
def test_a_file_that_is_no_extract_is_an_error_that_says_why(tmp_path, name, content, fault):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=fault):
        read_roads(tmp_path / name)


@pytest.mark.parametrize("package", ["osmium", "scipy.sparse"])
def test_a_package_that_lacks_is_named(extract, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=rf"C502 {package}: .*pip install 'nco-vrp\[roads\]'"):
        read_roads(extract)


def test_a_folder_is_no_extract(tmp_path):
    with pytest.raises(FileError, match=r"F001 .*it is a folder"):
        read_roads(tmp_path)


def test_a_real_extract_that_is_cut_off_is_an_error(shared_data, tmp_path):
    whole = (shared_data / "osm_extracts" / "baltimore.osm.pbf").read_bytes()
    (tmp_path / "cut.osm.pbf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match=r"F005 .*cut off"):
        read_roads(tmp_path / "cut.osm.pbf")
