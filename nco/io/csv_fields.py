"""What columns of order and vehicle files mean: names they are found by, and how their entries are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nco.cities.speeds import MODES
from nco.io.sections import is_number

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?")
_ANSWERS = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}


def text(word: str) -> str:
    """The word as it is."""
    return word


def number(word: str) -> float:
    """A finite number with a decimal point."""
    if not is_number(word):
        raise ValueError("is not a number" + (" (decimal=',' reads decimal commas)" if "," in word else ""))
    return float(word)


def whole(word: str) -> int:
    """A whole number."""
    if not number(word).is_integer():
        raise ValueError("is not a whole number")
    return int(float(word))


def time(word: str) -> float:
    """A number, or a time of day such as 8:30 or 08:30:15, in seconds since midnight."""
    clock = _CLOCK.fullmatch(word)
    return float(3600 * int(clock[1]) + 60 * int(clock[2]) + int(clock[3] or 0)) if clock else number(word)


def answer(word: str) -> bool:
    """Yes or no."""
    if word.lower() not in _ANSWERS:
        raise ValueError("is neither yes nor no")
    return _ANSWERS[word.lower()]


def mode(word: str) -> str:
    """What moves on the roads."""
    if word.lower() not in MODES:
        raise ValueError(f"is none of: {', '.join(MODES)}")
    return word.lower()


@dataclass(frozen=True, slots=True)
class Field:
    """What a column can mean: the names it is found by, in small letters, and the reader of its entries."""

    read: Callable[[str], Any]
    names: tuple[str, ...]
    needed: bool = False


def _loads(name: str, *names: str) -> dict[str, Field]:
    """A load dimension per column: delivery, delivery2, delivery3."""
    more = {f"{name}{k}": Field(number, (f"{name}{k}", f"{name} {k}")) for k in (2, 3)}
    return {name: Field(number, (name, *names)), **more}


ORDERS: dict[str, Field] = {
    "name": Field(text, ("name", "id", "order", "order id", "order number", "customer", "client", "stop", "reference")),
    "x": Field(number, ("x", "longitude", "lon", "lng", "x coordinate", "xcoord", "easting"), needed=True),
    "y": Field(number, ("y", "latitude", "lat", "y coordinate", "ycoord", "northing"), needed=True),
    **_loads("delivery", "demand", "quantity", "qty", "load", "amount", "weight", "volume", "boxes"),
    **_loads("pickup", "collection", "return", "returns", "backhaul"),
    "opens": Field(time, ("opens", "open", "earliest", "ready", "ready time", "from", "tw start", "window start")),
    "closes": Field(time, ("closes", "close", "latest", "due", "due date", "to", "until", "tw end", "window end")),
    "service": Field(
        time, ("service", "service time", "service duration", "stop time", "dwell time", "unloading time")
    ),
    "required": Field(answer, ("required", "mandatory")),
    "prize": Field(number, ("prize", "penalty")),
}
VEHICLES: dict[str, Field] = {
    "name": Field(text, ("name", "id", "vehicle", "vehicle type", "type")),
    "num_available": Field(whole, ("num available", "number", "count", "available", "vehicles", "quantity")),
    "start_x": Field(
        number,
        ("start x", "start longitude", "start lon", "depot x", "depot lon", "x", "longitude", "lon"),
        needed=True,
    ),
    "start_y": Field(
        number, ("start y", "start latitude", "start lat", "depot y", "depot lat", "y", "latitude", "lat"), needed=True
    ),
    "end_x": Field(number, ("end x", "end longitude", "end lon")),
    "end_y": Field(number, ("end y", "end latitude", "end lat")),
    "open_end": Field(answer, ("open end", "open route")),
    **_loads("capacity", "max load", "payload"),
    "opens": Field(time, ("opens", "shift start", "start time", "from", "earliest")),
    "closes": Field(time, ("closes", "shift end", "end time", "to", "until", "latest")),
    "fixed_cost": Field(number, ("fixed cost",)),
    "unit_distance_cost": Field(number, ("unit distance cost", "distance cost")),
    "unit_duration_cost": Field(number, ("unit duration cost", "duration cost")),
    "speed": Field(number, ("speed",)),
    "mode": Field(mode, ("mode", "profile")),
    "max_distance": Field(number, ("max distance", "maximum distance")),
    "max_duration": Field(time, ("max duration", "maximum duration")),
}
#: Names of columns that say that places are longitudes and latitudes in degrees.
DEGREES = ("longitude", "lon", "lng", "latitude", "lat")


def plain(header: str) -> str:
    """A header in small letters, without what stands in brackets, words separated by single blanks."""
    return " ".join(re.sub(r"\(.*?\)|\[.*?\]|[^\w]|_", " ", header.lower()).split())


def meaning(header: str, fields: dict[str, Field]) -> str | None:
    """The field that a header stands for by its name."""
    name = plain(header)
    return next((key for key, field in fields.items() if name in field.names or name == plain(key)), None)
