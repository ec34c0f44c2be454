"""A result as VROOM's output, and routes from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from nco.checker import Schedule, Violation, route_terms
from nco.errors import Fault, FileError
from nco.io.strict_json import modelled, parsed
from nco.io.vroom_names import Task, tasks_of, vehicles_of
from nco.io.vroom_schema import OutputData
from nco.io.vroom_writer import Data, located, priorities
from nco.problem import Problem
from nco.result import Result
from nco.solution import Route, Solution

#: Rule of the checker -> VROOM's cause of a violation; the others keep their names.
CAUSES = {
    "time_windows": "delay",
    "capacity": "load",
    "allowed": "skills",
    "shipments": "precedence",
}


def read_solution(text: str, problem: Problem) -> Solution:
    """Solution from VROOM's output for a problem in VROOM's words; ids that the problem does not have are faults."""
    data = modelled(parsed(text, '{"routes": [...]}'), OutputData)
    first = problem.num_depots
    places = {(task.kind, task.id): first + k for k, task in enumerate(tasks_of(problem))}
    kinds = {number: kind for kind, ids in enumerate(vehicles_of(problem)) for number in ids}
    faults, routes = [], []
    for k, route in enumerate(data.routes):
        visits = []
        for j, step in enumerate(route.steps):
            if step.type not in ("start", "end", "break"):
                if (place := places.get((step.type, step.id or 0))) is None:
                    what = f"there is no {step.type} {step.id}"
                    faults.append(Fault("S201", f"routes[{k}].steps[{j}]", what, "Correct the type or id"))
                else:
                    visits.append(place)
        if route.vehicle not in kinds:
            what = f"there is no vehicle {route.vehicle}"
            faults.append(Fault("S202", f"routes[{k}].vehicle", what, "Correct the id"))
        routes.append(Route(tuple(visits), kinds.get(route.vehicle, 0)))
    if faults:
        raise FileError(faults)
    return Solution.of(problem, routes)


def output_of(result: Result) -> Data:
    """The result as VROOM's output; a description says why a task is unassigned."""
    problem, tasks = result.problem, tasks_of(result.problem)
    urgency = priorities(problem) or [None] * problem.num_clients
    by_route: dict[int | None, list[Violation]] = defaultdict(list)
    for violation in result.report.violations:
        by_route[violation.route].append(violation)
    numbers = _vehicles(result)
    routes = [
        _route(problem, tasks, urgency, schedule, number, by_route[index])
        for index, (schedule, number) in enumerate(zip(result.schedule, numbers, strict=True))
    ]
    unassigned = [
        {
            "id": tasks[reason.location - problem.num_depots].id,
            "type": tasks[reason.location - problem.num_depots].kind,
            **located(problem, reason.location, "location", "location_index"),
            "description": reason.message,
        }
        for reason in result.unassigned
    ]
    totals = ("cost", "setup", "service", "duration", "waiting_time", "distance", "priority")
    summary: Data = {key: sum(route[key] for route in routes) for key in totals}
    for key in ("delivery", "pickup"):
        summary[key] = [sum(amounts) for amounts in zip(*(route[key] for route in routes), strict=True)]
    summary |= {"routes": len(routes), "unassigned": len(unassigned), "violations": _causes(result.report.violations)}
    return {"code": 0, "summary": summary, "unassigned": unassigned, "routes": routes}


def _vehicles(result: Result) -> list[int]:
    """The id of each route's vehicle; raises FileError for reloads and when there are more routes than vehicles."""
    ids, used, numbers = vehicles_of(result.problem), Counter[int](), []
    for route in result.routes:
        kind = route.vehicle_type
        if any(place < result.problem.num_depots for place in route.visits):
            raise FileError(Fault("F013", "routes", "reloads cannot be expressed", "Write nco-json (.json)"))
        if used[kind] == len(ids[kind]):
            raise FileError(
                Fault("F013", "routes", "more routes than vehicles cannot be expressed", "Write nco-json (.json)")
            )
        numbers.append(ids[kind][used[kind]])
        used[kind] += 1
    return numbers


def _route(
    problem: Problem,
    tasks: list[Task],
    urgency: list[int | None],
    schedule: Schedule,
    vehicle: int,
    violations: list[Violation],
) -> Data:
    first = problem.num_depots
    clients = [place - first for place in schedule.route.visits]
    loads = [problem.shipment_load[s] for k in clients if (s := problem.shipment_at.get(first + k)) is not None]
    carried = sum(loads) / 2 if loads else 0.0
    steps: list[Data] = []
    travelled = 0.0
    for k, stop in enumerate(schedule.stops):
        travelled += stop.arrival - schedule.stops[k - 1].departure if k else 0.0
        task = tasks[stop.location - first] if stop.location >= first else None
        steps.append(
            {
                "type": task.kind if task else ("end" if k else "start"),
                **({"id": task.id} if task else {}),
                **located(problem, stop.location, "location", "location_index"),
                "arrival": _number(stop.arrival),
                "duration": _number(travelled),
                "distance": _number(stop.distance),
                "setup": 0,
                "service": _number(stop.departure - stop.start),
                "waiting_time": _number(stop.wait),
                "load": [_number(load) for load in stop.load],
                "violations": [
                    {"cause": CAUSES.get(v.rule, v.rule)} for v in violations if v.location == stop.location
                ],
            }
        )
    return {
        "vehicle": vehicle,
        "cost": _number(sum(route_terms(problem, schedule))),
        "setup": 0,
        "service": _number(sum(step["service"] for step in steps)),
        "duration": _number(travelled),
        "waiting_time": _number(sum(step["waiting_time"] for step in steps)),
        "distance": _number(schedule.distance),
        "priority": sum(urgency[k] or 0 for k in clients),
        "delivery": [_number(load) for load in problem.delivery[clients].sum(axis=0) + carried],
        "pickup": [_number(load) for load in problem.pickup[clients].sum(axis=0) + carried],
        "steps": steps,
        "violations": _causes(violations),
    }


def _causes(violations: Iterable[Violation]) -> list[Data]:
    delays = {"time_windows"}  # VROOM gives how late they are
    return [
        {"cause": CAUSES.get(v.rule, v.rule), **({"duration": _number(v.amount)} if v.rule in delays else {})}
        for v in violations
    ]


def _number(value: Any) -> int | float:
    """Whole numbers as integers, as VROOM has them."""
    return int(value) if float(value).is_integer() else float(value)
