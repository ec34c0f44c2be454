"""nco's own JSON: everything a problem can hold goes through a file and comes back exactly."""

import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from pydantic import BaseModel
from random_problems import random_problem, random_routes

import nco
from nco.checker import check
from nco.io import schema
from nco.io.schema import problem_schema
from nco.problem import ALWAYS
from nco.rounding import ROUNDINGS

DATA = Path(__file__).parent / "data"
DOCS = Path(__file__).parents[2] / "docs"

quantity = st.one_of(st.integers(0, 1000), st.floats(0, 1e12))
coordinate = st.one_of(st.integers(-1000, 1000), st.floats(-1e12, 1e12))
limit = st.one_of(st.just(math.inf), quantity)


@st.composite
def windows(draw: DrawFn) -> tuple[float, float]:
    opens = draw(quantity)
    return (opens, draw(st.one_of(st.just(math.inf), st.floats(opens, 1e13))))


@st.composite
def matrices(draw: DrawFn, size: int) -> np.ndarray:
    rows = [draw(st.lists(quantity, min_size=size, max_size=size)) for _ in range(size)]
    matrix = np.array(rows, dtype=float)
    np.fill_diagonal(matrix, 0)
    return matrix


@st.composite
def problems(draw: DrawFn) -> nco.Problem:
    """Any problem: several depots, vehicle types and profiles, every field of each."""
    num_depots, n, num_profiles = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 2))
    dimensions, backhaul = draw(st.integers(0, 2)), draw(st.sampled_from(["mixed", "last"]))
    load = st.lists(quantity, max_size=dimensions).map(tuple)
    names = iter(draw(st.lists(st.text(min_size=1, max_size=5), min_size=20, max_size=20, unique=True)))
    depot = st.integers(0, num_depots - 1)

    def name() -> str:
        return next(names) if draw(st.booleans()) else ""

    clients = []
    for _ in range(n):
        delivers = backhaul == "mixed" or draw(st.booleans())
        picks = backhaul == "mixed" or not delivers
        clients.append(
            nco.Client(
                draw(coordinate),
                draw(coordinate),
                draw(load) if delivers else (),
                draw(load) if picks else (),
                draw(windows()),
                draw(quantity),
                draw(st.booleans()),
                draw(quantity),
                name(),
            )
        )
    vehicle_types = tuple(
        nco.VehicleType(
            draw(st.none() | st.integers(1, 9)),
            tuple(draw(st.lists(quantity, min_size=dimensions, max_size=dimensions))),
            draw(depot),
            draw(st.none() | depot),
            draw(quantity),
            draw(quantity),
            draw(quantity),
            draw(st.floats(0.01, 100)),
            draw(windows()),
            draw(limit),
            draw(limit),
            tuple(draw(st.lists(depot, max_size=2))),
            draw(st.none() | st.integers(0, 3)),
            draw(st.integers(0, num_profiles - 1)),
            name(),
        )
        for _ in range(draw(st.integers(1, 3)))
    )
    shipments = []
    for required in (True, False):  # both ends of a shipment are the one or the other
        order = draw(st.permutations([k for k in range(n) if clients[k].required == required]))
        shipments += [
            nco.Shipment(*order[2 * k : 2 * k + 2], draw(load)) for k in range(draw(st.integers(0, len(order) // 2)))
        ]
    preference = st.lists(st.floats(0, 1), min_size=n, max_size=n).map(np.array)
    allowed = st.lists(st.booleans(), min_size=n, max_size=n).map(np.array)
    profiles = tuple(
        nco.Profile(
            draw(st.none() | matrices(num_depots + n)),
            draw(st.none() | matrices(num_depots + n)),
            draw(st.none() | preference),
            draw(st.none() | allowed),
            name(),
        )
        for _ in range(num_profiles)
    )
    return nco.Problem(
        tuple(nco.Depot(draw(coordinate), draw(coordinate), draw(windows()), name()) for _ in range(num_depots)),
        tuple(clients),
        vehicle_types,
        profiles,
        draw(st.sampled_from(list(ROUNDINGS))),
        backhaul,
        draw(quantity),
        draw(st.text(max_size=5)),
        tuple(shipments),
        draw(st.sampled_from(["sum", "max"])),
    )


def same(first: Any, second: Any) -> bool:
    """Equality of problems, arrays compared entry by entry."""
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return np.array_equal(first, second) and first.dtype == second.dtype
    if isinstance(first, nco.Problem | nco.Profile):
        return all(same(getattr(first, f.name), getattr(second, f.name)) for f in fields(first))
    if isinstance(first, tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(problem=problems())
def test_any_problem_reads_back_exactly(problem: nco.Problem, tmp_path: Path) -> None:
    nco.write(problem, tmp_path / "x.json")
    assert same(nco.read(tmp_path / "x.json"), problem)


def test_an_example_with_every_field_reads_back_exactly(tmp_path: Path) -> None:
    problem = nco.read(DATA / "everything.json")
    assert problem.clients[0].tw == (5, math.inf)
    assert problem.vehicle_types[1].end_depot is None
    assert problem.profiles[1].allowed is not None
    nco.write(problem, tmp_path / "x.json")
    assert same(nco.read(tmp_path / "x.json"), problem)


def test_no_limit_is_written_as_null_never_as_infinity(tmp_path: Path) -> None:
    nco.write(nco.read(DATA / "everything.json"), tmp_path / "x.json")
    text = (tmp_path / "x.json").read_text()
    assert "Infinity" not in text
    assert '"tw": [5.0, null]' in text


@pytest.mark.parametrize("key", ["max_distance", "max_duration"])
def test_null_as_a_limit_is_no_limit(key: str, tmp_path: Path) -> None:
    data = json.loads((DATA / "everything.json").read_text())
    data["vehicle_types"][1][key] = None
    (tmp_path / "x.json").write_text(json.dumps(data))
    assert getattr(nco.read(tmp_path / "x.json").vehicle_types[1], key) == math.inf


def test_numpy_numbers_are_written(tmp_path: Path) -> None:
    client = nco.Client(np.float32(1.5), np.int64(2), (np.int32(3),), tw=(np.float64(0), np.float64(np.inf)))  # type: ignore[arg-type]
    problem = nco.Problem((nco.Depot(0, 0),), (client,), (nco.VehicleType(np.int64(2), (5,)),))  # type: ignore[arg-type]
    nco.write(problem, tmp_path / "x.json")
    assert nco.read(tmp_path / "x.json").clients == (nco.Client(1.5, 2, (3,), tw=ALWAYS),)


def test_the_rounding_of_the_file_can_be_replaced() -> None:
    assert nco.read(DATA / "everything.json").rounding == "exact"
    assert nco.read(DATA / "everything.json", rounding="none").rounding == "none"


@pytest.mark.parametrize(
    ("model", "described"),
    [
        (schema.DepotData, nco.Depot),
        (schema.ClientData, nco.Client),
        (schema.VehicleTypeData, nco.VehicleType),
        (schema.ProfileData, nco.Profile),
        (schema.ShipmentData, nco.Shipment),
    ],
)
def test_every_field_of_a_dataclass_has_its_key_and_default(model: type[BaseModel], described: type) -> None:
    needed = {"pickup": 0, "delivery": 1} if described is nco.Shipment else {}
    blank, default = model(**needed), described(**needed)
    assert list(model.model_fields) == [field.name for field in fields(described)]
    assert {name: getattr(blank, name) for name in model.model_fields} == {
        name: getattr(default, name) for name in model.model_fields
    }


def test_every_field_of_a_problem_has_its_key() -> None:
    keys = set(schema.ProblemData.model_fields) - {"format", "version"}
    assert keys == {field.name for field in fields(nco.Problem)}


def test_the_published_schema_is_current() -> None:
    published = (DOCS / "schema" / "nco-problem-1.json").read_text()
    assert published == json.dumps(problem_schema(), indent=2) + "\n", "write this text to the file"


def test_all_faults_of_a_file_are_reported_with_their_paths(tmp_path: Path) -> None:
    data = json.loads((DATA / "everything.json").read_text())
    data["clients"][1]["servise"] = 3
    data["depots"][0]["x"] = "east"
    data["vehicle_types"][0]["capacity"] = [1, None]
    (tmp_path / "x.json").write_text(json.dumps(data))
    with pytest.raises(nco.NcoError) as raised:
        nco.read(tmp_path / "x.json")
    assert [(fault.code, fault.where) for fault in raised.value.faults] == [
        ("F005", "x.json, depots[0].x"),
        ("F007", "x.json, clients[1].servise"),
        ("F005", "x.json, vehicle_types[0].capacity[1]"),
    ]
    assert "Did you mean 'service'" in str(raised.value)


def test_a_matrix_of_text_gives_few_faults(tmp_path: Path) -> None:
    data = json.loads((DATA / "everything.json").read_text())
    data["profiles"][1]["distance"] = [["far"] * 300] * 300
    (tmp_path / "x.json").write_text(json.dumps(data))
    with pytest.raises(nco.NcoError) as raised:
        nco.read(tmp_path / "x.json")
    assert len(raised.value.faults) <= 300


def test_a_result_is_written_whole_and_its_routes_read_back(tmp_path: Path) -> None:
    problem = nco.read(DATA / "everything.json")
    routes = [nco.Route((2, 1, 4), 0), nco.Route((3,), 1)]
    result = nco.Result(problem, check(problem, routes), "hand", 0.5, 3, 1, ((0.1, math.inf), (0.2, 30.0)))
    nco.write(result, tmp_path / "x.json")
    data = json.loads((tmp_path / "x.json").read_text())
    assert data["format"] == "nco-solution"
    assert set(data) == set(result.to_dict())
    assert data["history"] == [[0.1, None], [0.2, 30.0]]
    assert nco.read_solution(tmp_path / "x.json", problem).routes == tuple(routes)


def test_routes_alone_are_written_and_read_back(tmp_path: Path) -> None:
    problem = nco.read(DATA / "everything.json")
    solution = nco.Solution((nco.Route((2, 1, 4), 1), nco.Route((3,), 0)))
    nco.write(solution, tmp_path / "x.json")
    assert nco.read_solution(tmp_path / "x.json", problem) == solution


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_the_routes_of_any_result_read_back_the_same(seed: int, tmp_path: Path) -> None:
    problem = random_problem(seed)
    result = nco.Result(problem, check(problem, random_routes(problem, seed)), "hand", 0.1, 1, 1)
    for thing in (result, result.report.solution):
        nco.write(thing, tmp_path / "x.json")
        assert nco.read_solution(tmp_path / "x.json", problem) == result.report.solution
