"""What is particular to PyVRP: the limits of its model, and what it makes of problems without a solution."""

import warnings

import nco
from nco import Client, Depot, Problem, Profile, Shipment, VehicleType
from nco.solvers.pyvrp import PyvrpSolver
from nco.stop import MaxIterations

FEW = MaxIterations(100)


def test_another_seed_gives_another_search(town):
    histories = {tuple(cost for _, cost in nco.solve(town(60), "pyvrp", FEW, seed=seed).history) for seed in range(4)}
    assert len(histories) > 1


def test_more_iterations_are_never_worse(town):
    costs = [nco.solve(town(60), "pyvrp", MaxIterations(k)).cost() for k in (0, 50, 500)]
    assert sorted(costs, reverse=True) == costs


def test_an_infeasible_solution_is_given_back_with_its_violations():
    problem = Problem((Depot(0.0, 0.0),), (Client(1.0, 0.0, (9.0,)),), (VehicleType(capacity=(8.0,)),))
    result = nco.solve(problem, "pyvrp", FEW)
    assert [violation.rule for violation in result.report.violations] == ["capacity"]
    assert len(result.routes) == 1


def test_pyvrps_warnings_about_impossible_problems_are_left_to_the_checker():
    clients = tuple(Client(float(k), 1.0, (5.0,)) for k in range(6))
    problem = Problem((Depot(0.0, 0.0),), clients, (VehicleType(num_available=1, capacity=(10.0,)),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not nco.solve(problem, "pyvrp", MaxIterations(3000)).is_feasible()


def test_a_client_without_a_load_is_refused_only_where_backhauls_go_last():
    def problem(backhaul):
        clients = Client(1.0, 0.0, (1.0,)), Client(2.0, 0.0, (), (1.0,)), Client(3.0, 0.0)
        return Problem((Depot(0.0, 0.0),), clients, (VehicleType(capacity=(9.0,)),), backhaul=backhaul)

    assert [fault.code for fault in PyvrpSolver().unsupported(problem("last"))] == ["U302"]
    assert not PyvrpSolver().unsupported(problem("mixed"))


def test_problems_without_coordinates_are_solved():
    matrix = [[0.0, 2.0, 9.0], [7.0, 0.0, 1.0], [3.0, 8.0, 0.0]]
    import numpy as np

    problem = Problem((Depot(),), (Client(), Client()), (VehicleType(),), (Profile(distance=np.array(matrix)),))
    result = nco.solve(problem, "pyvrp", FEW)
    assert (result.cost(), result.routes[0].visits) == (6, (1, 2))


def test_vehicle_types_that_see_the_same_share_their_matrices(town):
    from nco.solvers.integers import Integers
    from nco.solvers.pyvrp import _translate

    problem = town(5)
    types = (*problem.vehicle_types, VehicleType(capacity=(9.0,)), VehicleType(capacity=(9.0,), speed=2.0))
    from dataclasses import replace

    data = _translate(Integers(replace(problem, vehicle_types=types)), range(3))
    assert data.num_profiles == 2
    assert [vehicle.profile for vehicle in data.vehicle_types()] == [0, 0, 1]


def parcels(**changes):
    """A client at 1 whose goods go to the client at 3, by one vehicle from 0."""
    clients = Client(1.0, 0.0, **changes), Client(3.0, 0.0, tw=(0.0, 9.0), required=changes.get("required", True))
    return Problem((Depot(0.0, 0.0),), clients, (VehicleType(capacity=(2.0,)),), shipments=(Shipment(0, 1, (2.0,)),))


def test_a_load_of_its_own_at_an_end_of_a_shipment_is_refused_naming_who_can():
    (fault,) = PyvrpSolver().unsupported(parcels(delivery=(1.0,)))
    assert (fault.code, "at an end of a shipment" in fault.what, fault.fix) == ("U302", True, "Use solver='ortools'")
    assert not PyvrpSolver().unsupported(parcels())


def test_a_shipment_whose_delivery_closes_before_its_pickup_opens_is_left_out():
    optional = nco.solve(parcels(tw=(10.0, 20.0), required=False, prize=4.0), "pyvrp", FEW)
    assert (optional.cost(), optional.is_feasible()) == (4, True)
    required = nco.solve(parcels(tw=(10.0, 20.0)), "pyvrp", FEW)
    assert [reason.rule for reason in required.unassigned] == ["time_windows"] * 2
