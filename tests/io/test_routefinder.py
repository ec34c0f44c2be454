"""RouteFinder's sets: problems, tours, and the errors of broken archives; references judged at their cost."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nco
from nco.io import read_set
from nco.io.routefinder import AXES, RoutefinderSet, read_tour


def arrays(**changes: Any) -> dict[str, np.ndarray]:
    """Two problems with two depots and three clients that have everything; None leaves an array out."""
    rng = np.random.default_rng(1)
    opens = rng.random((2, 5))
    data = {
        "locs": rng.random((2, 5, 2)).astype(np.float32),
        "demand_linehaul": np.array([[0.5, 0, 0.25], [0.1, 0.2, 0]], dtype=np.float32),
        "demand_backhaul": np.array([[0, 0.5, 0], [0, 0, 0.3]], dtype=np.float32),
        "backhaul_class": np.array([[1], [2]]),
        "vehicle_capacity": np.ones((2, 1)),
        "speed": np.full((2, 1), 2.0),
        "open_route": np.array([[False], [True]]),
        "time_windows": np.stack([opens, opens + 1], axis=-1),
        "service_time": np.array([[0, 0, 0.25, 0.5, 0.75]] * 2),
        "distance_limit": np.array([[2.5], [np.inf]]),
        "num_depots": np.array([[2], [2]]),
    }
    return {key: value for key, value in {**data, **changes}.items() if value is not None}


def saved(tmp_path: Path, **changes: Any) -> Path:
    np.savez(tmp_path / "2.npz", **arrays(**changes))
    return tmp_path / "2.npz"


def codes(path: Path) -> tuple[str, ...]:
    with pytest.raises(nco.NcoError) as raised:
        read_set(path)
    assert all(fault.where.startswith(path.name) for fault in raised.value.faults)
    return raised.value.codes


def test_a_set_is_a_sequence_of_problems(tmp_path: Path) -> None:
    problems = read_set(saved(tmp_path))
    assert len(problems) == 2
    assert [problem.name for problem in problems] == ["2#0", "2#1"]
    assert problems[-1].name == "2#1"
    assert [problem.name for problem in problems[:1]] == ["2#0"]
    with pytest.raises(IndexError, match="the set has 2"):
        _ = problems[2]


def test_every_array_arrives_where_it_belongs(tmp_path: Path) -> None:
    data = arrays()
    first, second = read_set(saved(tmp_path))
    assert np.array_equal(first.xy, data["locs"][0])
    assert first.delivery[:, 0].tolist() == [0.5, 0, 0.25]
    assert first.pickup[:, 0].tolist() == [0, 0.5, 0]
    assert (first.backhaul, second.backhaul) == ("last", "mixed")
    assert np.array_equal(first.tw, data["time_windows"][0])
    assert first.service.tolist() == [0, 0, 0.25, 0.5, 0.75]
    assert [(v.start_depot, v.end_depot) for v in first.vehicle_types] == [(0, 0), (1, 1)]
    assert [(v.start_depot, v.end_depot) for v in second.vehicle_types] == [(0, None), (1, None)]
    assert {(v.capacity, v.speed, v.max_distance) for v in first.vehicle_types} == {((1,), 2, 2.5)}
    assert second.vehicle_types[0].max_distance == np.inf


def test_what_is_left_out_is_neutral(tmp_path: Path) -> None:
    kept = {key: None for key in arrays() if key not in ("locs", "demand_linehaul")}
    problem = read_set(saved(tmp_path, **kept))[0]
    assert problem.vehicle_types[0] == nco.VehicleType(capacity=(1,))
    assert problem.clients[0].tw == (0, np.inf)
    assert not problem.pickup.any()


def test_a_giant_tour_becomes_routes(tmp_path: Path) -> None:
    problem = read_set(saved(tmp_path))[0]
    assert read_tour(problem, [1, 3, 2, 0, 4, 0, 0]).routes == (nco.Route((3, 2), 1), nco.Route((4,), 0))
    assert read_tour(problem, [2, 0, 3, 4, 0]).routes == (nco.Route((2,), 0), nco.Route((3, 4), 0))


def test_a_tour_to_nowhere_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        read_tour(read_set(saved(tmp_path))[0], [1, 9])
    assert raised.value.codes == ("S201",)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"locs": None}, "F004"),
        ({"demand_linehaul": None}, "F004"),
        ({"demand_linehall": np.zeros((2, 3))}, "F007"),
        ({"speed": np.ones((3, 1))}, "F006"),
        ({"service_time": np.ones((2, 3))}, "F006"),
        ({"locs": np.zeros((2, 5))}, "F006"),
        ({"locs": np.zeros((2, 3, 2)), "time_windows": None, "service_time": None, "num_depots": None}, "F006"),
        ({"num_depots": np.array([[1], [1]])}, "F006"),
        ({"locs": np.full((2, 5, 2), "x")}, "F005"),
        ({"locs": np.full((2, 5, 2), None)}, "F005"),  # would be pickled
    ],
)
def test_a_broken_set_is_answered_by_its_code(changes: dict[str, Any], code: str, tmp_path: Path) -> None:
    assert codes(saved(tmp_path, **changes)) == (code,)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"backhaul_class": np.array([[3], [1]])}, "F005"),
        ({"time_windows": np.zeros((2, 5, 2)) - [0, 1]}, "P107"),
        ({"demand_linehaul": -np.ones((2, 3))}, "P105"),
        ({"locs": np.full((2, 5, 2), np.nan)}, "P116"),
    ],
)
def test_a_broken_problem_is_answered_when_it_is_asked_for(changes: dict[str, Any], code: str, tmp_path: Path) -> None:
    problems = read_set(saved(tmp_path, **changes))
    with pytest.raises(nco.NcoError) as raised:
        _ = problems[0]
    assert code in raised.value.codes


@settings(max_examples=40, deadline=None)
@given(content=st.binary(max_size=100))
def test_any_bytes_are_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("bytes") / "x.npz"
    path.write_bytes(content)
    with pytest.raises(nco.NcoError):
        read_set(path)
    path.write_bytes(b"PK\x03\x04" + content)
    with pytest.raises(nco.NcoError):
        read_set(path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_set_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(saved(tmp_path).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged.npz").write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(nco.NcoError):
        assert read_set(tmp_path / "damaged.npz")[0].num_clients == 3


def test_a_missing_file_and_another_suffix_are_errors(tmp_path: Path) -> None:
    assert codes(tmp_path / "none.npz") == ("F001",)
    with pytest.raises(nco.NcoError, match="routefinder") as raised:
        read_set(tmp_path / "x.vrp")
    assert raised.value.codes == ("F002",)


def test_read_names_the_way_to_read_a_set(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError, match="read_set") as raised:
        nco.read(saved(tmp_path))
    assert raised.value.codes == ("F002",)


def test_reference_solutions_of_every_set_are_judged_as_marked(shared_data: Path) -> None:
    """Five problems of each of the sets; scripts/check_routefinder.py judges all."""
    folder = shared_data / "routefinder_val"
    index = json.loads((folder / "index.json").read_text())["index"]
    assert len(index) == 96
    with np.load(folder / "arrays.npz") as store:
        for name, entry in index.items():
            data = {key: store[value] for key, value in entry.items() if isinstance(value, str)}
            problems = RoutefinderSet({key: data[key] for key in data.keys() & AXES.keys()}, name)
            for k in np.linspace(0, len(problems) - 1, 5).astype(int):
                report = nco.check(problems[k], read_tour(problems[k], data["actions_pyvrp"][k]))
                assert report.cost.total == pytest.approx(data["cost_pyvrp"][k], rel=1e-6), (name, k)
                assert report.is_feasible() == data["feasible_pyvrp"][k], (name, k)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), count=st.integers(1, 3), depots=st.integers(1, 3), n=st.integers(1, 4))
def test_any_arrays_written_by_numpy_are_read(
    data: st.DataObject, count: int, depots: int, n: int, tmp_path: Path
) -> None:
    sizes: dict[int | str, int] = {"N": depots + n, "n": n, 1: 1, 2: 2}
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    given = {key: rng.random((count, *(sizes[axis] for axis in axes))) for key, axes in AXES.items()}
    given |= {"backhaul_class": rng.integers(1, 3, (count, 1)), "num_depots": np.full((count, 1), depots)}
    given |= {"open_route": rng.random((count, 1)) < 0.5, "time_windows": np.sort(given["time_windows"], axis=-1)}
    given["service_time"][:, :depots] = 0
    linehaul = rng.random((count, n)) < 0.5
    given["demand_linehaul"][~linehaul], given["demand_backhaul"][linehaul] = 0, 0
    optional = data.draw(st.sets(st.sampled_from(sorted(AXES.keys() - {"locs", "demand_linehaul"}))))
    np.savez(tmp_path / "any.npz", **{key: array for key, array in given.items() if key not in optional})
    for k, problem in enumerate(read_set(tmp_path / "any.npz")):
        kept = {key: array[k] for key, array in given.items() if key not in optional}
        assert np.array_equal(problem.xy, kept["locs"])
        assert np.array_equal(problem.delivery[:, 0], kept["demand_linehaul"])
        assert np.array_equal(problem.pickup[:, 0], kept.get("demand_backhaul", np.zeros(n)))
        assert np.array_equal(problem.service, kept.get("service_time", np.zeros(depots + n)))
        if "time_windows" in kept:
            assert np.array_equal(problem.tw, kept["time_windows"])
        for depot, vehicle in enumerate(problem.vehicle_types):
            assert vehicle.capacity == (kept.get("vehicle_capacity", [1.0])[0],)
            assert vehicle.speed == kept.get("speed", [1.0])[0]
            assert vehicle.max_distance == kept.get("distance_limit", [np.inf])[0]
            assert (vehicle.end_depot is None) == bool(kept.get("open_route", [False])[0])
            assert vehicle.start_depot == depot


@given(routes=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), max_size=4), padding=st.integers(0, 5))
def test_any_routes_come_back_from_a_giant_tour(routes: list[tuple[int, int]], padding: int) -> None:
    problem = RoutefinderSet(
        {"locs": np.random.default_rng(1).random((1, 15, 2)), "demand_linehaul": np.ones((1, 12))}
    )[0]
    clients = iter(range(3, 15))
    wanted = [nco.Route(tuple(next(clients) for _ in range(length)), depot) for depot, length in routes]
    tour = [place for route in wanted for place in (route.vehicle_type, *route.visits)]
    assert read_tour(problem, tour + [0] * padding).routes == tuple(wanted)
