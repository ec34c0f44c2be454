"""The registry of formats and its page in the documentation."""

import json
import re
from pathlib import Path

import pytest

import nco
from nco.io import schema, tsplib, vrplib
from nco.io.formats import (
    PROBLEM_READERS,
    PROBLEM_WRITERS,
    SET_READERS,
    SOLUTION_READERS,
    SOLUTION_WRITERS,
    recognise,
)
from nco.io.routefinder import AXES
from nco.io.weights import LAYOUTS, TYPES
from nco.rounding import ROUNDINGS

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()


@pytest.mark.parametrize(
    ("formats", "task"),
    [
        (PROBLEM_READERS, "read_problem"),
        (PROBLEM_WRITERS, "write_problem"),
        (SET_READERS, "read_set"),
        (SOLUTION_READERS, "read_solution"),
        (SOLUTION_WRITERS, "write_solution"),
    ],
)
def test_every_format_does_what_it_is_listed_for(formats: tuple, task: str) -> None:
    assert all(callable(getattr(candidate.module, task)) for candidate in formats)


def test_content_counts_before_the_suffix() -> None:
    assert recognise("DIMENSION : 5\n", ".json", PROBLEM_READERS).name == "vrplib"
    assert recognise('\n {"a": 1}', ".vrp", PROBLEM_READERS).name == "nco-json"
    assert recognise("nothing", ".JSON", PROBLEM_READERS).name == "nco-json"


def test_the_page_names_every_format_rounding_and_entry() -> None:
    for known in {*PROBLEM_READERS, *PROBLEM_WRITERS, *SET_READERS, *SOLUTION_READERS, *SOLUTION_WRITERS}:
        assert known.name in PAGE
    assert all(f"\n| {name} |" in PAGE for name in ROUNDINGS)
    assert all(re.search(rf"\n\|[^|]*\b{key}\b[^|]*\|", PAGE) for key in {*vrplib.KEYS, *tsplib.KEYS, *TYPES})
    assert all(f"\n| {name}_SECTION |" in PAGE for name in {*vrplib.SECTIONS, *tsplib.SECTIONS})
    assert all(layout in PAGE for layout in LAYOUTS)
    assert all(re.search(rf"\n\|[^\n]*\b{array}\b", PAGE) for array in AXES)


@pytest.mark.parametrize(
    "model", [schema.DepotData, schema.ClientData, schema.VehicleTypeData, schema.ProfileData, schema.ShipmentData]
)
def test_the_page_names_every_key(model: type) -> None:
    table = PAGE[PAGE.index("## nco's own JSON") : PAGE.index("## VRPLIB")]
    assert all(re.search(rf"\|[^|]*\b{key}\b[^|]*\|", table) for key in model.model_fields)  # type: ignore[attr-defined]


def test_the_example_problem_of_the_page_is_read(tmp_path: Path) -> None:
    example, solution = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "x.json").write_text(example)
    (tmp_path / "y.json").write_text(solution)
    problem = nco.read(tmp_path / "x.json")
    assert problem.num_clients == len(json.loads(example)["clients"])
    assert nco.check(problem, nco.read_solution(tmp_path / "y.json", problem)).solution.routes == (nco.Route((2, 1)),)
