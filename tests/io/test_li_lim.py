"""Li & Lim: pickups and deliveries in pairs."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nco

DATA = Path(__file__).parent / "data"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = (DATA / "pairs.txt").read_text()
    assert old in text
    (tmp_path / "x.txt").write_text(text.replace(old, new))
    return tmp_path / "x.txt"


def test_every_column_is_read() -> None:
    problem = nco.read(DATA / "pairs.txt")
    assert problem.depots == (nco.Depot(0, 0, (0, 200)),)
    assert problem.clients[0] == nco.Client(3, 4, tw=(0, 50), service=2)
    assert problem.clients[3] == nco.Client(1, 1, tw=(0, 60), service=2.5)
    assert problem.vehicle_types == (nco.VehicleType(3, (10,)),)
    assert problem.shipments == (nco.Shipment(0, 2, (5,)), nco.Shipment(3, 1, (4,)))


def test_pairs_are_judged() -> None:
    problem = nco.read(DATA / "pairs.txt")
    assert nco.check(problem, [[1, 4, 3, 2]]).is_feasible()
    assert {v.rule for v in nco.check(problem, [[3, 1], [4, 2]]).violations} == {"shipments"}


def test_distances_are_not_rounded_unless_asked() -> None:
    assert nco.read(DATA / "pairs.txt").distance(0, 4) == pytest.approx(2**0.5)
    assert nco.read(DATA / "pairs.txt", rounding="round").distance(0, 4) == 1


def test_a_fault_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.read(changed(tmp_path, "10	90", "90	10"))
    assert [(f.code, f.where) for f in raised.value.faults] == [("P107", "x.txt, line 4, clients[1].tw")]


def test_a_broken_pair_is_reported_at_both_ends(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.read(changed(tmp_path, "-4", "-3"))
    assert [fault.where for fault in raised.value.faults] == ["x.txt, line 4", "x.txt, line 6"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), pairs=st.integers(1, 6))
def test_any_pairs_written_in_the_format_are_read(seed: int, pairs: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    order = (1 + rng.permutation(2 * pairs)).reshape(-1, 2).tolist()
    other = {source: (0, sink) for source, sink in order} | {sink: (source, 0) for source, sink in order}
    load = {source: int(rng.integers(1, 9)) for source, _ in order}
    table = [[0, 0, 0, 0, 0, 999, 0, 0, 0]]
    for k in range(1, 2 * pairs + 1):
        demand = load[k] if k in load else -load[other[k][0]]
        opens = int(rng.integers(0, 50))
        table.append([k, *rng.integers(0, 99, 2), demand, opens, opens + 50, int(rng.integers(0, 9)), *other[k]])
    (tmp_path / "x.txt").write_text("\n".join(" ".join(map(str, row)) for row in [[9, 20, 1], *table]))
    problem = nco.read(tmp_path / "x.txt")
    assert problem.xy.tolist() == [row[1:3] for row in table]
    assert problem.tw.tolist() == [row[4:6] for row in table]
    assert problem.service.tolist() == [row[6] for row in table]
    found = {(1 + s.pickup, 1 + s.delivery): s.load for s in problem.shipments}
    assert found == {(source, sink): (load[source],) for source, sink in order}


def test_every_published_file_is_read(shared_data: Path) -> None:
    folder = shared_data / "pdptw_li_lim"
    known = json.loads((folder / "BKS.json").read_text())
    paths = sorted(folder.glob("l*.txt"))
    assert paths
    for path in paths:
        problem, facts = nco.read(path), known[path.stem]
        assert problem.num_clients == facts["jobs"] == 2 * len(problem.shipments)
        assert problem.vehicle_types == (nco.VehicleType(facts["vehicles"], (facts["capacity"],)),)
        assert problem.shipment_load.sum() == facts["total_demand"]
        alone = [[problem.num_depots + s.pickup, problem.num_depots + s.delivery] for s in problem.shipments]
        broken = {violation.rule for violation in nco.check(problem, alone).violations}
        assert broken <= {"fleet"}  # every pair can be served by a vehicle of its own
