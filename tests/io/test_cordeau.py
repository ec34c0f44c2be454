"""Cordeau: several depots, each with its vehicles, limits and windows."""

import json
import math
from pathlib import Path

import pytest

import nco

DATA = Path(__file__).parent / "data"


def test_every_column_is_read() -> None:
    problem = nco.read(DATA / "depots.txt")
    assert problem.depots == (nco.Depot(0, 0, (0, 100)), nco.Depot(9, 9))
    assert problem.clients[0] == nco.Client(3.5, 4, (5,), tw=(0, 50), service=2)
    assert problem.clients[1].tw == (10, 90)
    assert problem.vehicle_types == (
        nco.VehicleType(2, (10,), 0, 0, max_duration=40),
        nco.VehicleType(2, (8,), 1, 1),
    )


def test_without_windows_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("2 1 1 1\n0 0\n1 3 4 0 5 1 1 1\n2 0 0 0 0 0 0\n")
    problem = nco.read(tmp_path / "x.txt")
    assert problem.clients == (nco.Client(3, 4, (5,)),)
    assert problem.vehicle_types == (nco.VehicleType(1, (5,)),)
    assert problem.vehicle_types[0].max_duration == math.inf


def test_a_limit_counts_service(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("2 1 1 1\n11 0\n1 3 4 2 5 1 1 1\n2 0 0 0 0 0 0\n")
    report = nco.check(nco.read(tmp_path / "x.txt"), [[1]])
    assert [violation.rule for violation in report.violations] == ["max_duration"]


def test_a_fault_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text((DATA / "depots.txt").read_text().replace("10 90", "90 10"))
    with pytest.raises(nco.NcoError) as raised:
        nco.read(tmp_path / "x.txt")
    assert [(f.code, f.where) for f in raised.value.faults] == [("P107", "x.txt, line 5, clients[1].tw")]


def test_every_published_file_is_read(shared_data: Path) -> None:
    folder = shared_data / "mdvrp_cordeau"
    known = json.loads((folder / "BKS.json").read_text())
    paths = sorted(folder.glob("p*.txt"))
    assert paths
    for path in paths:
        problem, facts = nco.read(path), known[path.stem]
        assert (problem.num_clients, problem.num_depots) == (facts["jobs"], facts["depots"])
        assert sum(vehicle.num_available or 0 for vehicle in problem.vehicle_types) == facts["vehicles"]
        assert {vehicle.capacity for vehicle in problem.vehicle_types} == {(facts["capacity"],)}
        assert problem.delivery.sum() == facts["total_demand"]
