"""OSRM as a server for a while; tests that run it are skipped where it is not installed."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from town import Town

from nco.cities import osrm
from nco.cities.build import Plan, build
from nco.cities.dijkstra import fastest
from nco.cities.extract import read_roads
from nco.cities.places import anchor
from nco.errors import ConfigError, RoadsError

SPOTS = [(0, 1, 0.3), (2, 6, 0.5), (3, 7, 0.2), (4, 5, 0.6), (10, 9, 0.5), (7, 12, 0.5), (5, 9, 0.4)]


@pytest.fixture
def served(installed_osrm, extract, tmp_path):
    with osrm.serve(extract, tmp_path) as server:
        yield server


def running(folder: Path) -> list[str]:
    """Programs of OSRM that work in a folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [command for command in found if "osrm-" in command and str(folder) in command]


def test_its_matrices_are_ours_but_for_the_costs_of_turns(served, extract):
    town = Town()
    places = town.at(SPOTS)
    theirs, ours = served.table(places), fastest(anchor(read_roads(extract).connected(), places))
    turns = theirs.duration - ours.duration
    assert (turns > -1.5).all()
    assert (turns < 60).all()
    same = abs(theirs.distance - ours.distance) < 5
    assert same.mean() > 0.8


def test_its_distances_on_one_street_are_ours(served, extract):
    places = Town().at([(0, 1, 0.1), (2, 3, 0.9)])
    theirs, ours = served.table(places), fastest(anchor(read_roads(extract).connected(), places))
    assert theirs.distance == pytest.approx(ours.distance, abs=3)
    assert theirs.duration == pytest.approx(ours.duration, abs=2)


def test_tables_are_asked_for_in_blocks(served, monkeypatch):
    places, told = Town().at(SPOTS), []
    whole = served.table(places)
    monkeypatch.setattr(osrm, "BLOCK", 3)
    parts = served.table(places, lambda stage, share: told.append(share))
    assert (parts.distance == whole.distance).all()
    assert told == [3 / 7, 6 / 7, 1.0]


def test_no_way_is_infinite(served):
    found = served.table(Town().at([(0, 1, 0.5), (20, 21, 0.5)]))
    assert np.isinf(found.duration[0, 1])
    assert found.duration[0, 0] == 0


def test_the_server_is_stopped_when_the_block_ends(installed_osrm, extract, tmp_path):
    with osrm.serve(extract, tmp_path):
        assert len(running(tmp_path)) == 1
    assert running(tmp_path) == []


def test_the_server_is_stopped_after_an_error(installed_osrm, extract, tmp_path):
    def interrupted():
        with osrm.serve(extract, tmp_path):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert running(tmp_path) == []


def test_it_listens_on_the_loopback_only(served):
    assert served.address.startswith("http://127.0.0.1:")


def test_a_port_in_use_is_exchanged_for_another(installed_osrm, extract, tmp_path, monkeypatch):
    free = osrm.free_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = iter([taken.getsockname()[1], free()])
        monkeypatch.setattr(osrm, "free_port", lambda: next(ports))
        with osrm.serve(extract, tmp_path) as server:
            assert server.table(Town().at(SPOTS[:2])).duration[0, 1] > 0


def test_ports_that_are_all_in_use_are_an_error_with_its_words(installed_osrm, extract, tmp_path, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(osrm, "free_port", lambda: taken.getsockname()[1])
        with pytest.raises(RoadsError, match=r"R604 osrm-routed: .*in use"), osrm.serve(extract, tmp_path):
            pass


def test_a_stage_that_fails_is_an_error_with_its_words(installed_osrm, tmp_path):
    (tmp_path / "bad.osm").write_text("hello")
    with (
        pytest.raises(RoadsError, match="R604 osrm-extract: it ended with"),
        osrm.serve(tmp_path / "bad.osm", tmp_path),
    ):
        pass


def test_an_answer_of_another_server_is_not_taken(served):
    other = osrm.Server(served.address, "another token")
    with pytest.raises(RoadsError, match="R604 osrm-routed: another server answers"):
        other.table(Town().at(SPOTS[:2]))


def test_a_server_that_is_gone_is_an_error():
    with pytest.raises(RoadsError, match=r"R604 osrm-routed: .*refused"):
        osrm.Server(f"http://127.0.0.1:{osrm.free_port()}", "").ask("table")


def test_programs_that_lack_are_not_found(monkeypatch, tmp_path):
    monkeypatch.setattr(osrm.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert osrm.find() is None
    (tmp_path / "osrm-extract").touch(mode=0o755)
    assert osrm.find() is None
    with pytest.raises(ConfigError, match="C502"):
        osrm.require()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_neither_server_nor_folder(installed_osrm, shared_data, tmp_path, number, code):
    (tmp_path / "tmp").mkdir()
    extract = shared_data / "osm_extracts" / "monaco.osm.pbf"
    command = [sys.executable, "-c", "from nco.cli import main; main()", "city", "build", extract, "--engine", "osrm"]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not running(tmp_path) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(timeout=30) == code, process.communicate()
    process.communicate()
    assert running(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "city.npz").exists()


def test_a_real_place_is_built_by_both_engines(installed_osrm, shared_data):
    extract = shared_data / "osm_extracts" / "harrisburg.osm.pbf"
    by_osrm, plain = (build(extract, Plan(points=100, engine=engine)) for engine in ("osrm", "dijkstra"))
    assert (by_osrm.points == plain.points).all()
    pairs = ~np.eye(100, dtype=bool)
    assert plain.distance[pairs].mean() == pytest.approx(by_osrm.distance[pairs].mean(), rel=0.05)
    assert 0.7 < (plain.duration[pairs].mean() / by_osrm.duration[pairs].mean()) < 1
    assert np.corrcoef(plain.duration[pairs], by_osrm.duration[pairs])[0, 1] > 0.98
