import time
import warnings
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

import nco
from nco import Client, Depot, Problem, Profile, VehicleType
from nco.envs.presets import problems
from nco.errors import EmbeddingWarning, OutOfDistributionWarning, SolverError
from nco.policies.weights import save
from nco.solution import Route, Solution
from nco.solvers import neural
from nco.solvers.neural import NeuralSolver, _Best, _Bests
from nco.stop import MaxIterations, MaxRuntime

pytestmark = pytest.mark.filterwarnings("ignore::nco.errors.OutOfDistributionWarning")


@pytest.fixture(scope="module")
def typical() -> Problem:
    """A problem like those of the training."""
    return problems("cvrp_x", 40, 1, seed=5)[0]


def test_a_problem_of_the_training_distribution_is_solved_well(typical):
    result = nco.solve(typical, "neural", MaxIterations(4))
    assert result.is_feasible()
    assert result.cost() < 1.03 * nco.solve(typical, solver="pyvrp", stop=MaxIterations(300)).cost()


def test_a_client_that_only_a_detour_reaches_in_time_gets_no_route_of_its_own():
    matrix = np.array([[0.0, 5.0, 1.0], [5.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    clients = Client(0.0, 5.0), Client(0.0, 1.0)
    problem = Problem((Depot(0.0, 0.0, tw=(0.0, 9.0)),), clients, (VehicleType(),), (Profile(matrix),))
    result = nco.solve(problem, "neural", MaxIterations(1))
    assert [violation.rule for violation in result.report.violations] == ["visits"]


def test_the_same_seed_gives_the_same_routes_and_another_one_others(typical):
    first, again, other = (nco.solve(typical, "neural", MaxIterations(12), seed=seed) for seed in (1, 1, 2))
    assert first.routes == again.routes
    assert first.routes != other.routes


def test_more_iterations_are_never_worse(typical):
    costs = [nco.solve(typical, "neural", MaxIterations(k)).cost() for k in (1, 2, 6, 18)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]


@pytest.mark.parametrize(("wanted", "done"), [(0, 1), (1, 1), (3, 3)])
def test_iterations_are_batches_and_the_first_is_always_done(square, wanted, done):
    result = nco.solve(square, "neural", MaxIterations(wanted))
    assert result.iterations == done
    assert result.is_feasible()


def test_the_time_limit_holds():
    problem = problems("cvrp", 100, 1, seed=5)[0]
    longest = 0.0

    class Timed(NeuralSolver):
        """Remembers how long a batch takes on this machine at this moment."""

        def run(self, problem, stop, seed):
            nonlocal longest
            last = time.perf_counter()

            def ask(cost):
                nonlocal longest, last
                now = time.perf_counter()
                longest, last = max(longest, now - last), now
                return stop(cost)

            ask.seconds_left = stop.seconds_left
            return super().run(problem, ask, seed)

    result = nco.solve(problem, Timed(), MaxRuntime(1))
    assert result.is_feasible()
    # it stops before a batch as long as the last one would end too late; half a second for a machine that is busy
    assert 1.0 - longest <= result.runtime <= 1.1 + longest + 0.5


def test_improvements_are_remembered_with_their_time(typical):
    result = nco.solve(typical, "neural", MaxIterations(12))
    seconds, costs = zip(*result.history, strict=True)
    assert list(seconds) == sorted(seconds)
    assert list(costs) == sorted(costs, reverse=True)
    assert costs[-1] == result.cost()


def test_the_result_tells_which_weights_made_it(square):
    result = nco.solve(square, "neural", MaxIterations(1), device="cpu")
    assert (result.provenance["weights"], result.provenance["device"]) == ("cvrp", "cpu")
    assert len(result.provenance["sha256"]) == 64


def test_the_number_of_threads_is_left_as_it_was(square):
    before = torch.get_num_threads()
    nco.solve(square, "neural", MaxIterations(1))
    assert torch.get_num_threads() == before


def test_no_more_vehicles_are_used_than_there_are(typical):
    fewest = int(np.ceil(typical.delivery.sum() / typical.vehicle_types[0].capacity[0]))
    limited = replace(typical, vehicle_types=(replace(typical.vehicle_types[0], num_available=fewest + 1),))
    result = nco.solve(limited, "neural", MaxIterations(4))
    assert result.is_feasible()
    assert len(result.routes) <= fewest + 1


def test_clients_beyond_the_fleet_are_left_out_with_the_reason(square):
    small = replace(square, vehicle_types=(replace(square.vehicle_types[0], num_available=1),))
    result = nco.solve(small, "neural", MaxIterations(1))
    assert not result.is_feasible()
    assert (len(result.routes), [reason.rule for reason in result.unassigned]) == (1, ["fleet", "fleet"])


def test_a_client_too_large_for_a_vehicle_is_left_out_with_the_reason(square):
    large = replace(square, clients=(*square.clients, Client(2, 0, (3.0,), name="piano")))
    result = nco.solve(large, "neural", MaxIterations(1))
    assert [(reason.location, reason.rule) for reason in result.unassigned] == [(5, "capacity")]
    assert "piano" in result.unassigned[0].message
    assert len({location for route in result.routes for location in route.visits}) == 4


def test_when_no_client_fits_the_result_is_empty_and_says_why(square):
    hopeless = replace(square, vehicle_types=(VehicleType(capacity=(0.5,)),))
    result = nco.solve(hopeless, "neural", MaxIterations(1))
    assert result.routes == ()
    assert {reason.rule for reason in result.unassigned} == {"capacity"}


def test_one_client_is_visited_there_and_back():
    problem = Problem((Depot(0, 0),), (Client(3, 4, (1.0,)),), (VehicleType(capacity=(1.0,)),))
    assert nco.solve(problem, "neural", MaxIterations(1)).cost() == 10


@pytest.mark.parametrize("demand", [(), (1.0,)])
def test_clients_at_one_point_are_all_visited(demand):
    clients = tuple(Client(7, 7, demand) for _ in range(5))
    problem = Problem((Depot(7, 7),), clients, (VehicleType(capacity=(2.0,) if demand else ()),))
    result = nco.solve(problem, "neural", MaxIterations(2))
    assert (result.is_feasible(), result.cost()) == (True, 0.0)


def test_demands_that_are_not_whole_numbers_fill_vehicles_exactly():
    clients = tuple(Client(k, 1, (0.1,)) for k in range(6))
    problem = Problem((Depot(0, 0),), clients, (VehicleType(2, (0.3,)),))
    assert nco.solve(problem, "neural", MaxIterations(1)).is_feasible()


def test_distances_of_a_matrix_count_even_when_they_depend_on_the_direction():
    ring = np.array([[(j - i) % 6 for j in range(6)] for i in range(6)], dtype=float)  # one way round
    problem = Problem((Depot(),), (Client(),) * 5, (VehicleType(),), (Profile(distance=ring),))
    for weights in (None, "cvrp"):
        saying = pytest.warns(EmbeddingWarning, match="places derived from the distances") if weights else nullcontext()
        with saying:
            result = nco.solve(problem, "neural", MaxIterations(4), weights=weights)
        assert [route.visits for route in result.routes] == [(1, 2, 3, 4, 5)]
        assert result.cost() == 6
        assert result.provenance["weights"] == (weights or "rrnco")


def test_the_matrix_of_the_vehicles_own_profile_counts(typical):
    order = np.random.default_rng(1).permutation(len(typical.places))
    profiles = (Profile(), Profile(distance=typical.distance_matrix()[np.ix_(order, order)]))
    other = vehicle(profile=1)(replace(typical, profiles=profiles))
    alone = replace(typical, profiles=profiles[1:])
    assert nco.solve(other, "neural", MaxIterations(2)).routes == nco.solve(alone, "neural", MaxIterations(2)).routes


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("size", [4, 250])
def test_a_size_that_was_not_trained_is_a_warning_where_solve_was_called(size):
    problem = problems("cvrp", size, 1, seed=5)[0]
    with pytest.warns(OutOfDistributionWarning, match=f"{size} clients.*20 to 200") as caught:
        nco.solve(problem, "neural", MaxIterations(1))
    assert caught[0].filename == __file__


def test_a_problem_like_those_of_the_training_gives_no_warning(typical):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nco.solve(typical, "neural", MaxIterations(1))


def vehicle(**changes):
    return lambda problem: replace(problem, vehicle_types=(replace(problem.vehicle_types[0], **changes),))


def first_client(**changes):
    return lambda problem: replace(problem, clients=(replace(problem.clients[0], **changes), *problem.clients[1:]))


def second_vehicle(**changes):
    return lambda problem: replace(
        problem, vehicle_types=(*problem.vehicle_types, replace(problem.vehicle_types[0], **changes))
    )


def another_depot(problem):
    types = (*problem.vehicle_types, replace(problem.vehicle_types[0], start_depot=1, end_depot=1))
    depots = (*problem.depots, Depot(5, 5))
    return replace(problem, depots=depots, vehicle_types=types[1:])


#: What the weights for plain problems do not see and the unified ones do.
UNSEEN = {
    "several depots": another_depot,
    "several vehicle types": second_vehicle(),
    "pickups": first_client(pickup=(1.0,)),
    "time windows": first_client(tw=(0.0, 9.0)),
    "limits of distance": vehicle(max_distance=9.0),
    "open routes": vehicle(end_depot=None),
}

UNSUPPORTED = {
    "vehicles of several kinds": second_vehicle(capacity=(4.0,)),
    "routes that end at another depot": lambda problem: vehicle(end_depot=1)(
        replace(problem, depots=(*problem.depots, Depot(5, 5)))
    ),
    "several load dimensions": vehicle(capacity=(2.0, 2.0)),
    "optional clients": first_client(required=False),
    "allowed clients": lambda p: replace(p, profiles=(Profile(allowed=[False, True, True, True]),)),
    "preferences": lambda p: replace(p, profiles=(Profile(preference=[0.5, 1, 1, 1]),), preference_weight=1.0),
    "fixed costs": vehicle(fixed_cost=1.0),
    "costs of time": vehicle(unit_duration_cost=1.0),
    "limits of duration": vehicle(max_duration=9.0),
    "reloads": vehicle(reload_depots=(0,)),
    "more than 2000 clients": lambda problem: replace(problem, clients=problem.clients * 501),
    "shipments": lambda problem: replace(problem, shipments=(nco.problem.Shipment(0, 1),)),
    "objective='max'": lambda problem: replace(problem, objective="max"),
}


@pytest.mark.parametrize("feature", UNSEEN)
def test_a_feature_that_given_weights_do_not_know_is_refused_by_name(square, feature):
    with pytest.raises(SolverError, match=f"it does not support {feature}") as caught:
        nco.solve(UNSEEN[feature](square), "neural", MaxIterations(1), weights="cvrp")
    assert set(caught.value.codes) == {"U302"}


@pytest.mark.parametrize("feature", [*UNSEEN, "shifts"])
def test_a_feature_that_some_weights_know_is_solved_with_these(square, feature):
    problem = vehicle(tw=(0.0, 9.0))(square) if feature == "shifts" else UNSEEN[feature](square)
    result = nco.solve(problem, "neural", MaxIterations(3))
    assert result.is_feasible()
    assert result.provenance["weights"] == "unified"


@pytest.mark.parametrize("name", ["vrptw", "vrpb", "ovrpmbl", "mdovrpbltw", "rcvrptw"])
def test_every_variant_is_solved_near_what_pyvrp_finds(name):
    (problem,) = problems(name, 30, 1, seed=3)
    result = nco.solve(problem, "neural", MaxIterations(4))
    assert result.is_feasible()
    assert result.cost() < 1.2 * nco.solve(problem, "pyvrp", MaxIterations(300)).cost()


def test_a_client_that_fits_to_the_letter_only_has_a_route_of_its_own():
    """Masks are a little stricter than the checker."""
    far = Client(3, 4, (1.0,), tw=(0.0, 5.0), name="far")
    problem = Problem((Depot(0, 0),), (far, *(Client(k, 1, (1.0,)) for k in range(4))), (VehicleType(capacity=(5.0,)),))
    result = nco.solve(problem, "neural", MaxIterations(2))
    assert result.is_feasible()
    assert (1,) in [route.visits for route in result.routes]


@pytest.mark.parametrize("feature", UNSUPPORTED)
def test_a_feature_that_the_unified_policy_does_not_know_is_refused_by_name(square, feature):
    problem = UNSUPPORTED[feature](square)
    with pytest.raises(SolverError, match=f"it does not support {feature}") as caught:
        nco.solve(problem, "neural", MaxIterations(1), weights="unified")
    assert caught.value.codes == ("U302",)
    assert len(caught.value.faults) == 1


def test_all_unsupported_features_are_named_at_once(square):
    problem = UNSUPPORTED["reloads"](UNSUPPORTED["optional clients"](UNSUPPORTED["fixed costs"](square)))
    with pytest.raises(SolverError) as caught:
        nco.solve(problem, "neural", weights="unified")
    assert len(caught.value.faults) == 3


@pytest.fixture(scope="module", params=["profiles", "camp"])
def profiles(request, tiny_profiles, tiny_camp, tmp_path_factory) -> str:
    """Path of weights for vehicles that differ, not trained; with "camp" they act all at once."""
    policy, _ = tiny_camp() if request.param == "camp" else tiny_profiles()
    path = tmp_path_factory.mktemp("weights") / f"{request.param}.safetensors"
    save(policy, path, {"preset": "profiles", "sizes": (4, 60), "training": {}})
    return str(path)


@pytest.mark.parametrize("name", ["pvrp_p", "pvrp_p_angle", "pvrp_zc", "pvrp_zc_cluster", "hcvrp"])
def test_vehicles_that_differ_are_solved_by_weights_that_know_them(profiles, name):
    (problem,) = problems(name, 15, 1, seed=3)
    result = nco.solve(problem, "neural", MaxIterations(3), weights=profiles)
    assert result.is_feasible()
    assert result.cost() < 2 * nco.solve(problem, "pyvrp", MaxIterations(100)).cost()


def test_vehicles_that_differ_and_are_few_make_no_more_routes_than_there_are(profiles):
    (drawn,) = problems("hcvrp", 12, 1, seed=3)
    fleet = tuple(replace(v, reload_depots=(), num_available=1) for v in drawn.vehicle_types)
    problem = replace(drawn, vehicle_types=fleet)
    result = nco.solve(problem, "neural", MaxIterations(5), weights=profiles)
    assert result.is_feasible()
    assert len({route.vehicle_type for route in result.routes}) == len(result.routes) > 1


def test_the_objective_that_candidates_are_chosen_by_is_the_problems_own(profiles):
    """A vehicle that nobody likes and one that is dear serve nobody when preferences or ways count for much."""
    (drawn,) = problems("pvrp_p", 10, 1, seed=3)
    likes = tuple(replace(p, preference=np.full(10, float(k != 1))) for k, p in enumerate(drawn.profiles))
    problem = replace(drawn, profiles=likes, preference_weight=1000.0)
    result = nco.solve(problem, "neural", MaxIterations(8), weights=profiles)
    assert 1 not in {route.vehicle_type for route in result.routes}


@pytest.fixture(scope="module")
def minmax(tiny_camp, tmp_path_factory) -> Path:
    """Path of weights for the largest total, not trained."""
    policy, _ = tiny_camp("hcvrp_max_mixed", objective="max")
    path = tmp_path_factory.mktemp("weights") / "minmax.safetensors"
    save(policy, path, {"preset": "hcvrp_max_mixed", "sizes": (4, 60), "training": {}})
    return path


@pytest.mark.parametrize("name", ["hcvrp_max_3", "hcvrp_max"])
def test_a_min_max_problem_is_solved_by_weights_that_are_trained_for_it(minmax, name):
    (problem,) = problems(name, 12, 1, seed=3)
    result = nco.solve(problem, "neural", MaxIterations(5), weights=minmax)
    assert result.is_feasible()
    assert result.cost() == pytest.approx(min(cost for _, cost in result.history))


def test_weights_for_the_largest_total_refuse_the_sum(minmax):
    (problem,) = problems("hcvrp", 12, 1, seed=3)
    with pytest.raises(SolverError, match=r"U302.*it does not support objective='sum'"):
        nco.solve(problem, "neural", weights=minmax)


def test_weights_for_the_largest_total_refuse_types_of_several_vehicles(minmax):
    (drawn,) = problems("hcvrp_max_3", 12, 1, seed=3)
    problem = replace(drawn, vehicle_types=tuple(replace(v, num_available=2) for v in drawn.vehicle_types))
    with pytest.raises(SolverError, match=r"U302.*objective='max' with several vehicles of a type"):
        nco.solve(problem, "neural", weights=minmax)


#: What not even weights for vehicles that differ know.
NEVER = {
    "vehicles of several kinds": second_vehicle(speed=2.0),
    "a vehicle of next to no capacity": second_vehicle(capacity=(0.0,)),
    "time windows": first_client(tw=(0.0, 9.0)),
    "reloads": vehicle(reload_depots=(0,), max_reloads=2),
    "open routes": vehicle(end_depot=None),
    "fixed costs": second_vehicle(fixed_cost=1.0),
    "several depots": another_depot,
}


@pytest.mark.parametrize("feature", NEVER)
def test_a_feature_that_weights_for_vehicles_that_differ_do_not_know_is_refused(square, profiles, feature):
    with pytest.raises(SolverError, match=f"it does not support {feature}"):
        nco.solve(NEVER[feature](square), "neural", MaxIterations(1), weights=profiles)


@pytest.mark.parametrize("change", [vehicle(speed=2.0), vehicle(unit_distance_cost=2.0), first_client(service=3.0)])
def test_what_does_not_change_the_best_routes_is_supported(square, change):
    plain, changed = (nco.solve(p, "neural", MaxIterations(1)) for p in (square, change(square)))
    assert plain.routes == changed.routes


def test_a_gpu_that_is_not_there_is_an_error(square, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SolverError, match="Use device='cpu'") as caught:
        nco.solve(square, device="cuda")
    assert caught.value.codes == ("U305",)


def test_an_unknown_device_names_the_nearest(square):
    with pytest.raises(SolverError, match="Did you mean 'cuda'") as caught:
        nco.solve(square, device="cuda0")
    assert caught.value.codes == ("U305",)


@pytest.fixture
def interrupt(monkeypatch):
    """Ctrl-C at the start of a batch of the solver, the first being number 0."""

    def at(batch):
        numbers, genuine = count(), neural.candidates

        def broken(*arguments):
            for candidate in genuine(*arguments):
                if next(numbers) == batch:
                    raise KeyboardInterrupt
                yield candidate

        monkeypatch.setattr(neural, "candidates", broken)

    return at


def test_ctrl_c_gives_the_best_so_far(typical, interrupt):
    interrupt(2)
    result = nco.solve(typical, "neural", MaxRuntime(600))
    assert result.is_feasible()
    assert result.provenance["interrupted"]
    assert result.routes == nco.solve(typical, "neural", MaxIterations(2)).routes


def test_ctrl_c_before_there_is_a_solution_interrupts(square, interrupt):
    interrupt(0)
    with pytest.raises(KeyboardInterrupt):
        nco.solve(square, "neural", MaxRuntime(600))


class Ending:
    """A clock with next to nothing left, of a criterion that never says stop."""

    def __call__(self, best_cost):
        return False

    def seconds_left(self):
        return 1e-9

    def progress(self):
        return 0.99


def test_a_batch_that_would_end_too_late_is_not_begun(typical):
    assert NeuralSolver().run(typical, Ending(), 1).iterations == 1


@pytest.fixture(scope="module")
def priced() -> list[Problem]:
    """One problem at four prices of preferences."""
    problem = problems("pvrp_p", 20, 1, seed=5)[0]
    return [replace(problem, preference_weight=price) for price in (0.01, 0.1, 1.0, 10.0)]


def run_alike(problems, stop, seed=1):
    return NeuralSolver(device="cpu").run_alike(problems, stop.start(), seed)


def test_problems_that_differ_in_prices_are_solved_in_the_same_batches(priced):
    outcomes = run_alike(priced, MaxIterations(2))
    assert [outcome.iterations for outcome in outcomes] == [2] * 4
    reports = [nco.check(problem, outcome.solution) for problem, outcome in zip(priced, outcomes, strict=True)]
    assert all(report.is_feasible() for report in reports)
    assert [outcome.history[-1][1] for outcome in outcomes] == [report.cost.total for report in reports]


def test_what_is_found_at_one_price_counts_at_all(liked):
    cheap, dear = (replace(liked, preference_weight=price) for price in (0.01, 100.0))
    by_side, by_liking = (Solution((Route(a, 0), Route(b, 1))) for a, b in (((1, 2), (3, 4)), ((1, 3), (2, 4))))
    best = _Bests((_Best(cheap, Solution(())), _Best(dear, Solution(()))))
    best.offer([by_liking, by_side])  # each has found what suits the other
    assert [outcome.solution for outcome in best.outcomes(1, {})] == [by_side, by_liking]


def test_the_same_seed_gives_the_same_routes_at_all_prices_and_another_one_others(priced):
    first, again, other = (
        [outcome.solution.routes for outcome in run_alike(priced, MaxIterations(6), seed)] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_ctrl_c_gives_the_best_so_far_at_all_prices(priced, interrupt):
    interrupt(2)
    outcomes = run_alike(priced, MaxRuntime(600))
    assert all(outcome.provenance["interrupted"] for outcome in outcomes)
    expected = run_alike(priced, MaxIterations(2))
    assert [outcome.solution for outcome in outcomes] == [outcome.solution for outcome in expected]
