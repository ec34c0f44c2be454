"""How fast a vehicle drives on a way of OpenStreetMap, in each direction: OSRM's car.lua and bicycle.lua in short.

https://github.com/Project-OSRM/osrm-backend/blob/master/profiles/car.lua; no turn costs, no surfaces, no ferries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

Tags = Mapping[str, str]
Mode = Literal["car", "bike"]
MODES: tuple[str, ...] = get_args(Mode)
MPH = 1.609

#: Free-flow speed of a car in km/h by the value of `highway`.
CAR = {
    "motorway": 90, "motorway_link": 45, "trunk": 85, "trunk_link": 40, "primary": 65, "primary_link": 30,
    "secondary": 55, "secondary_link": 25, "tertiary": 40, "tertiary_link": 20, "unclassified": 25, "residential": 25,
    "living_street": 10, "service": 15,
}  # fmt: skip
#: The same of a bicycle, pushed where people walk.
BIKE = {
    "primary": 15, "primary_link": 15, "secondary": 15, "secondary_link": 15, "tertiary": 15, "tertiary_link": 15,
    "unclassified": 15, "residential": 15, "living_street": 15, "service": 15, "cycleway": 15, "track": 12, "path": 13,
    "footway": 4, "pedestrian": 4, "steps": 2,
}  # fmt: skip
#: Importance of a road, for maps: motorways, main roads, streets, the rest.
RANKS = (
    ("motorway", "trunk"),
    ("primary", "secondary"),
    ("tertiary", "unclassified", "residential", "living_street"),
)
#: Where there may be addresses.
LIVED = ("trunk", *RANKS[1], *RANKS[2])
#: Values of `access` and its like that close a road.
CLOSED = frozenset(
    ("no", "private", "agricultural", "forestry", "emergency", "psv", "taxi", "bus", "foot", "military", "official")
)
ACCESS: dict[str, tuple[str, ...]] = {
    "car": ("motorcar", "motor_vehicle", "vehicle", "access"),
    "bike": ("bicycle", "vehicle", "access"),
}
#: Barriers that a car passes; all others but those that open (gates) stop it.
PASSED = frozenset(
    (
        "cattle_grid", "border_control", "toll_booth", "sally_port", "no", "entrance", "height_restrictor", "arch",
        "gate", "lift_gate", "kerb",
    )
)  # fmt: skip
#: What car.lua assumes that is driven of a limit, and limits that are words.
REDUCTION = 0.8
LIMITS = {"urban": 50.0, "rural": 90.0, "trunk": 110.0, "motorway": 130.0}


def speeds(tags: Tags, mode: Mode = "car") -> tuple[float, float] | None:
    """Speeds in km/h along and against the way, 0 where that is forbidden; None for a way that is no road."""
    highway = tags.get("highway", "")
    usual = (CAR if mode == "car" else BIKE).get(highway)
    if usual is None or tags.get("area") == "yes" or tags.get("service") == "emergency_access":
        return None
    if next((tags[key] for key in ACCESS[mode] if key in tags), "yes") in CLOSED:
        return None
    along = against = float(usual)
    if mode == "car":
        along = _limit(tags, "forward") * REDUCTION or along
        against = _limit(tags, "backward") * REDUCTION or against
    way = _oneway(tags, highway, mode)
    return (along if way >= 0 else 0.0, against if way <= 0 else 0.0)


def rank(tags: Tags) -> int:
    """Importance of a road: 0 for motorways to 3 for the least."""
    name = tags.get("highway", "").removesuffix("_link")
    return next((k for k, names in enumerate(RANKS) if name in names), len(RANKS))


def lived(tags: Tags) -> bool:
    """Whether there may be addresses on a road."""
    return tags.get("highway") in LIVED and tags.get("bridge", "no") == "no" and tags.get("tunnel", "no") == "no"


def blocks(tags: Tags, mode: Mode = "car") -> bool:
    """Whether a point of a way stops a vehicle: bollards, or a barrier nobody opens."""
    access = next((tags[key] for key in ACCESS[mode] if key in tags), None)
    if access is not None:
        return access in CLOSED - {"private"}
    barrier = tags.get("barrier")
    if mode == "bike":
        return barrier in ("yes", "wall", "fence")
    return barrier is not None and barrier not in PASSED and tags.get("bollard") != "rising"


def _oneway(tags: Tags, highway: str, mode: Mode) -> int:
    """1: only along, -1: only against, 0: both."""
    keys = ("oneway:bicycle", "oneway") if mode == "bike" else ("oneway:motorcar", "oneway:motor_vehicle", "oneway")
    said = next((tags[key] for key in keys if key in tags), None)
    if mode == "bike" and tags.get("cycleway", "").startswith("opposite"):
        return 0
    if said == "-1":
        return -1
    if said in ("yes", "1", "true"):
        return 1
    implied = highway == "motorway" or tags.get("junction") in ("roundabout", "circular")
    return 1 if implied and said != "no" else 0


def _limit(tags: Tags, direction: str) -> float:
    """The speed limit in km/h, 0 when there is none: "50", "30 mph", "FR:urban"."""
    keys = (f"maxspeed:advisory:{direction}", f"maxspeed:{direction}", "maxspeed:advisory", "maxspeed", "maxspeed:type")
    text = next((tags[key] for key in keys if key in tags), "").lower()
    if number := re.match(r"\d+", text):
        return float(number[0]) * (MPH if "mph" in text else 1.0)
    return LIMITS.get(text.partition(":")[2], 0.0)
