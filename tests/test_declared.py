"""Declared types: a value of another type is an error with its place, never a traceback."""

import sys
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import nco
from nco.declared import _DECLARED

GOOD = nco.Problem((nco.Depot(0, 0),), (nco.Client(1, 2, name="bakery"),), (nco.VehicleType(),))


def fault(**changes: Any) -> tuple[str, str]:
    """Code and place of the only fault of the good problem after changes."""
    with pytest.raises(nco.NcoError) as raised:
        replace(GOOD, **changes)
    (found,) = raised.value.faults
    return found.code, found.where


@pytest.mark.parametrize("described", [nco.Depot, nco.Client, nco.VehicleType, nco.Profile, nco.Shipment, nco.Problem])
def test_every_field_has_a_check(described: type) -> None:
    elements = {"depots", "clients", "vehicle_types", "profiles", "shipments"}  # checked by their own rules
    own = elements | {"rounding", "backhaul", "objective"}
    assert all(field.type in _DECLARED or field.name in own for field in fields(described))


@pytest.mark.parametrize("field", ["x", "y", "service", "prize"])
@pytest.mark.parametrize("value", ["3", True, [1], 1j, Fraction(1, 3), 10**400, np.array(1.0)], ids=repr)
def test_a_number_is_a_number(field: str, value: Any) -> None:
    client = replace(GOOD.clients[0], **{field: value})
    assert fault(clients=(client,)) == ("P119", f"clients[0] (bakery).{field}")


@pytest.mark.parametrize("value", [3, 3.5, np.float32(3), np.int8(3), np.float64(3), 10**12])
def test_numbers_of_python_and_numpy_will_do(value: Any) -> None:
    assert replace(GOOD, clients=(nco.Client(value, value),)).xy[1].tolist() == [value, value]


@pytest.mark.parametrize("value", [3, [3], (None,), ("3",), np.array([3]), None], ids=repr)
def test_loads_are_tuples_of_numbers(value: Any) -> None:
    assert fault(clients=(nco.Client(1, 2, delivery=value),)) == ("P119", "clients[0].delivery")


@pytest.mark.parametrize("value", [None, 3, [0, 3], (3,), (0, 3, 5), (), (0, None), "03"], ids=repr)
def test_windows_are_pairs_of_numbers(value: Any) -> None:
    assert fault(clients=(nco.Client(1, 2, tw=value),)) == ("P119", "clients[0].tw")


@pytest.mark.parametrize("field", ["start_depot", "end_depot", "profile", "num_available", "max_reloads"])
def test_numbers_of_things_are_whole(field: str) -> None:
    for value, code in ((0.0, "P115"), (1.5, "P115"), ("0", "P119"), (True, "P119")):
        assert fault(vehicle_types=(nco.VehicleType(**{field: value}),)) == (code, f"vehicle_types[0].{field}")


@pytest.mark.parametrize("field", ["start_depot", "profile"])
def test_what_is_needed_is_not_none(field: str) -> None:
    assert fault(vehicle_types=(nco.VehicleType(**{field: None}),)) == ("P119", f"vehicle_types[0].{field}")


def test_reload_depots_are_a_tuple_of_whole_numbers() -> None:
    for value in (0, [0], (0.0,), None):
        vehicle = nco.VehicleType(reload_depots=value)  # type: ignore[arg-type]
        assert fault(vehicle_types=(vehicle,)) == ("P119", "vehicle_types[0].reload_depots")


@pytest.mark.parametrize("value", [1, "no", None])
def test_required_is_true_or_false(value: Any) -> None:
    assert fault(clients=(nco.Client(1, 2, required=value),)) == ("P119", "clients[0].required")


@pytest.mark.parametrize("value", [5, None, b"bakery", "\ud800"])
def test_names_are_text_that_can_be_shown(value: Any) -> None:
    with pytest.raises(nco.NcoError) as raised:
        replace(GOOD, clients=(nco.Client(1, 2, name=value),))
    assert raised.value.codes == ("P119",)
    assert str(raised.value).encode("utf-8")


@pytest.mark.parametrize("kind", ["depots", "clients", "vehicle_types", "profiles", "shipments"])
def test_elements_come_in_a_tuple(kind: str) -> None:
    assert fault(**{kind: list(getattr(GOOD, kind))}) == ("P119", kind)
    assert fault(**{kind: None}) == ("P119", kind)


@pytest.mark.parametrize("kind", ["depots", "clients", "vehicle_types", "profiles", "shipments"])
def test_elements_are_of_their_kind(kind: str) -> None:
    assert fault(**{kind: ({"x": 1},)}) == ("P119", f"{kind}[0]")


@pytest.mark.parametrize("field", ["distance", "duration", "preference"])
@pytest.mark.parametrize("value", ["far", [["a"]], [[1, 2], [3]], np.array([[1j]]), {}], ids=repr)
def test_matrices_and_preferences_are_arrays_of_numbers(field: str, value: Any) -> None:
    assert fault(profiles=(nco.Profile(**{field: value}),)) == ("P119", f"profiles[0].{field}")


@pytest.mark.parametrize("value", [[1], [1.0], ["yes"], "yes"], ids=repr)
def test_allowed_is_an_array_of_booleans(value: Any) -> None:
    assert fault(profiles=(nco.Profile(allowed=value),)) == ("P119", "profiles[0].allowed")


def test_the_weight_of_preferences_is_a_number() -> None:
    assert fault(preference_weight="high") == ("P119", "preference_weight")


def test_wrong_types_are_all_reported() -> None:
    with pytest.raises(nco.NcoError) as raised:
        replace(GOOD, clients=(nco.Client("a", "b"),), name=3)  # type: ignore[arg-type]
    assert [f.where for f in raised.value.faults] == ["name", "clients[0].x", "clients[0].y"]


def test_a_fault_quotes_a_long_value_in_short() -> None:
    with pytest.raises(nco.NcoError) as raised:
        replace(GOOD, clients=(nco.Client(list(range(10_000)), 1),))  # type: ignore[arg-type]
    assert len(str(raised.value)) < 200


def test_the_largest_double_is_a_number() -> None:
    with pytest.raises(nco.NcoError) as raised:
        replace(GOOD, clients=(nco.Client(int(sys.float_info.max), 0),))
    assert raised.value.codes == ("P104",)
