"""A result as GeoJSON (RFC 7946): a LineString per route, a Point per stop and per client that is left out.

Lines follow the streets of the result (see nco.streets), else they are straight from stop to stop. Positions are (x, y)
as the problem has them; maps expect longitude and latitude in degrees.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nco.checker import Schedule, route_terms
from nco.cities.city import CREDIT
from nco.cities.lines import joined
from nco.errors import Fault, FileError
from nco.io.strict_json import plain, store
from nco.result import Result
from nco.solution import Solution


def write_solution(thing: Result | Solution, path: Path) -> None:
    """Write a FeatureCollection; raises FileError (F013) for routes alone and where coordinates are missing."""
    if not isinstance(thing, Result) or not thing.problem.has_coordinates:
        what = "places without coordinates" if isinstance(thing, Result) else "routes without their problem"
        raise FileError(Fault("F013", "solution", f"{what} cannot be expressed", "Write nco-json (.json)"))
    features = [
        *(_line(thing, index, schedule) for index, schedule in enumerate(thing.schedule)),
        *(point for index, schedule in enumerate(thing.schedule) for point in _stops(thing, index, schedule)),
        *_left_out(thing),
    ]
    credit = {"attribution": CREDIT} if thing.streets else {}
    store({"type": "FeatureCollection", **credit, "features": plain(features)}, path)


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _line(result: Result, index: int, schedule: Schedule) -> dict[str, Any]:
    vehicle = result.problem.vehicle_types[schedule.route.vehicle_type]
    properties = {
        "kind": "route",
        "route": index,
        "vehicle_type": schedule.route.vehicle_type,
        "vehicle": vehicle.name,
        "clients": sum(place >= result.problem.num_depots for place in schedule.route.visits),
        "cost": sum(route_terms(result.problem, schedule)),
        "distance": schedule.distance,
        "duration": schedule.duration,
        "violations": [str(v) for v in result.report.violations if v.route == index],
    }
    stops = [stop.location for stop in schedule.stops]
    if not result.streets:
        return _feature("LineString", result.problem.xy[stops], properties)
    legs = result.streets.legs(result.problem.vehicle_types[schedule.route.vehicle_type].profile, stops)
    return _feature("LineString", joined(result.problem.xy[stops[:1]], legs).round(6), properties)


def _stops(result: Result, index: int, schedule: Schedule) -> list[dict[str, Any]]:
    problem = result.problem
    return [
        _feature(
            "Point",
            problem.xy[stop.location],
            {
                "kind": "client" if stop.location >= problem.num_depots else "depot",
                "route": index,
                "position": position,
                "location": stop.location,
                "name": problem.label(stop.location),
                "arrival": stop.arrival,
                "wait": stop.wait,
                "start": stop.start,
                "departure": stop.departure,
                "load": stop.load,
                "distance": stop.distance,
            },
        )
        for position, stop in enumerate(schedule.stops)
    ]


def _left_out(result: Result) -> list[dict[str, Any]]:
    problem = result.problem
    return [
        _feature(
            "Point",
            problem.xy[reason.location],
            {
                "kind": "unassigned",
                "location": reason.location,
                "name": problem.label(reason.location),
                "rule": reason.rule,
                "message": reason.message,
            },
        )
        for reason in result.unassigned
    ]
