"""Cordeau: several depots, each with its vehicles, limits and windows."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 6), m=st.integers(1, 3), windows=st.booleans())
def test_any_depots_written_in_the_format_are_read(seed: int, n: int, m: int, windows: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    limits = rng.integers(1, 99, (m, 2)).tolist()
    places = np.round(rng.uniform(-50, 50, (n + m, 2)), 3).tolist()
    work = rng.integers(0, 9, (n, 2)).tolist()
    opens = [(int(a), int(a) + 30) for a in rng.integers(1, 50, n)]
    rows = [[6 if windows else 2, 4, n, m], *limits]
    for k in range(n):
        lists = [2**depot for depot in range(m)]
        rows.append([k + 1, *places[k], *work[k], 1, m, *lists, *(opens[k] if windows else ())])
    rows += [[n + 1 + k, *places[n + k], 0, 0, 0, 0] for k in range(m)]
    (tmp_path / "x.txt").write_text("\n".join(" ".join(map(str, row)) for row in rows))
    problem = nco.read(tmp_path / "x.txt")
    assert problem.xy.tolist() == [*places[n:], *places[:n]]
    assert [[client.service, client.delivery[0]] for client in problem.clients] == work
    assert [client.tw for client in problem.clients] == (opens if windows else [(0, math.inf)] * n)
    assert [[v.max_duration, v.capacity[0]] for v in problem.vehicle_types] == limits
    assert [(v.start_depot, v.end_depot, v.num_available) for v in problem.vehicle_types] == [
        (k, k, 4) for k in range(m)
    ]


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
