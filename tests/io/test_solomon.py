"""Solomon's format."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nco
from nco.io import solomon

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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(*[st.integers(0, 9999)] * 6), min_size=2, max_size=6), fleet=st.integers(1, 99))
def test_any_rows_written_in_the_format_are_read(rows: list[tuple[int, ...]], fleet: int, tmp_path: Path) -> None:
    table = [(k, x, y, load if k else 0, opens, opens + wide, stay if k else 0)
             for k, (x, y, load, opens, wide, stay) in enumerate(rows)]  # fmt: skip
    head = f"ANY\n\nVEHICLE\nNUMBER CAPACITY\n{fleet} 9999\n\nCUSTOMER\n{' '.join(solomon.COLUMNS)}\n\n"
    (tmp_path / "x.txt").write_text(head + "\n".join(" ".join(map(str, row)) for row in table))
    problem = nco.read(tmp_path / "x.txt")
    assert problem.xy.tolist() == [[x, y] for _, x, y, *_ in table]
    assert problem.tw.tolist() == [[row[4], row[5]] for row in table]
    assert problem.service.tolist() == [row[6] for row in table]
    assert problem.delivery.ravel().tolist() == [row[3] for row in table[1:]]
    assert problem.vehicle_types == (nco.VehicleType(fleet, (9999,)),)
