"""Published solutions: the checker accepts every one at its published cost, under the rounding of its set."""

import re
from pathlib import Path

import pytest

import nco
from nco.rounding import Rounding

#: Folder, suffix of problems, rounding under which costs were published (None: the format's own).
SETS: list[tuple[str, str, Rounding | None]] = [
    ("cvrplib_x", ".vrp", None),
    ("cvrplib_ags_xxl", ".vrp", None),
    ("cvrplib_xl_demo", ".vrp", None),
    ("dimacs_real_cvrp", ".vrp", None),
    ("ortec_vrptw_asym", ".txt", None),
    ("vrptw_homberger_1000", ".vrp", "dimacs"),
    ("vrptw_solomon", ".txt", "dimacs"),
]


def solution_of(path: Path) -> Path:
    beside = path.with_suffix(".sol")
    return beside if beside.exists() else path.with_name(f"{path.name}.sol")


@pytest.mark.parametrize(("folder", "suffix", "rounding"), SETS, ids=[entry[0] for entry in SETS])
def test_every_published_solution_is_accepted_at_its_cost(
    folder: str, suffix: str, rounding: Rounding | None, shared_data: Path
) -> None:
    paths = sorted((shared_data / folder).glob(f"*{suffix}"))
    assert paths
    for path in paths:
        problem = nco.read(path, rounding=rounding)
        published = re.search(r"^Cost\s+(\S+)", solution_of(path).read_text(), re.MULTILINE)
        assert published, path.name
        report = nco.check(problem, nco.read_solution(solution_of(path), problem))
        assert report.is_feasible(), f"{path.name}: {report}"
        assert report.cost.total == pytest.approx(float(published[1]), abs=1e-6), path.name


def test_solomon_at_its_published_cost_needs_the_right_rounding(shared_data: Path) -> None:
    path = shared_data / "vrptw_solomon" / "C101.txt"
    exact = nco.read(path)
    report = nco.check(exact, nco.read_solution(solution_of(path), exact))
    assert report.cost.total > 828.9  # 827.3 with distances cut to one decimal


def test_every_homberger_instance_with_200_clients_is_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "vrptw_homberger_200").glob("*.txt"))
    assert paths
    assert {nco.read(path).num_clients for path in paths} == {200}
