"""When vehicles may drive: their shifts, narrowed by the opening hours of the depots where they start and end."""

from __future__ import annotations

from nco.problem import ALWAYS, Problem, VehicleType, Window


def shift(problem: Problem, vehicle: VehicleType) -> tuple[Window, Window]:
    """When a vehicle may leave, and when it may arrive at the end: windows that may be empty."""
    end = ALWAYS if vehicle.end_depot is None else problem.depots[vehicle.end_depot].tw
    both = (problem.depots[vehicle.start_depot].tw, end)
    leaves, arrives = ((max(tw[0], vehicle.tw[0]), min(tw[1], vehicle.tw[1])) for tw in both)
    return leaves, arrives


def is_usable(problem: Problem, vehicle: VehicleType) -> bool:
    """Whether there is a time at which the vehicle may leave and a later one at which it may arrive at the end."""
    leaves, arrives = shift(problem, vehicle)
    return leaves[0] <= min(leaves[1], arrives[1]) and arrives[0] <= arrives[1]
