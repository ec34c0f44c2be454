"""What every classical solver must do, for every feature of problems."""

import signal
import threading
import time
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from math import inf

import numpy as np
import pytest
from brute_force import best_cost, cost_of_route
from foreign_evaluators import by_ortools, by_pyvrp
from random_problems import FEATURES, in_floats, random_problem, with_shipments

import nco
from nco import Client, Depot, NcoError, Problem, Profile, VehicleType, check
from nco.envs.presets import PRESETS, problems
from nco.solvers.solve import create
from nco.stop import AnyOf, MaxIterations, MaxRuntime, NoImprovement

needs_elkai = pytest.mark.skipif(find_spec("elkai") is None, reason="needs the extra 'lkh'")
ENOUGH = {"pyvrp": MaxIterations(200), "ortools": MaxIterations(200), "search": MaxIterations(3)}


@pytest.fixture(params=sorted(ENOUGH))
def solver(request):
    return request.param


@cache
def tiny(feature: str, seed: int) -> tuple[Problem, float]:
    """A problem with this feature, and the cost of its best solution."""
    problem = random_problem(seed, ("loads", "fleet", feature), size=4)
    return problem, best_cost(problem)


@pytest.mark.parametrize("feature", [f for f in FEATURES if f != "reloads"])
def test_the_optimum_is_found_on_tiny_problems_with_any_feature(solver, feature):
    for seed in range(4):
        problem, best = tiny(feature, seed)
        assert nco.solve(problem, solver, ENOUGH[solver], seed=seed).cost() == pytest.approx(best), seed


@pytest.mark.parametrize("seed", range(40))
def test_the_optimum_is_found_with_shipments_among_any_features(solver, seed):
    problem = with_shipments(random_problem(seed, size=4), seed, own_loads=solver == "ortools" and seed % 2 == 0)
    if create(solver).unsupported(problem):
        features = ("loads", "windows", "fleet", "optional", *([] if solver == "search" else ["reloads"]))
        problem = with_shipments(random_problem(seed, features, 4), seed)
    enough = MaxIterations({"pyvrp": 1000, "ortools": 200, "search": 4}[solver])
    assert nco.solve(problem, solver, enough).cost() == pytest.approx(best_cost(problem))


@pytest.mark.parametrize("seed", range(40))
def test_ortools_finds_the_smallest_costliest_route_with_any_features(seed):
    problem = random_problem(seed, size=4)
    problem = replace(with_shipments(problem, seed) if seed % 2 else problem, objective="max")
    assert nco.solve(problem, "ortools", ENOUGH["ortools"]).cost() == pytest.approx(best_cost(problem))


@pytest.mark.parametrize("objective", ["sum", "max"])
@pytest.mark.parametrize("seed", range(10))
def test_claims_hold_with_many_decimals_for_shipments_and_either_objective(seed, objective):
    problem = with_shipments(in_floats(random_problem(seed, size=7), seed), seed)
    for solver in [name for name in ENOUGH if not create(name).unsupported(replace(problem, objective=objective))]:
        result = nco.solve(replace(problem, objective=objective), solver, MaxIterations(30))
        assert result.is_feasible() or result.cost() == inf


@pytest.mark.filterwarnings("ignore::nco.errors.OutOfDistributionWarning", "ignore::nco.errors.EmbeddingWarning")
@pytest.mark.parametrize("name", [pytest.param("lkh", marks=needs_elkai), "neural", "ortools", "pyvrp", "search"])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_solved_or_refused_with_a_reason(preset, name):
    (problem,) = problems(preset, 8, 1, seed=1)
    faults = create(name).unsupported(problem)
    assert {fault.code for fault in faults} <= {"U302"}
    if not faults:
        assert nco.solve(problem, name, MaxIterations(10)).is_feasible()


def test_ortools_refuses_no_preset_and_pyvrp_only_the_min_max_objective():
    for preset in PRESETS:
        (problem,) = problems(preset, 6, 1, seed=1)
        assert not create("ortools").unsupported(problem), preset
        assert bool(create("pyvrp").unsupported(problem)) == (problem.objective == "max"), preset


@pytest.mark.parametrize("solver", ["ortools", "pyvrp"])
@pytest.mark.parametrize("seed", range(12))
def test_routes_with_reloads_are_accepted_by_brute_force_and_not_far_from_the_optimum(solver, seed):
    problem = random_problem(seed, ("loads", "reloads", "depots"), size=3)
    result = nco.solve(problem, solver, ENOUGH[solver])
    assert sum(cost_of_route(problem, route) for route in result.routes) == pytest.approx(result.cost())
    assert result.cost() <= 1.2 * best_cost(problem)


@pytest.mark.parametrize("seed", range(60))
def test_any_mix_of_features_gives_the_optimum_or_a_clear_refusal(solver, seed):
    problem = random_problem(seed, size=3)
    if faults := create(solver).unsupported(problem):
        assert {fault.code for fault in faults} == {"U302"}
        with pytest.raises(NcoError, match="U302"):
            nco.solve(problem, solver)
    else:
        assert nco.solve(problem, solver, ENOUGH[solver]).cost() <= best_cost(problem) + 1e-6


@pytest.mark.parametrize("name", [pytest.param("lkh", marks=needs_elkai), "nearest"])
@pytest.mark.parametrize("seed", range(60))
def test_any_mix_of_features_is_refused_by_tours_and_baseline_or_all_rules_are_kept(name, seed):
    problem = random_problem(seed, size=3)
    if faults := create(name).unsupported(problem):
        assert {fault.code for fault in faults} == {"U302"}
        return
    result = nco.solve(problem, name, MaxIterations(2))
    assert {violation.rule for violation in result.report.violations} <= {"visits"}
    assert result.cost() >= best_cost(problem) - 1e-6


@pytest.mark.parametrize("seed", range(30))
def test_the_solvers_agree_on_numbers_with_many_decimals(seed):
    features = ("loads", "windows", "depots", "duration_cost", "fixed", "profiles")
    problem = in_floats(random_problem(seed, features, size=5), seed)
    costs = [nco.solve(problem, name, ENOUGH[name]).cost() for name in ENOUGH]
    assert costs[0] == pytest.approx(costs[1], rel=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4, 1e9])
def test_the_optimum_does_not_depend_on_the_unit(solver, scale):
    problem = random_problem(3, ("loads", "windows", "fixed", "duration_cost"), size=4)
    best = best_cost(problem)
    scaled = replace(
        problem,
        rounding="none",
        profiles=(nco.Profile(distance=problem.distance_matrix() * scale),),
        depots=tuple(replace(d, tw=(d.tw[0] * scale, d.tw[1] * scale)) for d in problem.depots),
        clients=tuple(
            replace(c, tw=(c.tw[0] * scale, c.tw[1] * scale), service=c.service * scale) for c in problem.clients
        ),
        vehicle_types=tuple(replace(v, fixed_cost=v.fixed_cost * scale) for v in problem.vehicle_types),
    )
    assert nco.solve(scaled, solver, ENOUGH[solver]).cost() == pytest.approx(best * scale, rel=1e-5)


def test_a_limit_that_is_met_exactly_is_met_in_whole_numbers_too(solver):
    x, y = 0.1234567891234, 0.987654321987
    there_and_back = 2 * (x * x + y * y) ** 0.5
    for vehicle in ({"max_distance": there_and_back}, {"max_duration": there_and_back}, {"tw": (0.0, there_and_back)}):
        problem = Problem(
            (Depot(0.0, 0.0),),
            (Client(x, y, (1 / 3,)), Client(y, x, (1 / 3,))),
            (VehicleType(capacity=(1 / 3,), **vehicle),),
        )
        assert nco.solve(problem, solver, ENOUGH[solver]).is_feasible(), vehicle


@pytest.mark.parametrize("solver", ["ortools", "pyvrp"])
def test_windows_that_are_met_exactly_are_met_in_whole_numbers_too(solver, town):
    problem = town(100)
    free = tuple(replace(client, tw=(0.0, inf)) for client in problem.clients)
    routes = [nco.Route(tuple(range(k + 1, k + 21))) for k in range(0, 100, 20)]
    problem = replace(
        problem, depots=(Depot(500.0, 500.0),), clients=free, vehicle_types=(VehicleType(capacity=(1e3,)),)
    )
    arrivals = {stop.location: stop.arrival for schedule in check(problem, routes).schedules for stop in schedule.stops}
    tight = tuple(replace(client, tw=(0.0, arrivals[k])) for k, client in enumerate(free, start=1))
    problem = replace(problem, clients=tight)
    cost = {"pyvrp": by_pyvrp, "ortools": by_ortools}[solver](problem)(routes)
    assert cost == pytest.approx(check(problem, routes).cost.total)


def test_one_client_is_enough_for_a_problem(solver):
    problem = Problem((Depot(0.0, 0.0),), (Client(3.0, 4.0),), (VehicleType(),))
    result = nco.solve(problem, solver, ENOUGH[solver])
    assert (result.cost(), result.routes) == (10, (nco.Route((1,)),))


def test_places_without_any_distance_cost_nothing(solver):
    problem = Problem((Depot(1.0, 1.0),), (Client(1.0, 1.0), Client(1.0, 1.0)), (VehicleType(),))
    assert nco.solve(problem, solver, ENOUGH[solver]).cost() == 0


def test_clients_not_worth_a_visit_are_left_out(solver):
    problem = Problem(
        (Depot(0.0, 0.0),), tuple(Client(9.0, k, required=False, prize=1.5) for k in (0.0, 5.0)), (VehicleType(),)
    )
    result = nco.solve(problem, solver, ENOUGH[solver])
    assert (result.cost(), result.routes, [r.rule for r in result.unassigned]) == (3, (), ["not_chosen"] * 2)


def test_more_decimals_of_a_price_per_time_than_fit_are_allowed_for(solver):
    problem = random_problem(1, ("loads", "windows"), size=4)
    types = tuple(replace(v, unit_duration_cost=1 / 3) for v in problem.vehicle_types)
    problem = replace(problem, vehicle_types=types)
    assert nco.solve(problem, solver, ENOUGH[solver]).is_feasible()


IMPOSSIBLE = {
    "capacity": ({"delivery": (9.0,)}, {}),
    "time_windows": ({"tw": (0.0, 4.0)}, {}),
    "max_distance": ({}, {"max_distance": 9.0}),
    "max_duration": ({"service": 5.0}, {"max_duration": 14.0}),
    "allowed": ({}, {"profile": 1}),
}


@pytest.fixture(params=IMPOSSIBLE)
def impossible(request):
    """A rule, and a problem whose first client no vehicle can serve because of it."""
    client, vehicle = IMPOSSIBLE[request.param]
    problem = Problem(
        (Depot(0.0, 0.0),),
        (Client(3.0, 4.0, **client), Client(0.0, 1.0)),
        (VehicleType(capacity=(8.0,), **vehicle),),
        (Profile(), Profile(allowed=np.array([False, True]))),
    )
    return request.param, problem


def test_a_client_that_cannot_be_served_makes_an_infeasible_result_with_the_reason(solver, impossible):
    rule, problem = impossible
    result = nco.solve(problem, solver, ENOUGH[solver])
    rules = {reason.rule for reason in result.unassigned} | {violation.rule for violation in result.report.violations}
    assert (result.cost(), result.is_feasible()) == (inf, False)
    assert rule in rules
    assert result.history == ()


def test_ortools_serves_all_but_the_client_that_cannot_be_served(impossible):
    rule, problem = impossible
    result = nco.solve(problem, "ortools", ENOUGH["ortools"])
    assert [(reason.location, reason.rule) for reason in result.unassigned] == [(1, rule)]
    assert result.routes == (nco.Route((2,)),)


def test_a_fleet_that_is_too_small_makes_an_infeasible_result(solver):
    clients = tuple(Client(float(k), 1.0, (5.0,)) for k in range(4))
    problem = Problem((Depot(0.0, 0.0),), clients, (VehicleType(num_available=1, capacity=(10.0,)),))
    result = nco.solve(problem, solver, ENOUGH[solver])
    assert not result.is_feasible()
    assert len(result.routes) == 1


def test_vehicles_whose_shift_lies_outside_the_opening_hours_are_no_use(solver):
    useless, useful = VehicleType(tw=(10.0, 99.0)), VehicleType(tw=(0.0, 9.0))
    alone = Problem((Depot(0.0, 0.0, tw=(0.0, 9.0)),), (Client(1.0, 0.0),), (useless,))
    assert not nco.solve(alone, solver, ENOUGH[solver]).is_feasible()
    both = replace(alone, vehicle_types=(useless, useful))
    assert nco.solve(both, solver, ENOUGH[solver]).routes == (nco.Route((1,), 1),)


def test_unused_vehicles_break_no_rule_on_their_way_from_start_to_end(solver):
    depots = Depot(0.0, 0.0), Depot(100.0, 0.0)
    types = VehicleType(num_available=2), VehicleType(num_available=2, end_depot=1, max_distance=50.0, tw=(0.0, 50.0))
    problem = Problem(depots, (Client(3.0, 4.0),), types)
    assert nco.solve(problem, solver, ENOUGH[solver]).cost() == 10


def test_the_history_falls_to_the_cost_of_the_result(solver, town):
    result = nco.solve(town(30), solver, ENOUGH[solver])
    seconds, costs = zip(*result.history, strict=True)
    assert sorted(seconds) == list(seconds)
    assert sorted(costs, reverse=True) == list(costs)
    assert costs[-1] == pytest.approx(result.cost(), rel=1e-6)
    assert 0 <= seconds[0] <= seconds[-1] <= result.runtime


def test_the_same_seed_gives_the_same_routes(solver, town):
    first, second = (nco.solve(town(40), solver, ENOUGH[solver], seed=7) for _ in range(2))
    assert first.routes == second.routes
    assert first.iterations == second.iterations


def test_iterations_are_counted_exactly(solver, town):
    assert nco.solve(town(20), solver, MaxIterations(25)).iterations == 25


def test_the_result_tells_which_version_solved_it(solver, town):
    assert nco.solve(town(5), solver, ENOUGH[solver]).provenance[solver]


def test_a_search_without_improvement_ends(solver, town):
    assert nco.solve(town(10), solver, NoImprovement(20)).is_feasible()


def test_a_search_with_nothing_to_do_ends_without_a_time_limit(solver):
    problem = Problem((Depot(0.0, 0.0),), (Client(3.0, 4.0),), (VehicleType(num_available=1),))
    assert nco.solve(problem, solver, AnyOf(MaxIterations(30), NoImprovement(20))).cost() == 10


@pytest.mark.slow
@pytest.mark.parametrize("fleet", [1, 3])
def test_the_time_limit_holds_within_a_tenth_with_200_clients(solver, town, fleet):
    problem = town(200)
    kinds = tuple(
        replace(problem.vehicle_types[0], capacity=(40.0 * k,), fixed_cost=90.0 * k) for k in range(1, fleet + 1)
    )
    began = time.process_time()
    result = nco.solve(replace(problem, vehicle_types=kinds), solver, MaxRuntime(4))
    assert result.is_feasible()
    assert result.runtime >= 3.6
    assert time.process_time() - began <= 4.4  # seconds of this process: other programs' do not count


def test_no_time_at_all_is_no_error(solver, town):
    assert nco.solve(town(30), solver, MaxRuntime(0)).runtime < 1


def interrupt_after(seconds: float) -> threading.Timer:
    main = threading.main_thread().ident
    timer = threading.Timer(seconds, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    return timer


def test_an_interrupt_keeps_the_best_solution(solver, town):
    timer = interrupt_after(0.7)
    result = nco.solve(town(60), solver, MaxRuntime(30))
    timer.join()
    assert result.is_feasible()
    assert result.runtime < 10


def test_an_error_in_a_stopping_criterion_is_not_swallowed(solver, town):
    class Broken:
        def start(self):
            return self

        def seconds_left(self):
            return 5.0

        def progress(self):
            return 0.0

        def __call__(self, best_cost):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        nco.solve(town(20), solver, Broken())
