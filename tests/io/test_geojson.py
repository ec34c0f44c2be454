"""GeoJSON: what a map shows of a result."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_problems import random_problem, random_routes

import nco

Judged = Callable[..., nco.Result]


def written(result: nco.Result, tmp_path: Path) -> list[dict[str, Any]]:
    nco.write(result, tmp_path / "x.geojson")
    data = json.loads((tmp_path / "x.geojson").read_text())
    assert data["type"] == "FeatureCollection"
    features: list[dict[str, Any]] = data["features"]
    return features


def test_a_route_is_a_line_from_depot_to_depot(square: nco.Problem, judged: Judged, tmp_path: Path) -> None:
    first, second, *_ = written(judged(square, [[1, 2], [3, 4]]), tmp_path)
    assert first["geometry"] == {"type": "LineString", "coordinates": [[0, 0], [1, 1], [1, -1], [0, 0]]}
    assert first["properties"]["clients"] == 2
    assert second["properties"]["route"] == 1


def test_an_open_route_ends_at_its_last_client(square: nco.Problem, judged: Judged, tmp_path: Path) -> None:
    problem = replace(square, vehicle_types=(nco.VehicleType(capacity=(4,), end_depot=None),))
    line = written(judged(problem, [[1, 2, 3, 4]]), tmp_path)[0]
    assert line["geometry"]["coordinates"][-1] == [-1, 1]


def test_a_stop_is_a_point_with_its_times(timed: nco.Problem, judged: Judged, tmp_path: Path) -> None:
    points = [f for f in written(judged(timed, [[1, 2], [3]]), tmp_path) if f["geometry"]["type"] == "Point"]
    kinds = [point["properties"]["kind"] for point in points]
    assert kinds == ["depot", "client", "client", "depot", "depot", "client", "depot"]
    late = points[2]
    assert late["geometry"]["coordinates"] == [20, 0]
    assert (late["properties"]["name"], late["properties"]["start"], late["properties"]["load"]) == ("late", 60, [0])


def test_a_client_left_out_is_a_point_with_the_reason(square: nco.Problem, judged: Judged, tmp_path: Path) -> None:
    result = judged(square, [[1, 2], [3]])
    (left,) = [f["properties"] for f in written(result, tmp_path) if f["properties"]["kind"] == "unassigned"]
    assert (left["location"], left["rule"]) == (4, result.unassigned[0].rule)


def test_violations_are_on_the_line(square: nco.Problem, judged: Judged, tmp_path: Path) -> None:
    line = written(judged(square, [[1, 2, 3], [4]]), tmp_path)[0]
    assert "capacity" in line["properties"]["violations"][0]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_every_stop_of_every_route_is_there(seed: int, tmp_path: Path) -> None:
    problem = random_problem(seed)
    report = nco.check(problem, random_routes(problem, seed))
    features = written(nco.Result(problem, report, "hand", 0.1, 1, 1), tmp_path)
    lines = [f for f in features if f["properties"]["kind"] == "route"]
    assert len(lines) == len(report.schedules)
    for line, schedule in zip(lines, report.schedules, strict=True):
        places = [f for f in features if f["properties"].get("position") is not None]
        mine = [f for f in places if f["properties"]["route"] == line["properties"]["route"]]
        assert [f["properties"]["location"] for f in mine] == [stop.location for stop in schedule.stops]
        assert [f["geometry"]["coordinates"] for f in mine] == line["geometry"]["coordinates"]
    costs = [line["properties"]["cost"] for line in lines]
    assert sum(costs) == pytest.approx(report.cost.total - report.cost.prizes)


def test_without_coordinates_there_is_no_map(judged: Judged, tmp_path: Path) -> None:
    problem = nco.Problem(
        (nco.Depot(),), (nco.Client(),), (nco.VehicleType(),), (nco.Profile(distance=np.array([[0.0, 1], [1, 0]])),)
    )
    for thing in (judged(problem, [[1]]), nco.Solution((nco.Route((1,)),))):
        with pytest.raises(nco.NcoError) as raised:
            nco.write(thing, tmp_path / "x.geojson")
        assert raised.value.codes == ("F013",)


def test_geojson_is_not_read_as_a_problem(square: nco.Problem, judged: Judged, tmp_path: Path) -> None:
    written(judged(square, [[1]]), tmp_path)
    with pytest.raises(nco.NcoError) as raised:
        nco.read(tmp_path / "x.geojson")
    assert raised.value.codes == ("F002",)
