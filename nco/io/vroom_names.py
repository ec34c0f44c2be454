"""VROOM's ids and our names: job 7 is the client "7", the ends of a shipment are "pickup 7" and "delivery 8".

Vehicle 7 is the vehicle type "7". A problem that does not come from VROOM gets numbers of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nco.problem import Problem

_NAME = re.compile(r"(?:(pickup|delivery) )?(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Task:
    """A client in VROOM's words: its type ("job", "pickup" or "delivery") and id, and a description."""

    kind: str
    id: int
    description: str = ""


def tasks_of(problem: Problem) -> list[Task]:
    """Every client as a task; ids from the names when all are VROOM's, else the numbers of the locations."""
    ends = {end: kind for s in problem.shipments for end, kind in ((s.pickup, "pickup"), (s.delivery, "delivery"))}
    kinds = [ends.get(k, "job") for k in range(problem.num_clients)]
    found = [_NAME.fullmatch(client.name) for client in problem.clients]
    if all(match and (match[1] or "job") == kind for match, kind in zip(found, kinds, strict=True)):
        return [Task(kind, int(match[2])) for match, kind in zip(found, kinds, strict=True) if match]
    first = problem.num_depots
    return [Task(kind, first + k, problem.clients[k].name) for k, kind in enumerate(kinds)]


def counts_of(problem: Problem) -> list[int]:
    """Vehicles of each type; where there are as many as needed, one per client is as many as can be used."""
    return [min(v.num_available or problem.num_clients, problem.num_clients) for v in problem.vehicle_types]


def vehicles_of(problem: Problem) -> list[range]:
    """The ids of the vehicles of each type: their names when each is one vehicle with VROOM's name, else 1, 2, 3 ..."""
    types = problem.vehicle_types
    if all(vehicle.num_available == 1 and re.fullmatch(r"\d{1,18}", vehicle.name) for vehicle in types):
        return [range(int(vehicle.name), int(vehicle.name) + 1) for vehicle in types]
    ids, first = [], 1
    for count in counts_of(problem):
        ids.append(range(first, first + count))
        first += count
    return ids
