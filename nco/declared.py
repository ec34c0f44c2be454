"""Types of a problem's values: each must be what its dataclass declares. The rules in nco.validation rely on it."""

from __future__ import annotations

import re
import reprlib
import sys
from collections.abc import Callable, Iterator
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from nco.errors import Fault

if TYPE_CHECKING:
    from nco.problem import Problem


def place_name(kind: str, index: int, item: Any) -> str:
    """How faults name an element: its number and, when there is one, the user's name."""
    name = getattr(item, "name", "")
    return f"{kind}[{index}] ({name})" if name else f"{kind}[{index}]"


def wrong_types(problem: Problem) -> Iterator[Fault]:
    """A fault for every value that does not have its declared type."""
    from nco.problem import Client, Depot, Profile, Shipment, VehicleType

    yield from _fields("", problem)
    elements = {
        "depots": Depot,
        "clients": Client,
        "vehicle_types": VehicleType,
        "profiles": Profile,
        "shipments": Shipment,
    }
    for kind, declared in elements.items():
        items, name = getattr(problem, kind), declared.__name__
        if not isinstance(items, tuple):
            yield Fault("P119", kind, f"{reprlib.repr(items)} is not a tuple", f"Give a tuple of {name}")
            continue
        for index, item in enumerate(items):
            if not isinstance(item, declared):
                yield Fault("P119", f"{kind}[{index}]", f"{reprlib.repr(item)} is not a {name}", f"Give a {name}")
            else:
                yield from _fields(f"{place_name(kind, index, item)}.", item)


#: Half of a UTF-16 pair: JSON can smuggle it in, but no file or screen can show it.
_SURROGATE = re.compile("[\ud800-\udfff]")


def _fields(prefix: str, item: Any) -> Iterator[Fault]:
    for name, field in item.__dataclass_fields__.items():
        if field.type not in _DECLARED:  # elements have their own loop, options their own rule
            continue
        description, is_valid = _DECLARED[field.type]
        value = getattr(item, name)
        if not is_valid(value):
            code = "P115" if field.type.startswith("int") and _is_number(value) else "P119"
            yield Fault(code, f"{prefix}{name}", f"{reprlib.repr(value)} is not {description}", f"Give {description}")


def _is_number(value: Any) -> bool:
    """A number that fits double precision; infinities and NaN are numbers here, booleans are not."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return isinstance(value, float | np.integer | np.floating)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_tuple(value: Any, check: Callable[[Any], bool]) -> bool:
    return isinstance(value, tuple) and all(map(check, value))


def _is_array(value: Any, dtype: type[np.generic]) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == dtype


#: Annotation of a dataclass field -> what a value must be, in words, and whether it is.
_DECLARED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "str": ("text", lambda value: isinstance(value, str) and not _SURROGATE.search(value)),
    "bool": ("True or False", lambda value: isinstance(value, bool | np.bool_)),
    "float": ("a number", _is_number),
    "float | None": ("a number or None", lambda value: value is None or _is_number(value)),
    "int": ("a whole number", _is_whole),
    "int | None": ("a whole number or None", lambda value: value is None or _is_whole(value)),
    "tuple[float, ...]": ("a tuple of numbers", lambda value: _is_tuple(value, _is_number)),
    "tuple[int, ...]": ("a tuple of whole numbers", lambda value: _is_tuple(value, _is_whole)),
    "Window": ("a pair of numbers", lambda value: _is_tuple(value, _is_number) and len(value) == 2),
    "Floats | None": ("an array of numbers", lambda value: value is None or _is_array(value, np.float64)),
    "NDArray[np.bool_] | None": ("an array of booleans", lambda value: value is None or _is_array(value, np.bool_)),
}
