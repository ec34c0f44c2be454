"""Validation: each rule accepts what is right, rejects what is wrong with its code and place; all faults at once."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nco

NAN, INF = math.nan, math.inf
GOOD = nco.Problem(
    depots=(nco.Depot(0, 0), nco.Depot(9, 9, name="south")),
    clients=(nco.Client(1, 2, delivery=(1,), name="bakery"), nco.Client(3, 4, pickup=(2,)), nco.Client(5, 6)),
    vehicle_types=(nco.VehicleType(2, (10,), name="van"), nco.VehicleType(capacity=(5,), end_depot=None)),
    profiles=(nco.Profile(), nco.Profile(preference=np.array([0, 0.5, 1]), allowed=np.array([True, False, True]))),
)
FLAT = np.ones((5, 5)) - np.eye(5)


def faults(**changes: Any) -> list[tuple[str, str]]:
    """Codes and places of the faults of the good problem after changes."""
    with pytest.raises(nco.NcoError) as raised:
        replace(GOOD, **changes)
    assert all(fault.what and fault.fix for fault in raised.value.faults)
    return [(fault.code, fault.where) for fault in raised.value.faults]


def client(**changes: Any) -> dict[str, Any]:
    return {"clients": (replace(GOOD.clients[0], **changes), *GOOD.clients[1:])}


def vehicle(**changes: Any) -> dict[str, Any]:
    return {"vehicle_types": (replace(GOOD.vehicle_types[0], **changes), *GOOD.vehicle_types[1:])}


def profile(**changes: Any) -> dict[str, Any]:
    return {"profiles": (nco.Profile(**changes), *GOOD.profiles[1:])}


@pytest.mark.parametrize(("kind", "code"), [("clients", "P102"), ("vehicle_types", "P103")])
def test_something_of_each_kind_is_needed(kind: str, code: str) -> None:
    assert (code, kind) in faults(**{kind: ()})


def test_a_depot_is_needed_and_said_once() -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.Problem((), (nco.Client(1, 1),), (nco.VehicleType(),))
    assert raised.value.codes == ("P101",)


def test_a_profile_is_needed() -> None:
    assert faults(profiles=()) == [("P108", "vehicle_types[0] (van).profile"), ("P108", "vehicle_types[1].profile")]


@pytest.mark.parametrize("x", [None, NAN, INF, -INF, 2e12, -2e12])
def test_a_coordinate_must_be_given_and_usable(x: float | None) -> None:
    assert faults(**client(x=x)) == [("P104", "clients[0] (bakery).x, y")]


def test_coordinates_may_be_missing_when_every_profile_has_a_matrix() -> None:
    matrices = (nco.Profile(FLAT), nco.Profile(FLAT))
    assert replace(GOOD, profiles=matrices, **client(x=None, y=None)).num_clients == 3


def test_half_a_coordinate_is_a_slip_even_beside_a_matrix() -> None:
    matrices = (nco.Profile(FLAT), nco.Profile(FLAT))
    assert faults(profiles=matrices, **client(x=None)) == [("P104", "clients[0] (bakery).x, y")]


def test_a_duration_matrix_alone_does_not_replace_coordinates() -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.Problem((nco.Depot(),), (nco.Client(),), (nco.VehicleType(),), (nco.Profile(duration=np.zeros((2, 2))),))
    assert raised.value.codes == ("P116",)


@pytest.mark.parametrize("field", ["delivery", "pickup"])
@pytest.mark.parametrize("value", [-1, NAN, INF, 2e12])
def test_a_load_is_finite_and_not_negative(field: str, value: float) -> None:
    assert faults(**client(**{field: (value,)})) == [("P105", f"clients[0] (bakery).{field}")]


@pytest.mark.parametrize("field", ["service", "prize"])
@pytest.mark.parametrize("value", [-1, NAN, INF])
def test_a_quantity_of_a_client_is_finite_and_not_negative(field: str, value: float) -> None:
    assert faults(**client(**{field: value})) == [("P105", f"clients[0] (bakery).{field}")]


@pytest.mark.parametrize("field", ["fixed_cost", "unit_distance_cost", "unit_duration_cost"])
@pytest.mark.parametrize("value", [-1, NAN, INF])
def test_a_cost_is_finite_and_not_negative(field: str, value: float) -> None:
    assert faults(**vehicle(**{field: value})) == [("P105", f"vehicle_types[0] (van).{field}")]


@pytest.mark.parametrize("field", ["max_distance", "max_duration"])
@pytest.mark.parametrize("value", [-1, NAN])
def test_a_limit_is_not_negative(field: str, value: float) -> None:
    assert faults(**vehicle(**{field: value})) == [("P105", f"vehicle_types[0] (van).{field}")]


@pytest.mark.parametrize("field", ["max_distance", "max_duration"])
def test_a_limit_may_be_zero_or_infinite(field: str) -> None:
    for value in (0, INF):
        assert getattr(replace(GOOD, **vehicle(**{field: value})).vehicle_types[0], field) == value


@pytest.mark.parametrize("value", [0, -1, NAN, INF])
def test_a_speed_is_positive(value: float) -> None:
    assert faults(**vehicle(speed=value)) == [("P105", "vehicle_types[0] (van).speed")]


@pytest.mark.parametrize("value", [-1, NAN, INF])
def test_the_weight_of_preferences_is_finite_and_not_negative(value: float) -> None:
    assert faults(preference_weight=value) == [("P105", "preference_weight")]


@pytest.mark.parametrize(("field", "least"), [("num_available", 1), ("max_reloads", 0)])
def test_a_count_is_whole_and_large_enough(field: str, least: int) -> None:
    for value in (least - 1, -5, 2.5, NAN):
        assert faults(**vehicle(**{field: value})) == [("P115", f"vehicle_types[0] (van).{field}")]
    assert getattr(replace(GOOD, **vehicle(**{field: least})).vehicle_types[0], field) == least


def test_vehicle_types_have_the_same_load_dimensions() -> None:
    assert faults(**vehicle(capacity=(10, 10))) == [("P106", "vehicle_types.capacity")]


def test_a_client_has_no_more_loads_than_vehicles_have_capacities() -> None:
    assert faults(**client(delivery=(1, 1))) == [("P106", "clients[0] (bakery).delivery")]
    assert replace(GOOD, **client(delivery=())).delivery[0].tolist() == [0]


@pytest.mark.parametrize(
    ("tw", "code"), [((5, 4), "P107"), ((-1, 4), "P105"), ((0, NAN), "P105"), ((INF, INF), "P105")]
)
def test_a_window_opens_before_it_closes(tw: tuple[float, float], code: str) -> None:
    assert faults(**client(tw=tw)) == [(code, "clients[0] (bakery).tw")]
    assert faults(**vehicle(tw=tw)) == [(code, "vehicle_types[0] (van).tw")]
    assert faults(depots=(nco.Depot(0, 0, tw=tw), GOOD.depots[1])) == [(code, "depots[0].tw")]


def test_a_window_may_be_a_moment() -> None:
    assert replace(GOOD, **client(tw=(5, 5))).tw[2].tolist() == [5, 5]


@pytest.mark.parametrize("field", ["start_depot", "end_depot"])
@pytest.mark.parametrize("number", [-1, 2])
def test_a_depot_that_is_named_exists(field: str, number: int) -> None:
    assert faults(**vehicle(**{field: number})) == [("P108", f"vehicle_types[0] (van).{field}")]


def test_every_reload_depot_exists() -> None:
    assert faults(**vehicle(reload_depots=(0, 7, 1, 8))) == 2 * [("P108", "vehicle_types[0] (van).reload_depots")]


@pytest.mark.parametrize("number", [-1, 2])
def test_a_profile_that_is_named_exists(number: int) -> None:
    assert faults(**vehicle(profile=number)) == [("P108", "vehicle_types[0] (van).profile")]


@pytest.mark.parametrize("field", ["distance", "duration"])
@pytest.mark.parametrize("shape", [(4, 4), (5, 4), (5,), (5, 5, 1), (0, 0)])
def test_a_matrix_has_a_row_and_a_column_for_every_location(field: str, shape: tuple[int, ...]) -> None:
    assert faults(**profile(**{field: np.zeros(shape)})) == [("P109", f"profiles[0].{field}")]


@pytest.mark.parametrize("field", ["distance", "duration"])
@pytest.mark.parametrize("value", [-1, NAN, INF, 2e12])
def test_a_matrix_entry_is_finite_and_not_negative(field: str, value: float) -> None:
    matrix = FLAT.copy()
    matrix[3, 1] = value
    assert faults(**profile(**{field: matrix})) == [("P110", f"profiles[0].{field}[3, 1]")]


def test_a_matrix_full_of_faults_is_not_listed_entry_by_entry() -> None:
    with pytest.raises(nco.NcoError, match="25 entries are wrong") as raised:
        replace(GOOD, **profile(distance=np.full((5, 5), NAN)))
    assert len(raised.value.faults) == 3


def test_the_way_from_a_place_to_itself_is_zero() -> None:
    assert faults(**profile(distance=np.ones((5, 5)))) == [("P111", "profiles[0].distance[0, 0]")]


@pytest.mark.parametrize("field", ["preference", "allowed"])
def test_a_vector_of_a_profile_has_one_entry_per_client(field: str) -> None:
    for vector in (np.ones(5), np.ones((3, 1)), np.ones(0)):
        value = vector if field == "preference" else vector.astype(bool)
        assert faults(**profile(**{field: value})) == [("P113", f"profiles[0].{field}")]


@pytest.mark.parametrize("value", [-0.1, 1.1, NAN])
def test_a_preference_is_between_zero_and_one(value: float) -> None:
    assert faults(**profile(preference=np.array([0, 1, value]))) == [("P112", "profiles[0].preference[2]")]


def test_places_share_one_list_of_names() -> None:
    assert faults(**client(name="south")) == [("P114", "depots and clients")]
    assert replace(GOOD, **client(name="van")).clients[0].name == "van"


def test_vehicle_types_and_profiles_have_their_own_names() -> None:
    types = (GOOD.vehicle_types[0], replace(GOOD.vehicle_types[1], name="van"))
    named = (nco.Profile(name="car"), nco.Profile(name="car"))
    assert faults(vehicle_types=types, profiles=named) == [("P114", "vehicle_types"), ("P114", "profiles")]


@pytest.mark.parametrize("field", ["rounding", "backhaul"])
@pytest.mark.parametrize("value", ["nearest", None, ["round"], 3])
def test_an_unknown_option_is_named(field: str, value: Any) -> None:
    assert faults(**{field: value}) == [("P117", field)]


def test_with_backhauls_last_a_client_has_a_delivery_or_a_pickup() -> None:
    assert faults(backhaul="last", **client(pickup=(1,))) == [("P118", "clients[0] (bakery)")]
    assert replace(GOOD, backhaul="last", **client(pickup=(0,))).backhaul == "last"


def test_all_faults_are_reported_at_once() -> None:
    broken = {
        "clients": (nco.Client(NAN, 0, tw=(5, 4)), nco.Client(0, 0, delivery=(-1,))),
        "vehicle_types": (nco.VehicleType(0, (10,), start_depot=5),),
        "profiles": (nco.Profile(distance=np.zeros((2, 2))),),
        "rounding": "up",
    }
    assert {code for code, _ in faults(**broken)} == {"P117", "P104", "P105", "P115", "P107", "P108", "P109"}


@pytest.mark.parametrize("end", [-1, 3])
def test_a_shipment_joins_clients_that_exist(end: int) -> None:
    assert faults(shipments=(nco.Shipment(0, end),)) == [("P108", "shipments[0].delivery")]
    assert faults(shipments=(nco.Shipment(end, 0),)) == [("P108", "shipments[0].pickup")]


def test_a_client_belongs_to_one_shipment_at_most() -> None:
    twice = (nco.Shipment(0, 1), nco.Shipment(2, 0))
    assert faults(shipments=twice) == [("P120", "shipments[1].delivery")]
    assert faults(shipments=(nco.Shipment(2, 2),)) == [("P120", "shipments[0].delivery")]


def test_the_clients_of_a_shipment_are_both_required_or_both_optional() -> None:
    optional = tuple(replace(client, required=False) for client in GOOD.clients[:2])
    assert faults(shipments=(nco.Shipment(0, 2),), clients=(*optional, GOOD.clients[2])) == [("P121", "shipments[0]")]
    replace(GOOD, shipments=(nco.Shipment(0, 1),), clients=(*optional, GOOD.clients[2]))


@pytest.mark.parametrize("amount", [-1, NAN, INF])
def test_the_load_of_a_shipment_is_not_negative(amount: float) -> None:
    assert faults(shipments=(nco.Shipment(0, 1, (amount,)),)) == [("P105", "shipments[0].load")]


def test_the_load_of_a_shipment_has_no_more_dimensions_than_vehicles() -> None:
    assert faults(shipments=(nco.Shipment(0, 1, (1, 1)),)) == [("P106", "shipments[0].load")]


def test_an_unknown_objective_names_the_nearest() -> None:
    assert faults(objective="maxi") == [("P117", "objective")]
