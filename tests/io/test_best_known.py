"""Published files, by scripts/check_best_known.py: solutions accepted at their cost, costs met by our solvers."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

import nco
from nco.rounding import Rounding

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_best_known.py"


def loaded() -> Any:
    spec = importlib.util.spec_from_file_location("check_best_known", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = script  # dataclasses look their module up
    spec.loader.exec_module(script)
    return script


script = loaded()


def test_every_folder_of_problems_is_covered(shared_data: Path) -> None:
    elsewhere = {"osm_extracts", "routefinder_val"}  # streets; sets, judged in test_routefinder.py
    covered = {name for name, *_ in script.SOLUTIONS} | script.COSTS.keys()
    assert {path.name for path in shared_data.iterdir() if path.is_dir()} == covered | elsewhere


@pytest.mark.parametrize(
    ("folder", "suffix", "rounding"), script.SOLUTIONS, ids=[entry[0] for entry in script.SOLUTIONS]
)
def test_every_published_solution_is_accepted_at_its_cost(
    folder: str, suffix: str, rounding: Rounding | None, shared_data: Path
) -> None:
    paths = sorted((shared_data / folder).glob(f"*{suffix}"))
    assert paths
    assert [path.name for path in paths if not script.accepted(path, rounding)] == []


def test_solomon_at_its_published_cost_needs_the_right_rounding(shared_data: Path) -> None:
    report, published = script.judged(shared_data / "vrptw_solomon" / "C101.txt", None)
    assert published == 827.3
    assert report.cost.total > 828.9  # distances are not cut to one decimal


@pytest.mark.parametrize("folder", script.COSTS)
def test_every_file_with_a_published_cost_is_read_with_its_clients(folder: str, shared_data: Path) -> None:
    assert list(script.published(shared_data / folder))


@pytest.mark.parametrize(
    ("folder", "stem", "solver"),
    [
        ("mdvrp_cordeau", "p01", "pyvrp"),
        ("pdptw_li_lim", "lc101", "ortools"),
        ("vrptw_homberger_200", "c2_2_1", "pyvrp"),
        ("tsplib_atsp", "br17", "ortools"),
        ("tsplib_atsp", "ftv33", "pyvrp"),
    ],
)
def test_a_published_cost_is_met_to_the_cent(folder: str, stem: str, solver: str, shared_data: Path) -> None:
    found = {path.stem: (problem, cost) for path, problem, cost in script.published(shared_data / folder)}
    problem, cost = found[stem]
    assert nco.solve(problem, solver, script.Target(cost, 60)).cost() == pytest.approx(cost, abs=script.SLACK)
