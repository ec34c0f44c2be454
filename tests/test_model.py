"""Model: building a problem piece by piece."""

import math
from typing import Any

import numpy as np
import pytest

import nco


@pytest.fixture
def model() -> nco.Model:
    model = nco.Model("day")
    model.add_depot(0, 0, name="yard")
    model.add_client(3, 4, delivery=2)
    model.add_vehicle_type(capacity=10)
    return model


def test_the_smallest_model_builds(model: nco.Model) -> None:
    problem = model.build()
    assert problem.name == "day"
    assert problem.depots == (nco.Depot(0, 0, name="yard"),)
    assert problem.clients == (nco.Client(3, 4, delivery=(2,)),)
    assert problem.vehicle_types == (nco.VehicleType(capacity=(10,)),)


def test_every_argument_arrives_where_it_belongs() -> None:
    model = nco.Model("day", rounding="exact", backhaul="last", preference_weight=3)
    north = model.add_depot(0, 0, tw=(1, 9), name="north")
    model.add_depot(5, 5, name="south")
    model.add_client(1, 2, delivery=(3, 4), pickup=(0, 0), tw=(2, 8), service=5, required=False, prize=6, name="bakery")
    van = model.add_profile("van", preference=[0.5], allowed=[True])
    model.add_vehicle_type(
        2,
        capacity=(10, 20),
        start_depot="south",
        end_depot=north,
        reload_depots=[north, "south"],
        profile=van,
        tw=(3, 7),
        fixed_cost=11,
        unit_distance_cost=12,
        unit_duration_cost=13,
        speed=14,
        max_distance=15,
        max_duration=16,
        max_reloads=17,
        name="lorry",
    )
    problem = model.build()
    assert (problem.rounding, problem.backhaul, problem.preference_weight) == ("exact", "last", 3)
    assert problem.depots[0] == nco.Depot(0, 0, (1, 9), "north")
    assert problem.clients == (nco.Client(1, 2, (3, 4), (0, 0), (2, 8), 5, False, 6, "bakery"),)
    assert problem.vehicle_types == (
        nco.VehicleType(2, (10, 20), 1, 0, 11, 12, 13, 14, (3, 7), 15, 16, (0, 1), 17, 0, "lorry"),
    )
    assert problem.profiles[0].name == "van"


def test_every_add_returns_what_it_added(model: nco.Model) -> None:
    assert model.add_depot(1, 1) is model.depots[-1]
    assert model.add_client(1, 1) is model.clients[-1]
    assert model.add_profile() is model.profiles[-1]
    assert model.add_vehicle_type() is model.vehicle_types[-1]


def test_equal_depots_are_told_apart_by_identity() -> None:
    model = nco.Model()
    model.add_depot(0, 0)
    second = model.add_depot(0, 0)
    assert model.add_vehicle_type(start_depot=second).start_depot == 1


def test_a_shipment_joins_clients_by_object_name_or_number() -> None:
    model = nco.Model("day", objective="max")
    model.add_depot(0, 0)
    model.add_client(1, 1)
    shop = model.add_client(1, 1, name="shop")
    model.add_client(1, 1, name="home")
    model.add_client(2, 2)
    model.add_vehicle_type(capacity=(5, 5))
    assert model.add_shipment(shop, "home", (1, 2)) is model.shipments[-1]
    model.add_shipment(0, 3, 4)
    problem = model.build()
    assert problem.shipments == (nco.Shipment(1, 2, (1, 2)), nco.Shipment(0, 3, (4,)))
    assert problem.objective == "max"


def test_a_shipment_of_an_unknown_client_is_an_error(model: nco.Model) -> None:
    with pytest.raises(nco.NcoError, match="add_client") as raised:
        model.add_shipment("nobody", 0)
    assert raised.value.codes == ("P108",)


def test_an_open_end_is_none(model: nco.Model) -> None:
    assert model.add_vehicle_type(capacity=10, end_depot=None).end_depot is None


@pytest.mark.parametrize("load", [3, 3.0, np.int64(3), (3,), [3], np.array([3])], ids=repr)
def test_a_load_is_a_number_or_a_number_per_dimension(load: Any, model: nco.Model) -> None:
    assert model.add_client(1, 1, delivery=load, pickup=load).delivery == (3,)
    assert model.add_vehicle_type(capacity=load).capacity == (3,)


@pytest.mark.parametrize("tw", [(2, 8), [2, 8], np.array([2.0, 8.0])], ids=repr)
def test_a_window_is_any_pair(tw: Any, model: nco.Model) -> None:
    model.add_client(1, 1, tw=tw)
    model.add_vehicle_type(capacity=1, tw=tw)
    problem = model.build()
    assert problem.clients[-1].tw == (2, 8)
    assert problem.vehicle_types[-1].tw == (2, 8)


@pytest.mark.parametrize("tw", [(), 5, (1, 2, 3)])
def test_a_window_that_is_no_pair_is_an_error(tw: Any, model: nco.Model) -> None:
    model.add_client(1, 1, tw=tw)
    with pytest.raises(nco.NcoError) as raised:
        model.build()
    assert raised.value.codes == ("P119",)


def test_no_window_is_always_open(model: nco.Model) -> None:
    assert model.add_client(1, 1).tw == (0, math.inf)


def test_a_matrix_without_a_profile_goes_to_the_first(model: nco.Model) -> None:
    model.set_matrix(distance=[[0, 7], [8, 0]])
    assert model.build().distance(0, 1) == 7


def test_a_matrix_goes_to_its_profile_by_object_or_name(model: nco.Model) -> None:
    car, bike = model.add_profile("car"), model.add_profile("bike", allowed=[True])
    model.set_matrix([[0, 7], [8, 0]], profile=car)
    model.set_matrix([[0, 5], [6, 0]], [[0, 50], [60, 0]], profile="bike")
    model.add_vehicle_type(capacity=1, profile=bike)
    problem = model.build()
    assert [problem.distance(0, 1, k) for k in (0, 1)] == [7, 5]
    assert problem.duration(1, 0, 1) == 60
    assert problem.vehicle_types[-1].profile == 1
    assert problem.profiles[1].allowed is not None


def test_matrices_may_be_set_one_after_the_other(model: nco.Model) -> None:
    model.set_matrix(distance=[[0, 7], [8, 0]])
    model.set_matrix(duration=[[0, 70], [80, 0]])
    problem = model.build()
    assert (problem.distance(0, 1), problem.duration(0, 1)) == (7, 70)


def test_the_model_keeps_its_own_copy_of_a_matrix(model: nco.Model) -> None:
    matrix = np.array([[0.0, 7], [8, 0]])
    model.set_matrix(matrix)
    matrix[0, 1] = -1
    assert model.build().distance(0, 1) == 7


def test_a_matrix_that_is_none_is_reported_by_build(model: nco.Model) -> None:
    model.set_matrix([[0, 1], [2]])
    with pytest.raises(nco.NcoError) as raised:
        model.build()
    assert raised.value.codes == ("P119",)


def test_what_was_never_added_is_an_error(model: nco.Model) -> None:
    for arguments in ({"start_depot": "nowhere"}, {"end_depot": nco.Depot(9, 9)}, {"profile": "car"}):
        with pytest.raises(nco.NcoError) as raised:
            model.add_vehicle_type(**arguments)  # type: ignore[arg-type]
        assert raised.value.codes == ("P108",)


def test_build_reports_every_fault_at_once(model: nco.Model) -> None:
    model.add_client(math.nan, 0, delivery=-1)
    model.add_vehicle_type(0, capacity=10)
    with pytest.raises(nco.NcoError) as raised:
        model.build()
    assert raised.value.codes == ("P104", "P105", "P115")


def test_a_model_may_be_extended_after_building(model: nco.Model) -> None:
    first = model.build()
    model.add_client(1, 1)
    assert (first.num_clients, model.build().num_clients) == (1, 2)
