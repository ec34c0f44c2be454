"""VRPLIB: what is read, what is written, and the errors that say what VRPLIB cannot express."""

import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

import nco
from nco.problem import ALWAYS
from nco.rounding import ROUNDINGS

DATA = Path(__file__).parent / "data"


def saved(tmp_path: Path, text: str, name: str = "x.vrp") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def windows() -> str:
    return (DATA / "windows.vrp").read_text()


@pytest.fixture
def full_matrix() -> str:
    return (DATA / "full-matrix.vrp").read_text()


def test_every_section_is_read() -> None:
    problem = nco.read(DATA / "windows.vrp")
    assert problem.name == "windows"
    assert problem.depots == (nco.Depot(0, 0, tw=(0, 100)),)
    assert problem.clients[0] == nco.Client(3, 4, delivery=(4,), pickup=(0,), tw=(0, 50), service=1)
    assert problem.clients[3] == nco.Client(2.5, -1, delivery=(0,), pickup=(2,), tw=(5, 90.5), service=4)
    assert problem.vehicle_types == (nco.VehicleType(3, (10,)),)
    assert problem.rounding == "round"


def test_the_rounding_of_the_format_can_be_replaced() -> None:
    problem = nco.read(DATA / "windows.vrp", rounding="none")
    assert problem.rounding == "none"
    assert problem.distance(0, 4) == math.hypot(2.5, 1)
    assert nco.read(DATA / "windows.vrp").distance(0, 4) == 3.0


def test_floor_2d_rounds_down(tmp_path: Path, windows: str) -> None:
    problem = nco.read(saved(tmp_path, windows.replace("EUC_2D", "FLOOR_2D")))
    assert problem.rounding == "trunc"
    assert problem.distance(0, 4) == 2.0


def test_a_full_matrix_keeps_its_direction() -> None:
    problem = nco.read(DATA / "full-matrix.vrp")
    assert problem.distance(0, 3) == 6
    assert problem.distance(3, 0) == 9
    assert problem.duration(3, 0) == 9
    assert not problem.has_coordinates


def test_a_lower_row_is_symmetric() -> None:
    expected = [[0, 2, 4, 6], [2, 0, 3, 5], [4, 3, 0, 7], [6, 5, 7, 0]]
    assert nco.read(DATA / "lower-row.vrp").distance_matrix().tolist() == expected


def test_a_lower_row_may_be_wrapped_anywhere(tmp_path: Path) -> None:
    text = (DATA / "lower-row.vrp").read_text().replace("2\n4 3\n6 5 7", "2 4 3 6\n5 7")
    expected = nco.read(DATA / "lower-row.vrp").distance_matrix()
    assert np.array_equal(nco.read(saved(tmp_path, text)).distance_matrix(), expected)


def test_a_depot_at_another_node_becomes_location_zero(tmp_path: Path, full_matrix: str) -> None:
    text = full_matrix.replace("\n1\n-1", "\n3\n-1").replace("1 0\n2 4\n3 3", "1 3\n2 4\n3 0")
    problem = nco.read(saved(tmp_path, text))
    assert [client.delivery for client in problem.clients] == [(3,), (4,), (5,)]
    assert problem.distance(0, 1) == 2  # node 3 to node 1
    assert problem.distance(3, 0) == 7  # node 4 to node 3


def test_one_service_time_for_all_is_meant_for_clients(tmp_path: Path, full_matrix: str) -> None:
    problem = nco.read(saved(tmp_path, "SERVICE_TIME : 7\n" + full_matrix))
    assert problem.service.tolist() == [0, 7, 7, 7]


def test_a_distance_limit_without_service_limits_the_distance(tmp_path: Path, full_matrix: str) -> None:
    vehicle = nco.read(saved(tmp_path, "DISTANCE : 40\n" + full_matrix)).vehicle_types[0]
    assert (vehicle.max_distance, vehicle.max_duration) == (40, math.inf)


def test_a_distance_limit_with_service_includes_the_service(tmp_path: Path, full_matrix: str) -> None:
    vehicle = nco.read(saved(tmp_path, "DISTANCE : 40\nSERVICE_TIME : 7\n" + full_matrix)).vehicle_types[0]
    assert (vehicle.max_distance, vehicle.max_duration) == (math.inf, 40)


def test_a_distance_limit_beside_windows_limits_the_distance(tmp_path: Path, windows: str) -> None:
    vehicle = nco.read(saved(tmp_path, "DISTANCE : 40\n" + windows)).vehicle_types[0]
    assert (vehicle.max_distance, vehicle.max_duration) == (40, math.inf)


def test_without_vehicles_the_fleet_is_not_limited() -> None:
    assert nco.read(DATA / "full-matrix.vrp").vehicle_types[0].num_available is None


@pytest.mark.parametrize("change", ["bom", "crlf", "cr", "no EOF", "tabs", "colons", "comments", "lower case keys"])
def test_harmless_differences_are_read(change: str, tmp_path: Path, windows: str) -> None:
    changed = {
        "bom": "\ufeff" + windows,
        "crlf": windows.replace("\n", "\r\n"),
        "cr": windows.replace("\n", "\r"),
        "no EOF": windows.replace("EOF\n", ""),
        "tabs": windows.replace(" ", "\t"),
        "colons": windows.replace("_SECTION", "_SECTION :"),
        "comments": "# made by hand\n\n" + windows,
        "lower case keys": windows.replace("DIMENSION", "dimension"),
    }[change]
    path = tmp_path / "x.vrp"
    path.write_bytes(changed.encode())
    problem = nco.read(path)
    assert problem.clients == nco.read(DATA / "windows.vrp").clients


def test_text_after_the_end_mark_is_not_read(tmp_path: Path, windows: str) -> None:
    assert nco.read(saved(tmp_path, windows + "and so on\n")).num_clients == 4


def test_several_faults_are_reported_together_with_their_lines(tmp_path: Path, windows: str) -> None:
    text = windows.replace("VEHICLES", "VEHICELS").replace("2 3 4", "2 x 4").replace("5 0\nBACKHAUL", "BACKHAUL")
    with pytest.raises(nco.NcoError) as raised:
        nco.read(saved(tmp_path, text))
    assert raised.value.codes == ("F007", "F005", "F006")
    assert [fault.where for fault in raised.value.faults] == ["x.vrp, line 5", "x.vrp, line 10", "x.vrp, line 14"]


def test_a_wrong_value_is_reported_with_its_line(tmp_path: Path, windows: str) -> None:
    text = windows.replace("3 10 60", "3 60 10").replace(
        "SERVICE_TIME_SECTION\n1 0\n2 1", "SERVICE_TIME_SECTION\n1 0\n2 -1"
    )
    with pytest.raises(nco.NcoError) as raised:
        nco.read(saved(tmp_path, text))
    places = [fault.where for fault in raised.value.faults]
    assert places == ["x.vrp, line 34, clients[0].service", "x.vrp, line 29, clients[1].tw"]


def test_a_section_of_nonsense_gives_few_faults(tmp_path: Path, windows: str) -> None:
    rows = "".join(f"{k} x y\n" for k in range(1, 5001))
    text = windows.replace("NODE_COORD_SECTION\n", "NODE_COORD_SECTION\n" + rows)
    with pytest.raises(nco.NcoError) as raised:
        nco.read(saved(tmp_path, text))
    assert len(raised.value.faults) < 20


@pytest.mark.parametrize("name", ["windows.vrp", "full-matrix.vrp", "lower-row.vrp", "solomon.txt"])
def test_what_is_written_reads_back_the_same(name: str, tmp_path: Path) -> None:
    problem = nco.read(DATA / name)
    nco.write(problem, tmp_path / "copy.vrp")
    copy = nco.read(tmp_path / "copy.vrp")
    assert (copy.name, copy.depots, copy.clients) == (problem.name, problem.depots, problem.clients)
    assert copy.vehicle_types == problem.vehicle_types
    assert np.array_equal(copy.distance_matrix(), problem.distance_matrix())


@pytest.mark.parametrize("limit", ["max_distance", "max_duration"])
@pytest.mark.parametrize("service", [0, 3])
def test_a_route_limit_is_written_where_the_format_means_it(limit: str, service: float, tmp_path: Path) -> None:
    problem = nco.Problem(
        (nco.Depot(0, 0),),
        (nco.Client(3, 4, (1,), service=service),),
        (nco.VehicleType(capacity=(5,), **{limit: 40.5}),),
        rounding="round",
    )
    if (limit == "max_duration") == bool(service):
        nco.write(problem, tmp_path / "x.vrp")
        assert nco.read(tmp_path / "x.vrp").vehicle_types == problem.vehicle_types
    else:
        with pytest.raises(nco.NcoError, match=limit):
            nco.write(problem, tmp_path / "x.vrp")


@pytest.mark.parametrize("rounding", ["none", "round", "trunc", "ceil", "dimacs", "exact"])
def test_distances_survive_whatever_their_rounding(rounding: str, tmp_path: Path) -> None:
    problem = nco.read(DATA / "windows.vrp", rounding=rounding)  # type: ignore[arg-type]
    nco.write(problem, tmp_path / "x.vrp")
    copy = nco.read(tmp_path / "x.vrp")
    assert np.array_equal(copy.distance_matrix(), problem.distance_matrix())
    assert np.array_equal(copy.xy, problem.xy)


def test_a_name_cannot_add_lines_to_the_file(tmp_path: Path) -> None:
    problem = replace(nco.read(DATA / "windows.vrp"), name="a\nCAPACITY : 1")
    nco.write(problem, tmp_path / "x.vrp")
    assert nco.read(tmp_path / "x.vrp").vehicle_types[0].capacity == (10,)


def test_everything_that_cannot_be_expressed_is_named(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.write(nco.read(DATA / "everything.json"), tmp_path / "x.vrp")
    assert raised.value.codes == ("F013",)
    text = str(raised.value)
    for what in ("several depots", "several vehicle types", "several profiles", "2 dimensions", "fixed_cost"):
        assert what in text
    for what in ("reload_depots", "preference of", "optional clients", "backhaul='last'", "shipments", "'max'"):
        assert what in text
    assert not (tmp_path / "x.vrp").exists()


def test_durations_that_differ_from_distances_cannot_be_expressed(tmp_path: Path) -> None:
    problem = nco.read(DATA / "full-matrix.vrp")
    profile = nco.Profile(problem.distance_matrix(), 2 * problem.distance_matrix())
    with pytest.raises(nco.NcoError, match="durations"):
        nco.write(replace(problem, profiles=(profile,)), tmp_path / "x.vrp")


def test_an_endless_window_beside_others_cannot_be_expressed(tmp_path: Path) -> None:
    problem = nco.read(DATA / "windows.vrp")
    with pytest.raises(nco.NcoError, match="time window without an end"):
        nco.write(replace(problem, depots=(nco.Depot(0, 0, ALWAYS),)), tmp_path / "x.vrp")


def test_some_coordinates_beside_a_matrix_cannot_be_expressed(tmp_path: Path) -> None:
    problem = nco.read(DATA / "full-matrix.vrp")
    with pytest.raises(nco.NcoError, match="coordinates of some places"):
        nco.write(replace(problem, depots=(nco.Depot(0, 0),)), tmp_path / "x.vrp")


def test_ten_thousand_clients_are_read_in_two_seconds(tmp_path: Path) -> None:
    size = 10_001
    rng = np.random.default_rng(1)
    xy, demand = rng.integers(0, 10_000, (size, 2)), rng.integers(1, 10, size)
    lines = ["NAME : large", "TYPE : CVRP", f"DIMENSION : {size}", "CAPACITY : 100", "EDGE_WEIGHT_TYPE : EUC_2D"]
    lines += ["NODE_COORD_SECTION", *(f"{k + 1} {x} {y}" for k, (x, y) in enumerate(xy))]
    lines += ["DEMAND_SECTION", "1 0", *(f"{k + 1} {demand[k]}" for k in range(1, size))]
    path = saved(tmp_path, "\n".join([*lines, "DEPOT_SECTION", "1", "-1", "EOF"]))
    began = time.process_time()  # of this process: others may be busy
    problem = nco.read(path)
    assert time.process_time() - began < 2.0
    assert problem.num_clients == size - 1
    assert np.array_equal(problem.xy, xy)


@st.composite
def expressible(draw: DrawFn) -> nco.Problem:
    """Any problem that VRPLIB has words for."""
    n, timed = draw(st.integers(1, 4)), draw(st.booleans())
    quantity = st.one_of(st.integers(0, 10**6).map(float), st.floats(0, 1e12))
    place = st.one_of(st.integers(-1000, 1000).map(float), st.floats(-1e11, 1e11))
    served, picked = draw(st.booleans()), draw(st.booleans())

    def window() -> tuple[float, float]:
        opens = draw(quantity)
        return (opens, draw(st.floats(opens, 1e13))) if timed else ALWAYS

    clients = tuple(
        nco.Client(
            draw(place),
            draw(place),
            (draw(quantity),),
            (draw(quantity),) if picked else (),
            window(),
            draw(quantity) if served else 0.0,
        )
        for _ in range(n)
    )
    matrix = None
    if draw(st.booleans()):
        matrix = np.array(draw(st.lists(quantity, min_size=(n + 1) ** 2, max_size=(n + 1) ** 2))).reshape(n + 1, -1)
        np.fill_diagonal(matrix, 0)
    kind = "max_duration" if any(c.service for c in clients) and not timed else "max_distance"
    vehicle = nco.VehicleType(
        draw(st.none() | st.integers(1, 99)),
        (draw(quantity),),
        **{kind: draw(st.one_of(st.just(np.inf), st.floats(0.01, 1e12)))},
    )
    return nco.Problem(
        (nco.Depot(draw(place), draw(place), window()),),
        clients,
        (vehicle,),
        (nco.Profile(matrix),),
        draw(st.sampled_from(list(ROUNDINGS))),
        name=draw(st.text("abc-01", max_size=5)),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(problem=expressible())
def test_any_problem_that_can_be_expressed_reads_back_the_same(problem: nco.Problem, tmp_path: Path) -> None:
    nco.write(problem, tmp_path / "x.vrp")
    copy = nco.read(tmp_path / "x.vrp")
    assert (copy.name, copy.depots, copy.vehicle_types) == (problem.name, problem.depots, problem.vehicle_types)
    for quantity in ("xy", "delivery", "pickup", "tw", "service"):
        expected, found = getattr(problem, quantity), getattr(copy, quantity)
        assert np.array_equal(found, expected) or (quantity == "pickup" and not expected.any() and not found.any())
    assert np.array_equal(copy.distance_matrix(), problem.distance_matrix())
    assert np.array_equal(copy.duration_matrix(), problem.duration_matrix())
