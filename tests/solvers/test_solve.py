"""nco.solve: which solver, which options, and that no claim goes unchecked."""

import time
from dataclasses import replace

import pytest

import nco
from nco import Client, Depot, NcoError, Problem, Result, Route, Solution, VehicleType
from nco.envs.presets import problems
from nco.errors import SolverError
from nco.problem import Shipment
from nco.shifts import is_usable
from nco.solvers.base import Outcome, cannot, without_idle_reloads
from nco.solvers.solve import NOT_READY, SOLVERS, choose, create
from nco.stop import MaxIterations, MaxRuntime


class Claims:
    """A solver that knows one solution and claims a cost for it."""

    name = "claims"

    def __init__(self, routes, cost, tolerance=1e-6):
        self.outcome = Outcome(
            Solution(tuple(Route(tuple(r)) for r in routes)), 3, cost, tolerance, ((0.1, 9.0),), {"a": 1}
        )

    def unsupported(self, problem):
        return [cannot(self.name, "a single client", "two")] if problem.num_clients == 1 else []

    def run(self, problem, stop, seed):
        self.seed, self.seconds = seed, stop.seconds_left()
        return self.outcome


def test_an_unknown_solver_names_the_nearest():
    with pytest.raises(SolverError, match=r"U301.*Did you mean 'ortools'"):
        create("ortool")


def test_every_solver_can_be_created_by_name():
    assert [create(name).name for name in SOLVERS] == list(SOLVERS)


def test_without_a_name_the_first_solver_that_supports_the_problem_is_chosen(square, timed):
    assert choose(square) == ("search", [])
    assert nco.solve(timed, stop=MaxIterations(2)).solver == "search"
    assert choose(replace(square, objective="max")) == ("search", [])
    empty = tuple(replace(client, delivery=(0.0,)) for client in timed.clients)
    name, faults = choose(replace(timed, clients=empty, shipments=(Shipment(0, 1),), objective="max"))
    refusing = ["solver 'search'", "solver 'neural'", "solver 'pyvrp'"]
    assert (name, list(dict.fromkeys(fault.where for fault in faults))) == ("ortools", refusing)


def test_the_first_choice_is_not_waited_for_while_it_is_being_compiled(square, timed, monkeypatch):
    monkeypatch.setattr("nco.solvers.solve.ready_soon", lambda: False)
    assert choose(square) == ("neural", [NOT_READY])
    assert choose(timed)[0] == "pyvrp"
    assert nco.solve(timed, stop=MaxIterations(1), chains=1).solver == "search"


def test_without_a_name_an_option_speaks_for_the_solver_that_knows_it(square, timed):
    assert nco.solve(square, stop=MaxIterations(1), first_solution="savings").solver == "ortools"
    with pytest.raises(SolverError, match=r"neural.*time windows") as caught:
        nco.solve(timed, weights="cvrp")
    assert caught.value.codes == ("U302",)


def test_a_problem_that_no_solver_supports_is_an_error_with_all_reasons(timed, monkeypatch):
    monkeypatch.setattr("nco.solvers.solve.PREFERENCE", (("neural", {}), ("pyvrp", {})))
    with pytest.raises(SolverError, match=r"(?s)U302.*neural.*objective='max'.*U302.*pyvrp.*objective='max'"):
        nco.solve(replace(timed, objective="max"))


@pytest.mark.parametrize(
    ("solver", "option", "fix"),
    [
        ("auto", {"first_soluton": "savings"}, "Did you mean 'first_solution'"),
        ("ortools", {"first_soluton": "savings"}, "Did you mean 'first_solution'"),
        ("ortools", {"first_solution": "saving"}, "Did you mean 'savings'"),
        ("pyvrp", {"seeds": 3}, "It has no options"),
    ],
)
def test_an_unknown_option_names_the_nearest(solver, option, fix, square):
    with pytest.raises(SolverError, match=f"U307.*{fix}"):
        nco.solve(square, solver, **option)


def test_all_unknown_options_are_reported_at_once(square):
    with pytest.raises(SolverError) as caught:
        nco.solve(square, "ortools", a=1, b=2)
    assert [fault.code for fault in caught.value.faults] == ["U307", "U307"]


def test_a_solver_of_your_own_is_asked_with_seed_and_stop(square):
    solver = Claims([[1, 2], [3, 4]], 4 + 4 * 2**0.5)
    result = nco.solve(square, solver, MaxRuntime(7), seed=5)
    assert isinstance(result, Result)
    assert (solver.seed, result.seed, result.solver, result.iterations) == (5, 5, "claims", 3)
    assert 6 < solver.seconds <= 7
    assert result.history == ((0.1, 9.0),)
    assert {"a", "nco"} <= result.provenance.keys()


def test_a_wrong_claim_is_an_error(square):
    with pytest.raises(SolverError, match=r"U304.*claims.*the exact cost is"):
        nco.solve(square, Claims([[1, 2], [3, 4]], 9.0))


def test_a_claim_may_be_off_by_what_the_solver_says_it_loses(square):
    cost = 4 + 4 * 2**0.5
    assert nco.solve(square, Claims([[1, 2], [3, 4]], cost + 1e-3, 1e-3)).is_feasible()
    with pytest.raises(SolverError, match="U304"):
        nco.solve(square, Claims([[1, 2], [3, 4]], cost + 1e-3, 1e-5))


def test_no_claim_is_no_error_but_the_checker_decides(square):
    assert nco.solve(square, Claims([[1, 2], [3, 4]], None)).is_feasible()
    assert not nco.solve(square, Claims([[1, 2, 3, 4]], None)).is_feasible()


def test_no_routes_make_a_result_with_reasons(square):
    result = nco.solve(square, Claims([], None))
    assert (result.cost(), len(result.unassigned)) == (float("inf"), 4)


def test_what_a_solver_does_not_support_is_refused_before_it_runs(street):
    with pytest.raises(NcoError, match=r"U302.*it does not support a single client. Use two"):
        nco.solve(street(1), Claims([], None))


def test_the_time_counts_from_the_call(street):
    began, worked = time.perf_counter(), time.process_time()
    result = nco.solve(street(8), "pyvrp", MaxRuntime(0.5))
    assert 0.4 < result.runtime <= time.perf_counter() - began
    assert time.process_time() - worked < 0.8  # seconds of this process: other programs' do not count


def test_five_seconds_are_the_default(square):
    solver = Claims([[1, 2], [3, 4]], None)
    nco.solve(square, solver)
    assert 4 < solver.seconds <= 5


def test_preferences_with_a_distance_limit_are_refused_by_pyvrp_naming_who_can(street):
    problem = street(2, {"max_distance": 99.0}, preference=[1.0, 0.0])
    with pytest.raises(NcoError, match=r"U302.*maximum distance along with preferences.*solver='ortools'"):
        nco.solve(problem, "pyvrp")
    assert nco.solve(problem, "ortools", MaxIterations(5)).is_feasible()


def test_a_min_max_problem_is_refused_by_pyvrp_and_neural_naming_who_can(square):
    problem = replace(square, objective="max")
    for solver in ("pyvrp", "neural"):
        with pytest.raises(NcoError, match=r"U302.*it does not support objective='max'. Use .*solver='ortools'"):
            nco.solve(problem, solver)
    assert nco.solve(problem, "search", MaxIterations(1)).is_feasible()
    assert nco.solve(problem, "ortools", MaxIterations(5)).is_feasible()


def test_a_min_max_problem_with_a_shipment_is_refused_by_search_naming_who_can(square):
    problem = replace(square, objective="max", shipments=(nco.Shipment(0, 1),))
    with pytest.raises(SolverError, match=r"U302 solver 'search': .* Use solver='ortools'\.$"):
        nco.solve(problem, "search")


def test_a_preference_without_weight_is_none(street):
    problem = street(2, {"max_distance": 99.0}, preference=[1.0, 0.0], weight=0.0)
    assert nco.solve(problem, "pyvrp", MaxIterations(5)).is_feasible()


def test_idle_reloads_are_removed():
    problem = Problem(
        (Depot(0.0, 0.0), Depot(1.0, 0.0)), (Client(2.0, 0.0), Client(3.0, 0.0)), (VehicleType(reload_depots=(0, 1)),)
    )
    assert without_idle_reloads(problem, Route((0, 2, 1, 1, 3, 0, 0))).visits == (2, 1, 3)
    assert without_idle_reloads(problem, Route((1, 2, 0, 3, 1))).visits == (1, 2, 0, 3, 1)


@pytest.mark.parametrize(
    ("start", "end", "shift", "usable"),
    [
        ((0.0, 9.0), (0.0, 9.0), (0.0, 9.0), True),
        ((0.0, 9.0), (0.0, 9.0), (9.0, 20.0), True),
        ((0.0, 9.0), (0.0, 9.0), (10.0, 20.0), False),
        ((0.0, 9.0), (0.0, 9.0), (0.0, 5.0), True),
        ((6.0, 9.0), (0.0, 5.0), (0.0, 20.0), False),
        ((0.0, 9.0), (10.0, 20.0), (0.0, 9.0), False),
    ],
)
def test_a_vehicle_is_usable_if_it_can_leave_before_it_must_be_back(start, end, shift, usable):
    vehicle = VehicleType(start_depot=0, end_depot=1, tw=shift)
    problem = Problem((Depot(0.0, 0.0, tw=start), Depot(0.0, 0.0, tw=end)), (Client(1.0, 0.0),), (vehicle,))
    assert is_usable(problem, vehicle) is usable


@pytest.mark.parametrize("name", ["pvrp_p", "pvrp_zc_angle", "hcvrp"])
def test_until_the_search_is_compiled_the_policy_plans_for_vehicles_that_differ(name, monkeypatch):
    monkeypatch.setattr("nco.solvers.solve.ready_soon", lambda: False)
    (problem,) = problems(name, 20, 1, seed=1)
    result = nco.solve(problem, stop=MaxIterations(1))
    assert (result.solver, result.provenance["weights"]) == ("neural", "profiles")
    assert result.is_feasible()
