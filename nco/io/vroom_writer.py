"""A problem as VROOM's input, and what VROOM has no words for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nco.io.vroom_names import Task, counts_of, tasks_of, vehicles_of
from nco.io.vroom_reader import ceiling
from nco.problem import ALWAYS, Floats, Problem, VehicleType, Window

Data = dict[str, Any]


def lost(problem: Problem) -> Iterator[str]:
    """Everything in a problem that VROOM cannot be told, in words."""
    vehicles, loaded = problem.vehicle_types, np.hstack([problem.delivery, problem.pickup]) > 0
    features = {
        "objective='max'": problem.objective != "sum",
        "backhaul='last'": problem.backhaul != "mixed",
        "preferences": problem.preference_weight > 0 and any(p.preference is not None for p in problem.profiles),
        "a cost of time that counts service and waiting": any(v.unit_duration_cost for v in vehicles),
        "a maximum duration": any(math.isfinite(v.max_duration) for v in vehicles),
        "reloads": any(v.reload_depots for v in vehicles),
        "a speed beyond 5 or of three decimals": any(v.speed > 5 or round(v.speed, 2) != v.speed for v in vehicles),
        "a depot that closes": any(_shift(problem, v) is None for v in vehicles),
        "a window without an end": any(w[0] > 0 and math.isinf(w[1]) for w in _windows(problem)),
        "a shipment at a client with a load": any(loaded[[s.pickup, s.delivery]].any() for s in problem.shipments),
        "prizes that are no priorities": not problem.required.all() and priorities(problem) is None,
    }
    yield from (feature for feature, present in features.items() if present)
    for name, values in _quantities(problem).items():
        if not all(map(_is_whole, values)):
            yield f"{name} that are not whole numbers"


def _windows(problem: Problem) -> Iterator[Window]:
    yield from (client.tw for client in problem.clients)
    yield from (_shift(problem, vehicle) or ALWAYS for vehicle in problem.vehicle_types)


def _shift(problem: Problem, vehicle: VehicleType) -> Window | None:
    """When the vehicle may be out: its shift, and its depots' windows where these say the same of start and end."""
    opens, closes = problem.depots[vehicle.start_depot].tw
    if vehicle.end_depot is not None and problem.depots[vehicle.end_depot].tw != (opens, closes):
        return None
    if vehicle.end_depot is None and math.isfinite(closes):
        return None
    return max(opens, vehicle.tw[0]), min(closes, vehicle.tw[1])


def _quantities(problem: Problem) -> dict[str, list[Floats]]:
    shifts = [_shift(problem, vehicle) or ALWAYS for vehicle in problem.vehicle_types]
    modes = [_mode(problem, vehicle) for vehicle in problem.vehicle_types]
    tables = [matrix for mode in dict.fromkeys(mode for mode, _ in modes) for matrix in _tables(problem, mode).values()]
    return {
        "travel times, distances or their costs": [
            *tables,
            np.array([p for _, prices in modes for p in prices.values()]),
        ],
        "service times or windows": [problem.service, _finite(problem.tw[problem.num_depots :]), _finite(shifts)],
        "loads or capacities": [
            problem.delivery,
            problem.pickup,
            problem.shipment_load,
            *(np.array(v.capacity) for v in problem.vehicle_types),
        ],
        "fixed costs": [np.array([v.fixed_cost for v in problem.vehicle_types])],
    }


def _finite(values: Any) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


@dataclass(frozen=True, slots=True)
class _Mode:
    """What a vehicle pays for: a profile's "durations", its "distances", or "costs": distances times a price."""

    profile: int
    paid: str
    price: float = 1.0


def _mode(problem: Problem, vehicle: VehicleType) -> tuple[_Mode, dict[str, float]]:
    """What makes VROOM pay for travel what the problem does: matrices, and prices beside them."""
    profile, price = problem.profiles[vehicle.profile], vehicle.unit_distance_cost
    per_hour, per_km, limited = 3600.0 * price * vehicle.speed, 1000.0 * price, math.isfinite(vehicle.max_distance)
    same = profile.duration is None or np.array_equal(problem.distance_matrix(vehicle.profile), profile.duration)
    if same and _is_whole(per_hour) and not limited:
        return _Mode(vehicle.profile, "durations"), {"per_hour": per_hour}
    if _is_whole(per_km) or limited:
        limit = {"max_distance": vehicle.max_distance} if limited else {}
        return _Mode(vehicle.profile, "distances"), {"per_hour": 0.0, "per_km": per_km, **limit}
    return _Mode(vehicle.profile, "costs", price), {}


def _tables(problem: Problem, mode: _Mode) -> dict[str, Floats]:
    tables = {"durations": problem.duration_matrix(mode.profile)}
    if mode.paid != "durations":
        tables[mode.paid] = mode.price * problem.distance_matrix(mode.profile)
    return tables


def _is_whole(values: ArrayLike) -> bool:
    return bool((np.abs(np.subtract(values, np.rint(values))) <= 1e-9).all())


def priorities(problem: Problem) -> list[int | None] | None:
    """Priority of every client, None for those required; None altogether when prizes do not come from priorities."""
    unit, result = ceiling(problem), []
    partner = {s.delivery: s.pickup for s in problem.shipments}
    for k, client in enumerate(problem.clients):
        factor = problem.clients[partner.get(k, k)].prize / unit - 1
        fits = factor in range(101) and (k not in partner or client.prize == 0)
        if not client.required and not fits:
            return None
        result.append(None if client.required else round(factor))
    return result


def data_of(problem: Problem) -> Data:
    """The problem as VROOM's input; only right when nothing is lost."""
    forbids, urgency = _forbids(problem), priorities(problem) or [None] * problem.num_clients
    vehicles, modes = _vehicles(problem, forbids)
    matrices = {
        name: {key: np.rint(table).astype(int).tolist() for key, table in _tables(problem, mode).items()}
        for mode, name in modes.items()
    }
    if any("distances" in tables for tables in matrices.values()):
        for tables in matrices.values():  # VROOM wants them for all profiles then, also where they cost nothing
            tables.setdefault("distances", tables["durations"])
    tasks = [_task(problem, k, task) for k, task in enumerate(tasks_of(problem))]

    def shared(k: int, other: int) -> Data:
        """Skills and priority of a job (twice the same client) or of a shipment."""
        skills = [p + 1 for p, forbidden in forbids.items() if forbidden[k] or forbidden[other]]
        data: Data = {"skills": skills} if skills else {}
        return data if urgency[k] is None else {**data, "priority": urgency[k]}

    pairs = {end for shipment in problem.shipments for end in (shipment.pickup, shipment.delivery)}
    return {
        "vehicles": vehicles,
        "jobs": [
            {
                **tasks[k],
                "delivery": _whole(problem.delivery[k]),
                "pickup": _whole(problem.pickup[k]),
                **shared(k, k),
            }
            for k in range(problem.num_clients)
            if k not in pairs
        ],
        "shipments": [
            {
                "pickup": tasks[s.pickup],
                "delivery": tasks[s.delivery],
                "amount": _whole(load),
                **shared(s.pickup, s.delivery),
            }
            for s, load in zip(problem.shipments, problem.shipment_load, strict=True)
        ],
        "matrices": matrices,
    }


def _forbids(problem: Problem) -> dict[int, NDArray[np.bool_]]:
    """Profile -> clients [n] that it does not allow, where there are any. Its number + 1 is the skill it lacks."""
    allowed = [profile.allowed for profile in problem.profiles]
    return {p: ~clients for p, clients in enumerate(allowed) if clients is not None and not clients.all()}


def _task(problem: Problem, k: int, task: Task) -> Data:
    client = problem.clients[k]
    data = {"id": task.id, **located(problem, problem.num_depots + k, "location", "location_index")}
    data["service"] = round(client.service)
    if task.description:
        data["description"] = task.description
    return data if client.tw == ALWAYS else {**data, "time_windows": [[round(time) for time in client.tw]]}


def _vehicles(problem: Problem, forbids: Iterable[int]) -> tuple[list[Data], dict[_Mode, str]]:
    """Every single vehicle, and the names of the profiles they refer to."""
    modes: dict[_Mode, str] = {}
    vehicles = []
    for vehicle, ids, count in zip(problem.vehicle_types, vehicles_of(problem), counts_of(problem), strict=True):
        mode, prices = _mode(problem, vehicle)
        name = modes.setdefault(mode, f"profile {len(modes)}")
        described = _vehicle(problem, vehicle, prices, [p + 1 for p in forbids if p != vehicle.profile])
        description = {} if vehicle.name in ("", str(ids[0])) else {"description": vehicle.name}
        vehicles += [{"id": number, "profile": name, **description, **described} for number in ids[:count]]
    return vehicles, modes


def _vehicle(problem: Problem, vehicle: VehicleType, prices: dict[str, float], skills: list[int]) -> Data:
    data = {
        **located(problem, vehicle.start_depot, "start", "start_index"),
        "capacity": [round(limit) for limit in vehicle.capacity],
        "costs": {"fixed": round(vehicle.fixed_cost)},
    }
    if vehicle.end_depot is not None:
        data |= located(problem, vehicle.end_depot, "end", "end_index")
    for key, price in prices.items():
        (data if key == "max_distance" else data["costs"])[key] = round(price)
    if (shift := _shift(problem, vehicle) or ALWAYS) != ALWAYS:
        data["time_window"] = [round(time) for time in shift]
    if vehicle.speed != 1:
        data["speed_factor"] = vehicle.speed
    return {**data, "skills": skills} if skills else data


def located(problem: Problem, place: int, point: str, index: str) -> Data:
    """A location's coordinates, when they are known, and its row in the matrices, under the given keys."""
    known = np.isfinite(problem.xy[place]).all()
    return {**({point: problem.xy[place].tolist()} if known else {}), index: place}


def _whole(loads: Floats) -> list[int]:
    return [round(load) for load in loads.tolist()]
