"""Solomon's format."""

from pathlib import Path

import numpy as np
import pytest

import nco

DATA = Path(__file__).parent / "data"


@pytest.fixture
def text() -> str:
    return (DATA / "solomon.txt").read_text()


def test_depot_clients_and_fleet_are_read() -> None:
    problem = nco.read(DATA / "solomon.txt")
    assert problem.name == "SMALL"
    assert problem.depots == (nco.Depot(40, 50, tw=(0, 1236)),)
    assert problem.clients[1] == nco.Client(45, 70, delivery=(30,), tw=(825, 870), service=90)
    assert problem.vehicle_types == (nco.VehicleType(2, (200,)),)


def test_distances_are_not_rounded_unless_asked() -> None:
    assert nco.read(DATA / "solomon.txt").distance(0, 1) == np.sqrt(25.0 + 18.0**2)
    rounded = nco.read(DATA / "solomon.txt", rounding="dimacs")
    assert rounded.distance(0, 1) == 18.6
    assert rounded.duration(0, 1) == 18.6


def test_more_vehicles_than_there_are_break_a_rule() -> None:
    report = nco.check(nco.read(DATA / "solomon.txt"), [[1], [2], [3]])
    assert [violation.rule for violation in report.violations] == ["fleet"]


def test_the_format_is_recognised_whatever_the_suffix(tmp_path: Path, text: str) -> None:
    path = tmp_path / "instance.vrp"
    path.write_text(text)
    assert nco.read(path).num_clients == 3


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())
    assert nco.read(path).clients == nco.read(DATA / "solomon.txt").clients


def test_all_rows_with_a_fault_are_reported(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.txt"
    path.write_text(text.replace("912        967", "967        912").replace("  20  ", " -20 ").replace("30  ", "-30 "))
    with pytest.raises(nco.NcoError) as raised:
        nco.read(path)
    assert [fault.where for fault in raised.value.faults] == [
        "x.txt, line 12, clients[1].delivery",
        "x.txt, line 11, clients[0].tw",
    ]
