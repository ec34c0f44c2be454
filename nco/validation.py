"""Validation of a Problem: one function per rule, every fault of the input reported at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nco.declared import place_name, wrong_types
from nco.errors import Fault, ProblemError, did_you_mean
from nco.rounding import ROUNDINGS

if TYPE_CHECKING:
    from nco.problem import Problem

#: Coordinates and quantities beyond this lose precision in double arithmetic.
LARGEST = 1e12


def validate(problem: Problem) -> None:
    """Raise ProblemError with every fault of the problem; do nothing when there is none."""
    faults = list(wrong_types(problem))
    if not faults:  # the rules below rely on numbers being numbers
        faults = [fault for rule in RULES for fault in rule(problem)]
    if faults:
        raise ProblemError(faults)


def _elements(problem: Problem) -> Iterator[tuple[str, Sequence[Any]]]:
    yield "depots", problem.depots
    yield "clients", problem.clients
    yield "vehicle_types", problem.vehicle_types


def _not_empty(problem: Problem) -> Iterator[Fault]:
    for code, kind, items in zip(
        ("P101", "P102", "P103"),
        ("depots", "clients", "vehicle_types"),
        (problem.depots, problem.clients, problem.vehicle_types),
        strict=True,
    ):
        if not items:
            yield Fault(code, kind, "there is none", "Add at least one")


def _coordinates(problem: Problem) -> Iterator[Fault]:
    bad = ~(np.abs(problem.xy) <= LARGEST).all(axis=1) if problem.num_locations else np.zeros(0, dtype=bool)
    needed = any(p.distance is None for p in problem.profiles)
    if needed and bad.all() and np.isnan(problem.xy).all() and problem.num_locations:
        yield Fault(
            "P116",
            "problem",
            "there are neither coordinates nor a distance matrix",
            "Give x and y to every depot and client, or a distance matrix to every profile",
        )
        return
    for k in np.flatnonzero(bad):
        x, y = problem.xy[k]
        if not needed and math.isnan(x) and math.isnan(y):
            continue
        yield Fault(
            "P104",
            f"{_location(problem, int(k))}.x, y",
            f"({x}, {y}) is not a usable coordinate",
            f"Give finite numbers up to {LARGEST:g}",
        )


def _location(problem: Problem, k: int) -> str:
    if k < problem.num_depots:
        return place_name("depots", k, problem.depots[k])
    index = k - problem.num_depots
    return place_name("clients", index, problem.clients[index])


#: Fields that must not be negative and, unless they are limits, must be finite.
_QUANTITIES = {
    "clients": ("delivery", "pickup", "service", "prize"),
    "shipments": ("load",),
    "vehicle_types": (
        "capacity",
        "fixed_cost",
        "unit_distance_cost",
        "unit_duration_cost",
        "max_distance",
        "max_duration",
    ),
}
_LIMITS = ("max_distance", "max_duration")


def _quantities(problem: Problem) -> Iterator[Fault]:
    for kind, fields in _QUANTITIES.items():
        for index, item in enumerate(getattr(problem, kind)):
            for field in fields:
                value = getattr(item, field)
                for entry in value if isinstance(value, tuple) else (value,):
                    if not 0 <= entry <= (math.inf if field in _LIMITS else LARGEST):
                        yield Fault(
                            "P105",
                            f"{place_name(kind, index, item)}.{field}",
                            f"{entry} is not allowed",
                            f"Give a number from 0 to {LARGEST:g}",
                        )
    for index, vehicle in enumerate(problem.vehicle_types):
        if not 0 < vehicle.speed <= LARGEST:
            yield Fault(
                "P105",
                f"{place_name('vehicle_types', index, vehicle)}.speed",
                f"{vehicle.speed} is not allowed",
                "Give a positive number",
            )
    if not 0 <= problem.preference_weight <= LARGEST:
        yield Fault(
            "P105",
            "preference_weight",
            f"{problem.preference_weight} is not allowed",
            "Give a number that is not negative",
        )


def _whole_numbers(problem: Problem) -> Iterator[Fault]:
    for index, vehicle in enumerate(problem.vehicle_types):
        for field, least in (("num_available", 1), ("max_reloads", 0)):
            value = getattr(vehicle, field)
            if value is not None and value < least:
                yield Fault(
                    "P115",
                    f"{place_name('vehicle_types', index, vehicle)}.{field}",
                    f"{value} is not allowed",
                    f"Give a whole number from {least} on, or None for no limit",
                )


def _load_dimensions(problem: Problem) -> Iterator[Fault]:
    sizes = {len(v.capacity) for v in problem.vehicle_types}
    if len(sizes) > 1:
        yield Fault(
            "P106",
            "vehicle_types.capacity",
            f"vehicle types have {sorted(sizes)} load dimensions",
            "Give every vehicle type the same number of capacities",
        )
    for kind, fields in (("clients", ("delivery", "pickup")), ("shipments", ("load",))):
        for index, item in enumerate(getattr(problem, kind)):
            for field in fields:
                size = len(getattr(item, field))
                if size > problem.num_load_dimensions:
                    yield Fault(
                        "P106",
                        f"{place_name(kind, index, item)}.{field}",
                        f"{size} load dimensions, vehicles have {problem.num_load_dimensions}",
                        "Give vehicles a capacity in each dimension",
                    )


def _windows(problem: Problem) -> Iterator[Fault]:
    for kind, items in _elements(problem):
        for index, item in enumerate(items):
            where = f"{place_name(kind, index, item)}.tw"
            if not 0 <= item.tw[0] <= LARGEST or math.isnan(item.tw[1]):
                yield Fault("P105", where, f"{item.tw} is not allowed", "Give an opening time that is not negative")
            elif item.tw[1] < item.tw[0]:
                yield Fault(
                    "P107",
                    where,
                    f"closes at {item.tw[1]}, before it opens at {item.tw[0]}",
                    "Swap the two or correct them",
                )


def _references(problem: Problem) -> Iterator[Fault]:
    for index, vehicle in enumerate(problem.vehicle_types):
        here = place_name("vehicle_types", index, vehicle)
        ends = () if vehicle.end_depot is None else (("end_depot", vehicle.end_depot),)
        depots = [("start_depot", vehicle.start_depot), *ends, *(("reload_depots", d) for d in vehicle.reload_depots)]
        for field, number in depots:
            if problem.depots and number not in range(problem.num_depots):
                yield Fault(
                    "P108",
                    f"{here}.{field}",
                    f"there is no depot {number}",
                    f"Give a number from 0 to {problem.num_depots - 1}",
                )
        if vehicle.profile not in range(len(problem.profiles)):
            yield Fault(
                "P108",
                f"{here}.profile",
                f"there is no profile {vehicle.profile}",
                f"Add it, or give a number below {len(problem.profiles)}",
            )


def _matrices(problem: Problem) -> Iterator[Fault]:
    size = problem.num_locations
    for index, profile in enumerate(problem.profiles):
        for field in ("distance", "duration"):
            matrix = getattr(profile, field)
            where = f"{place_name('profiles', index, profile)}.{field}"
            if matrix is None:
                continue
            if np.shape(matrix) != (size, size):
                yield Fault(
                    "P109",
                    where,
                    f"shape {np.shape(matrix)} for {size} locations",
                    f"Give a {size} x {size} matrix, depots first",
                )
                continue
            bad = np.argwhere(~((matrix >= 0) & (matrix <= LARGEST)))
            for i, j in bad[:3]:
                yield Fault(
                    "P110",
                    f"{where}[{i}, {j}]",
                    f"{matrix[i, j]} is not allowed",
                    f"Give numbers from 0 to {LARGEST:g} ({len(bad)} entries are wrong)",
                )
            loops = np.flatnonzero(np.diagonal(matrix))
            if not len(bad) and len(loops):
                yield Fault(
                    "P111",
                    f"{where}[{loops[0]}, {loops[0]}]",
                    f"{matrix[loops[0], loops[0]]} is not zero",
                    "Set the diagonal to zero",
                )


def _profile_vectors(problem: Problem) -> Iterator[Fault]:
    for index, profile in enumerate(problem.profiles):
        here = place_name("profiles", index, profile)
        for field in ("preference", "allowed"):
            vector = getattr(profile, field)
            if vector is not None and np.shape(vector) != (problem.num_clients,):
                yield Fault(
                    "P113",
                    f"{here}.{field}",
                    f"shape {np.shape(vector)} for {problem.num_clients} clients",
                    "Give one entry per client",
                )
            elif field == "preference" and vector is not None and not ((vector >= 0) & (vector <= 1)).all():
                worst = int(np.argmax(~((vector >= 0) & (vector <= 1))))
                yield Fault(
                    "P112",
                    f"{here}.preference[{worst}]",
                    f"{vector[worst]} is not allowed",
                    "Scale preferences to [0, 1], 1 = preferred",
                )


def _names(problem: Problem) -> Iterator[Fault]:
    kinds: dict[str, Sequence[Any]] = {
        "depots and clients": [*problem.depots, *problem.clients],
        "vehicle_types": problem.vehicle_types,
        "profiles": problem.profiles,
    }
    for kind, items in kinds.items():
        for name, count in Counter(item.name for item in items if item.name).items():
            if count > 1:
                yield Fault("P114", kind, f"the name '{name}' appears {count} times", "Make names unique")


def _options(problem: Problem) -> Iterator[Fault]:
    from nco.problem import BACKHAULS, OBJECTIVES

    for field, valid in (("rounding", ROUNDINGS), ("backhaul", BACKHAULS), ("objective", OBJECTIVES)):
        value = getattr(problem, field)
        if not isinstance(value, str) or value not in valid:
            yield Fault("P117", field, f"{value!r} is unknown", did_you_mean(str(value), valid))


def _backhauls(problem: Problem) -> Iterator[Fault]:
    if problem.backhaul != "last":
        return
    for index, client in enumerate(problem.clients):
        if any(client.delivery) and any(client.pickup):
            yield Fault(
                "P118",
                place_name("clients", index, client),
                "it has a delivery and a pickup",
                "Split it in two clients, or use backhaul='mixed'",
            )


def _shipments(problem: Problem) -> Iterator[Fault]:
    owner: dict[int, int] = {}
    for index, shipment in enumerate(problem.shipments):
        ends = {"pickup": shipment.pickup, "delivery": shipment.delivery}
        for field, client in ends.items():
            where = f"shipments[{index}].{field}"
            if client not in range(problem.num_clients):
                fix = f"Give a number from 0 to {problem.num_clients - 1}: clients count from 0, without the depots"
                yield Fault("P108", where, f"there is no client {client}", fix)
            elif client in owner:
                name = place_name("clients", client, problem.clients[client])
                what = f"{name} belongs to shipments[{owner[client]}]"
                yield Fault("P120", where, what, "Add one client per pickup and per delivery")
            else:
                owner[client] = index
        both = [problem.clients[k].required for k in ends.values() if k in range(problem.num_clients)]
        if len(set(both)) > 1:
            what = "one of its clients is required, the other is not"
            yield Fault("P121", f"shipments[{index}]", what, "Make both required or both optional")


RULES: tuple[Callable[[Problem], Iterator[Fault]], ...] = (
    _not_empty,
    _options,
    _coordinates,
    _quantities,
    _whole_numbers,
    _load_dimensions,
    _windows,
    _references,
    _matrices,
    _profile_vectors,
    _names,
    _backhauls,
    _shipments,
)
