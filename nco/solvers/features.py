"""What a problem asks of a policy: features that it may not know, by the attributes of instances that hold them."""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import replace

import numpy as np

from nco.problem import ALWAYS, Objective, Problem, VehicleType

#: Beyond this many clients one rollout alone takes minutes on a CPU.
MOST_CLIENTS = 2000
#: Fields in which vehicle types may differ for any policy that takes several, and for those that see prices.
DIFFERENT = ("start_depot", "end_depot", "num_available", "tw", "max_distance", "profile", "name", "reload_depots")
PRICED = ("capacity", "unit_distance_cost")
#: Fields in which their profiles may not differ.
COMMON = ("distance", "duration")
#: A capacity below this share of the largest is none.
SMALLEST = 1e-6


def unknown(problem: Problem, sees: Set[str], objective: Objective = "sum") -> list[str]:
    """Names of the features that a policy does not know which sees these attributes and was trained for an objective.

    The largest total of an instance is that of a token: all routes of a type must be those of one vehicle.
    """
    first, *others = vehicles = problem.vehicle_types
    profiles = [problem.profiles[vehicle.profile] for vehicle in vehicles]
    weighed = problem.preference_weight > 0
    depots = np.arange(problem.num_depots)
    needs = {
        "several depots": ("open", bool((problem.distance(0, depots, first.profile) > 0).any())),
        "several vehicle types": (("open", "unit_cost"), bool(others)),
        "vehicles of several kinds": ("unit_cost", not _alike(vehicles, DIFFERENT)),
        "pickups": ("pickup", bool(problem.pickup.any())),
        "time windows": ("opens", bool((problem.tw != ALWAYS).any()) or any(v.tw != ALWAYS for v in vehicles)),
        "limits of distance": ("max_distance", any(v.max_distance < math.inf for v in vehicles)),
        "open routes": ("open", any(v.end_depot is None for v in vehicles)),
        "allowed clients": ("allowed", any(p.allowed is not None and not p.allowed.all() for p in profiles)),
        "preferences": ("penalty", weighed and any(p.preference is not None for p in profiles)),
        "reloads": ("reloads", any(v.reload_depots for v in vehicles)),
    }
    never = {
        "vehicles of several kinds": not _alike(vehicles, (*DIFFERENT, *PRICED)) or _distances_differ(problem),
        "a vehicle of next to no capacity": _idle(vehicles),
        "routes that end at another depot": any(v.end_depot not in (None, v.start_depot) for v in vehicles),
        "several load dimensions": problem.num_load_dimensions > 1,
        "optional clients": not problem.required.all(),
        "fixed costs": any(v.fixed_cost > 0 for v in vehicles),
        "costs of time": any(v.unit_duration_cost > 0 for v in vehicles),
        "limits of duration": any(v.max_duration < math.inf for v in vehicles),
        "reloads": any(v.reload_depots and not refills(v) for v in vehicles),
        "shipments": bool(problem.shipments),
        f"more than {MOST_CLIENTS} clients": problem.num_clients > MOST_CLIENTS,
        f"objective='{problem.objective}'": problem.objective != objective,
        "objective='max' with several vehicles of a type": objective == problem.objective == "max"
        and any(v.num_available != 1 for v in vehicles),
    }
    missing = [name for name, (keys, there) in needs.items() if there and not sees & set(np.atleast_1d(keys))]
    return list(dict.fromkeys(missing + [name for name, there in never.items() if there]))


def refills(vehicle: VehicleType) -> bool:
    """Whether it reloads where it starts and ends, as often as it likes."""
    at_home = vehicle.start_depot == vehicle.end_depot and vehicle.start_depot in vehicle.reload_depots
    return at_home and vehicle.max_reloads is None


def _alike(vehicles: tuple[VehicleType, ...], but: tuple[str, ...]) -> bool:
    """Whether vehicle types differ in these fields only."""
    first, *others = vehicles
    return all(replace(v, **{field: getattr(first, field) for field in but}) == first for v in others)


def _distances_differ(problem: Problem) -> bool:
    first, *others = (problem.profiles[vehicle.profile] for vehicle in problem.vehicle_types)
    return any(not np.array_equal(getattr(p, field), getattr(first, field)) for p in others for field in COMMON)


def _idle(vehicles: tuple[VehicleType, ...]) -> bool:
    """Whether some vehicles, but not all, carry next to nothing."""
    capacity = [v.capacity[0] for v in vehicles if v.capacity]
    return bool(capacity) and min(capacity) < SMALLEST * max(capacity)
