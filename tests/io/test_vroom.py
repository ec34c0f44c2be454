"""VROOM's JSON: what is read, what is written, what comes back, and what each side has no words for."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from random_problems import random_problem, random_routes

import nco
from nco.io.vroom_reader import ceiling
from nco.problem import ALWAYS

DATA = Path(__file__).parent / "data"


def example() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / "vroom.json").read_text())
    return data


def read(data: dict[str, Any], tmp_path: Path) -> nco.Problem:
    (tmp_path / "in.json").write_text(json.dumps(data))
    return nco.read(tmp_path / "in.json")


def faults(data: dict[str, Any], tmp_path: Path) -> list[tuple[str, str]]:
    with pytest.raises(nco.NcoError) as raised:
        read(data, tmp_path)
    return [(fault.code, fault.where.removeprefix("in.json, ")) for fault in raised.value.faults]


def test_jobs_and_the_ends_of_shipments_become_clients() -> None:
    problem = nco.read(DATA / "vroom.json")
    assert [client.name for client in problem.clients] == ["1", "2", "pickup 1", "delivery 3"]
    assert problem.clients[0] == nco.Client(1.99, 48.70, (1,), tw=(3600, 36000), service=300, name="1")
    assert problem.clients[1].pickup == (2,)
    assert problem.clients[2].service == 60
    assert problem.shipments == (nco.Shipment(2, 3, (1,)),)


def test_vehicles_become_types_of_one_and_their_ends_depots() -> None:
    problem = nco.read(DATA / "vroom.json")
    assert [(depot.x, depot.y) for depot in problem.depots] == [(2.35, 48.72), (None, None)]
    van, bike = problem.vehicle_types
    assert van == nco.VehicleType(1, (4,), 0, 0, tw=(0, 43200), profile=0, name="7")
    assert (bike.start_depot, bike.end_depot, bike.fixed_cost, bike.speed) == (1, None, 100, 1.25)
    assert bike.unit_distance_cost == 7200 / 3600 / 1.25


def test_skills_become_the_clients_that_a_profile_allows() -> None:
    problem = nco.read(DATA / "vroom.json")
    assert problem.profiles[0].allowed is None
    assert problem.profiles[1].allowed is not None
    assert problem.profiles[1].allowed.tolist() == [False, True, True, True]


def test_the_cost_is_that_of_travel_alone() -> None:
    problem = nco.read(DATA / "vroom.json")
    cost = nco.check(problem, [nco.Route((2, 4, 5), 0), nco.Route((3,), 1)]).cost
    van = 100 + 0 + 90 + 210  # waiting until 3600 and 360 of service cost nothing
    assert cost.total == pytest.approx(van + 100 + 225 / 1.25 * 2)


def test_a_task_with_a_priority_may_be_left_out_for_more_than_any_solution_costs() -> None:
    problem = nco.read(DATA / "vroom.json")
    assert problem.required.tolist() == [True, False, True, True]
    assert problem.prizes.tolist() == [0, 11 * ceiling(problem), 0, 0]
    everything = [nco.Route((2, 4, 5), 0), nco.Route((3,), 1)]
    assert nco.check(problem, everything).cost.total < ceiling(problem)


def test_the_priority_of_a_shipment_is_paid_once(tmp_path: Path) -> None:
    data = example()
    data["shipments"][0]["priority"] = 4
    problem = read(data, tmp_path)
    report = nco.check(problem, [[2], [3]])
    assert report.cost.prizes == 5 * ceiling(problem)


def test_a_distance_costs_per_kilometre(tmp_path: Path) -> None:
    data = example()
    metres = 1000 * (1 - np.eye(4, dtype=int))
    data["matrices"]["bike"]["distances"] = metres.tolist()
    data["vehicles"][1]["costs"] = {"per_hour": 0, "per_km": 30}
    data["vehicles"][1]["max_distance"] = 1500
    problem = read(data, tmp_path)
    report = nco.check(problem, [nco.Route((3, 4), 1)])
    assert report.cost.distance == 2000 * 30 / 1000
    assert "max_distance" in {violation.rule for violation in report.violations}


def test_a_distance_and_a_time_may_both_cost(tmp_path: Path) -> None:
    data = example()
    data["matrices"]["bike"]["distances"] = (1000 * (1 - np.eye(4, dtype=int))).tolist()
    data["vehicles"][1]["costs"] = {"per_hour": 7200, "per_km": 30}
    report = nco.check(read(data, tmp_path), [nco.Route((3,), 1)])
    assert report.cost.distance == pytest.approx(225 / 1.25 * 2 + 30)


def test_a_matrix_of_costs_is_the_cost(tmp_path: Path) -> None:
    data = example()
    data["matrices"]["car"]["costs"] = (7 * (1 - np.eye(4, dtype=int))).tolist()
    report = nco.check(read(data, tmp_path), [nco.Route((2, 3), 0)])
    assert report.cost.total - report.cost.prizes == 21
    assert report.schedules[0].stops[1].arrival - report.schedules[0].stops[0].departure == 100


@pytest.mark.parametrize(
    ("path", "value", "code", "where"),
    [
        ("jobs.0.setup", 30, "F009", "jobs[0].setup"),
        ("jobs.0.time_windows", [[0, 1], [2, 3]], "F009", "jobs[0].time_windows"),
        ("jobs.0.service_per_type", {"lorry": 4}, "F009", "jobs[0].service_per_type"),
        ("shipments.0.pickup.setup_per_type", {"lorry": 4}, "F009", "shipments[0].pickup.setup_per_type"),
        ("vehicles.0.breaks", [{"id": 1}], "F009", "vehicles[0].breaks"),
        ("vehicles.0.max_tasks", 3, "F009", "vehicles[0].max_tasks"),
        ("vehicles.0.max_travel_time", 3, "F009", "vehicles[0].max_travel_time"),
        ("vehicles.0.steps", [{"type": "start"}], "F009", "vehicles[0].steps"),
        ("vehicles.0.costs", {"per_task_hour": 5}, "F009", "vehicles[0].costs.per_task_hour"),
        ("vehicles.1.start_index", None, "F009", "vehicles[1].start_index"),
        ("vehicles.0.start_index", None, "F004", "vehicles[0].start_index"),
        ("vehicles.0.profile", "lorry", "F004", "vehicles[0].profile"),
        ("vehicles.0.costs", {"per_km": 5}, "F004", "vehicles[0].profile"),
        ("jobs.0.location_index", None, "F004", "jobs[0].location_index"),
        ("jobs.0.location_index", 4, "F005", "jobs[0].location_index"),
        ("jobs.0.location_index", -1, "F005", "jobs[0].location_index"),
        ("jobs.0.priority", 101, "F005", "jobs[0].priority"),
        ("jobs.0.delivery", [1.5], "F005", "jobs[0].delivery[0]"),
        ("jobs.0.delivery", [1, 2], "P106", "clients[0] (1).delivery"),
        ("jobs.1.id", 1, "P114", "depots and clients"),
        ("matrices.car.durations", [[0, 1], [2]], "F006", "matrices.car.durations"),
        ("matrices.car.durations", [[0, 1], [2, 0]], "F006", "matrices"),
        ("jobs.0.skils", [1], "F007", "jobs[0].skils"),
        ("shipments.0.delivery.skils", [1], "F007", "shipments[0].delivery.skils"),
        ("matrices.car.duration", [], "F007", "matrices.car.duration"),
        ("options", {"g": True}, "F007", "options"),
    ],
)
def test_what_cannot_be_honoured_is_named(path: str, value: Any, code: str, where: str, tmp_path: Path) -> None:
    data = example()
    *steps, last = path.split(".")
    place = data
    for step in steps:
        place = place[int(step) if step.isdecimal() else step]
    place[last] = value
    assert (code, where) in faults(data, tmp_path)


def test_a_limit_of_distance_beside_a_cost_of_time_is_refused(tmp_path: Path) -> None:
    data = example()
    data["vehicles"][0]["max_distance"] = 5
    data["matrices"]["car"]["distances"] = data["matrices"]["car"]["durations"]
    assert faults(data, tmp_path) == [("F009", "vehicles[0].max_distance")]


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    data = example()
    data["jobs"][0]["skils"] = [1]
    with pytest.raises(nco.NcoError, match="Did you mean 'skills'"):
        read(data, tmp_path)


@st.composite
def inputs(draw: DrawFn) -> dict[str, Any]:
    """Any input that can be honoured."""
    size = draw(st.integers(2, 5))
    row = st.integers(0, size - 1)
    amounts = st.lists(st.integers(0, 5), min_size=2, max_size=2)
    skills = st.lists(st.integers(1, 3), max_size=2, unique=True)

    def matrix() -> list[list[int]]:
        rows = draw(st.lists(st.lists(st.integers(1, 99), min_size=size, max_size=size), min_size=size, max_size=size))
        return [[0 if i == j else value for j, value in enumerate(line)] for i, line in enumerate(rows)]

    def step(number: int) -> dict[str, Any]:
        start = draw(st.integers(0, 50))
        options: dict[str, Any] = {
            "service": draw(st.integers(0, 9)),
            "location": draw(st.tuples(st.floats(-90, 90), st.floats(-90, 90)).map(list)),
            "time_windows": [[start, start + draw(st.integers(0, 99))]],
        }
        chosen = {key: value for key, value in options.items() if draw(st.booleans())}
        return {"id": number, "location_index": draw(row), **chosen}

    def optional(**options: Any) -> dict[str, Any]:
        return {key: draw(value) for key, value in options.items() if draw(st.booleans())}

    tables = [{"durations": matrix(), "distances": matrix()}, {"durations": matrix(), "costs": matrix()}]
    vehicles = []
    for number in range(draw(st.integers(1, 3))):
        profile = draw(st.sampled_from(["0", "1"]))
        costs: dict[str, Any] = {"fixed": draw(st.integers(0, 9))}
        far: dict[str, Any] = {}
        if profile == "0" and draw(st.booleans()):
            costs |= {"per_hour": 0, "per_km": draw(st.integers(1, 999))}
            far = {"max_distance": draw(st.integers(50, 200))} if draw(st.booleans()) else {}
        elif profile == "0":
            costs |= optional(per_hour=st.integers(1, 9999))
        window = optional(time_window=st.integers(100, 900).map(lambda end: [0, end]))
        rest = optional(end_index=row, skills=skills, speed_factor=st.sampled_from([0.5, 1.25, 2.0]))
        vehicles.append(
            {"id": 10 + number, "profile": profile, "start_index": draw(row), "capacity": draw(amounts)}
            | {"costs": costs, **window, **rest, **far}
        )
    jobs = [
        step(number) | optional(delivery=amounts, pickup=amounts, skills=skills, priority=st.integers(0, 100))
        for number in range(draw(st.integers(1, 4)))
    ]
    shipments = [
        {"pickup": step(number), "delivery": step(number + 5)}
        | optional(amount=amounts, skills=skills, priority=st.integers(0, 100))
        for number in range(draw(st.integers(0, 2)))
    ]
    return {
        "vehicles": vehicles,
        "jobs": jobs,
        "shipments": shipments,
        "matrices": {str(k): table for k, table in enumerate(tables)},
    }


def alike(first: nco.Problem, second: nco.Problem) -> None:
    """Two problems are the same up to the numbers of their profiles."""
    assert first.depots == second.depots
    assert [replace(c, delivery=(), pickup=()) for c in first.clients] == [
        replace(c, delivery=(), pickup=()) for c in second.clients
    ]
    assert [(s.pickup, s.delivery) for s in first.shipments] == [(s.pickup, s.delivery) for s in second.shipments]
    for loads in ("delivery", "pickup", "shipment_load"):
        assert np.array_equal(getattr(first, loads), getattr(second, loads))
    for mine, other in zip(first.vehicle_types, second.vehicle_types, strict=True):
        assert replace(mine, profile=0, unit_distance_cost=0) == replace(other, profile=0, unit_distance_cost=0)
        assert mine.unit_distance_cost == pytest.approx(
            other.unit_distance_cost, rel=1e-14
        )  # per hour or per kilometre
        assert np.array_equal(first.distance_matrix(mine.profile), second.distance_matrix(other.profile))
        assert np.array_equal(first.duration_matrix(mine.profile), second.duration_matrix(other.profile))
        allowed = [p.profiles[v.profile].allowed for p, v in ((first, mine), (second, other))]
        assert (allowed[0] is None) == (allowed[1] is None)
        assert allowed[0] is None or np.array_equal(*allowed)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=inputs())
def test_a_problem_read_from_vroom_is_written_back_the_same(data: dict[str, Any], tmp_path: Path) -> None:
    problem = read(data, tmp_path)
    nco.write(problem, tmp_path / "out.json", format="vroom")
    alike(problem, nco.read(tmp_path / "out.json"))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=inputs(), seed=st.integers(0, 99))
def test_routes_come_back_from_vroom_s_output(data: dict[str, Any], seed: int, tmp_path: Path) -> None:
    problem = read(data, tmp_path)
    routes = random_routes(problem, seed)
    single = tuple({route.vehicle_type: route for route in routes}.values())
    result = nco.Result(problem, nco.check(problem, single), "hand", 0.1, 1, 1)
    nco.write(result, tmp_path / "out.json", format="vroom")
    assert nco.read_solution(tmp_path / "out.json", problem).routes == result.routes
    output = json.loads((tmp_path / "out.json").read_text())
    assert output["summary"]["cost"] == pytest.approx(result.report.cost.total - result.report.cost.prizes)
    assert output["summary"]["unassigned"] == len(output["unassigned"]) == len(result.unassigned)


@pytest.mark.parametrize("seed", range(40))
def test_a_problem_of_ours_costs_the_same_in_vroom_s_words(seed: int, tmp_path: Path) -> None:
    features = ("depots", "fleet", "fixed", "open", "shift", "windows", "allowed", "loads", "pickups", "profiles")
    problem = random_problem(seed, features)
    windows = tuple(c if math.isfinite(c.tw[1]) else replace(c, tw=ALWAYS) for c in problem.clients)
    depots = tuple(replace(depot, tw=ALWAYS) for depot in problem.depots)
    problem = replace(problem, clients=windows, depots=depots)
    nco.write(problem, tmp_path / "x.json", format="vroom")
    twin = nco.read(tmp_path / "x.json")
    counts = [min(v.num_available or problem.num_clients, problem.num_clients) for v in problem.vehicle_types]
    first = [sum(counts[:kind]) for kind in range(len(counts))]
    for attempt in range(10):
        routes = random_routes(problem, 100 * seed + attempt)
        offset = [r.vehicle_type for r in routes]
        if any(offset.count(kind) > count for kind, count in enumerate(counts)):
            continue
        shift = len(twin.depots) - problem.num_depots
        moved = [
            nco.Route(tuple(v + shift for v in r.visits), first[r.vehicle_type] + offset[:k].count(r.vehicle_type))
            for k, r in enumerate(routes)
        ]
        mine, other = nco.check(problem, routes), nco.check(twin, moved)
        assert other.cost.total == pytest.approx(mine.cost.total)
        assert sorted(v.rule for v in other.violations) == sorted(v.rule for v in mine.violations)


def test_everything_that_vroom_has_no_words_for_is_named(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.write(nco.read(DATA / "everything.json"), tmp_path / "x.json", format="vroom")
    assert raised.value.codes == ("F013",)
    text = str(raised.value)
    for what in ("objective", "backhaul", "preferences", "service and waiting", "maximum duration", "reloads"):
        assert what in text
    for what in ("without an end", "with a load", "no priorities", "not whole numbers"):
        assert what in text
    assert not (tmp_path / "x.json").exists()


def test_the_hours_of_one_depot_become_those_of_its_vehicles(square: nco.Problem, tmp_path: Path) -> None:
    closing = replace(square, depots=(nco.Depot(0, 0, (2, 90)),), rounding="round")
    nco.write(closing, tmp_path / "x.json", format="vroom")
    assert {vehicle.tw for vehicle in nco.read(tmp_path / "x.json").vehicle_types} == {(2, 90)}
    elsewhere = replace(closing, depots=(nco.Depot(0, 0, (2, 90)), nco.Depot(1, 0)))
    for end in (1, None):
        with pytest.raises(nco.NcoError, match="a depot that closes"):
            nco.write(
                replace(elsewhere, vehicle_types=(nco.VehicleType(capacity=(2,), end_depot=end),)),
                tmp_path / "y.json",
                format="vroom",
            )


def test_names_become_descriptions_when_they_are_not_ids(square: nco.Problem, tmp_path: Path) -> None:
    named = tuple(replace(client, name=f"shop {k}") for k, client in enumerate(square.clients))
    problem = replace(square, clients=named, rounding="round")
    nco.write(problem, tmp_path / "x.json", format="vroom")
    data = json.loads((tmp_path / "x.json").read_text())
    assert [(job["id"], job["description"]) for job in data["jobs"]] == [(k + 1, f"shop {k}") for k in range(4)]
    assert [vehicle["id"] for vehicle in data["vehicles"]] == [1, 2, 3, 4]


def test_the_output_has_what_vroom_s_has(tmp_path: Path) -> None:
    problem = nco.read(DATA / "vroom.json")
    result = nco.Result(problem, nco.check(problem, [nco.Route((2, 4, 5), 0)]), "hand", 0.1, 1, 1)
    nco.write(result, tmp_path / "x.json", format="vroom")
    output = json.loads((tmp_path / "x.json").read_text())
    assert output["code"] == 0
    assert output["unassigned"] == [
        {"id": 2, "type": "job", "location_index": 3, "description": result.unassigned[0].message}
    ]
    (route,) = output["routes"]
    assert (route["vehicle"], route["cost"], route["duration"], route["service"]) == (7, 400, 400, 360)
    assert (route["delivery"], route["pickup"]) == ([2], [1])
    assert [(step["type"], step.get("id")) for step in route["steps"]] == [
        ("start", None),
        ("job", 1),
        ("pickup", 1),
        ("delivery", 3),
        ("end", None),
    ]
    assert [step["duration"] for step in route["steps"]] == [0, 100, 100, 190, 400]
    assert [step["load"] for step in route["steps"]] == [[1], [0], [1], [0], [0]]
    assert output["summary"]["violations"] == []


def test_violations_have_vroom_s_causes(tmp_path: Path) -> None:
    problem = nco.read(DATA / "vroom.json")
    routes = [nco.Route((2, 3, 5, 4), 1)]
    nco.write(nco.Result(problem, nco.check(problem, routes), "hand", 0.1, 1, 1), tmp_path / "x.json", format="vroom")
    output = json.loads((tmp_path / "x.json").read_text())
    causes = {violation["cause"] for violation in output["routes"][0]["violations"]}
    assert causes == {"load", "skills", "precedence"}


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ({"routes": [{"vehicle": 8, "steps": []}]}, "S202"),
        ({"routes": [{"vehicle": 7, "steps": [{"type": "job", "id": 5}]}]}, "S201"),
        ({"routes": [{"vehicle": 7, "steps": [{"type": "pickup", "id": 3}]}]}, "S201"),
        ({"routes": [{"steps": []}]}, "F004"),
    ],
)
def test_an_output_for_another_problem_is_an_error(output: dict[str, Any], code: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(output))
    with pytest.raises(nco.NcoError) as raised:
        nco.read_solution(tmp_path / "x.json", nco.read(DATA / "vroom.json"))
    assert raised.value.codes == (code,)


def test_reloads_and_routes_alone_cannot_be_expressed(tmp_path: Path) -> None:
    problem = nco.read(DATA / "vroom.json")
    with pytest.raises(nco.NcoError) as raised:
        nco.write(nco.Solution((nco.Route((2,)),)), tmp_path / "x.json", format="vroom")
    assert raised.value.codes == ("F013",)
    result = nco.Result(problem, nco.check(problem, [nco.Route((2, 0, 4, 5), 0)]), "hand", 0.1, 1, 1)
    with pytest.raises(nco.NcoError, match="reloads"):
        nco.write(result, tmp_path / "x.json", format="vroom")


def test_a_misnamed_format_is_an_error_that_names_the_nearest(square: nco.Problem, tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError, match="Did you mean 'vroom'") as raised:
        nco.write(square, tmp_path / "x.json", format="vrom")
    assert raised.value.codes == ("F002",)


#: The second example of VROOM's documentation, and what VROOM answers.
DOCUMENTED = {
    "vehicles": [{"id": 0, "start_index": 0, "end_index": 3}],
    "jobs": [{"id": 1414, "location_index": 1}, {"id": 1515, "location_index": 2}],
    "matrices": {
        "car": {"durations": [[0, 2104, 197, 1299], [2103, 0, 2255, 3152], [197, 2256, 0, 1102], [1299, 3153, 1102, 0]]}
    },
}
ANSWER = {
    "code": 0,
    "summary": {"cost": 5461, "routes": 1, "unassigned": 0, "duration": 5461, "violations": []},
    "unassigned": [],
    "routes": [
        {
            "vehicle": 0,
            "cost": 5461,
            "steps": [
                {"type": "start", "setup": 0, "arrival": 0, "duration": 0, "violations": []},
                {"type": "job", "id": 1414, "job": 1414, "arrival": 2104, "duration": 2104, "violations": []},
                {"type": "job", "id": 1515, "job": 1515, "arrival": 4359, "duration": 4359, "violations": []},
                {"type": "end", "setup": 0, "arrival": 5461, "duration": 5461, "violations": []},
            ],
        }
    ],
}


def test_vroom_s_own_example_has_vroom_s_cost_and_times(tmp_path: Path) -> None:
    problem = read(DOCUMENTED, tmp_path)
    (tmp_path / "out.json").write_text(json.dumps(ANSWER))
    report = nco.check(problem, nco.read_solution(tmp_path / "out.json", problem))
    assert report.is_feasible()
    assert report.cost.total == 5461
    assert [stop.arrival for stop in report.schedules[0].stops] == [0, 2104, 4359, 5461]


def test_the_matrix_of_older_files_is_named(tmp_path: Path) -> None:
    data = {**DOCUMENTED, "matrix": DOCUMENTED["matrices"]["car"]["durations"]}  # type: ignore[index]
    with pytest.raises(nco.NcoError, match="Did you mean 'matrices'") as raised:
        read(data, tmp_path)
    assert raised.value.codes == ("F007",)


def test_each_vehicle_drives_by_the_matrix_of_its_profile(tmp_path: Path) -> None:
    data = json.loads(json.dumps(DOCUMENTED))
    slow = (3 * np.array(DOCUMENTED["matrices"]["car"]["durations"])).tolist()  # type: ignore[index]
    data["matrices"]["bike"] = {"durations": slow}
    data["vehicles"].append({"id": 1, "profile": "bike", "start_index": 0, "end_index": 3, "speed_factor": 1.5})
    problem = read(data, tmp_path)
    costs = [nco.check(problem, [nco.Route((2, 3), kind)]).cost.total for kind in range(2)]
    assert costs == [5461, pytest.approx(2 * 5461)]
