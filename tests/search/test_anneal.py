from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import any_problem, arrays, exact, good_routes, left_out, new_chain, plain, routes_of
from random_problems import random_problem

from nco import Client, Depot, Problem, Profile, VehicleType, check
from nco.search import records
from nco.search.anneal import anneal
from nco.search.chains import _routes
from nco.search.data import search_data, to_solution
from nco.search.state import load, prepare

seeds = st.integers(0, 10**6)


@pytest.mark.parametrize("everywhere", [250, 0])
@settings(max_examples=20, deadline=None)
@given(seed=seeds, hot=st.sampled_from([0.0, 3.0, 100.0]))
def test_after_every_iteration_all_clients_are_served_or_noted_the_cost_is_exact_and_the_best_holds(
    everywhere, seed, hot
):
    problem = any_problem(seed)
    chain = new_chain(problem, seed, start := good_routes(problem, seed))
    best = exact(problem, start)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(plain.insert.__globals__, "EVERYWHERE", everywhere)
        for _ in range(12):
            plain.anneal(chain, 1, hot)
            routes = routes_of(chain)
            served = [client for _, clients in routes for client in clients]
            assert sorted([*served, *left_out(chain)]) == list(range(problem.num_clients))
            assert chain.counts[0].cost == pytest.approx(exact(problem, routes))
            assert chain.counts[0].cost < inf
            best = min(best, chain.counts[0].cost)
            assert chain.counts[0].best == pytest.approx(best) == pytest.approx(exact(problem, _routes(chain)))


@settings(max_examples=30, deadline=None)
@given(seed=seeds, hot=st.sampled_from([0.0, 3.0, 100.0]))
def test_where_the_largest_total_counts_it_is_the_checkers_after_every_iteration_and_the_best_holds(seed, hot):
    problem = any_problem(2 * seed, objective="max")  # without shipments
    chain = new_chain(problem, seed, start := good_routes(problem, seed))
    best = largest(problem, start)
    for _ in range(12):
        plain.anneal(chain, 1, hot)
        routes = routes_of(chain)
        assert plain.objective(chain) == pytest.approx(largest(problem, routes))
        best = min(best, largest(problem, routes))
        assert chain.counts[0].best == pytest.approx(best) == pytest.approx(largest(problem, _routes(chain)))


def largest(problem, routes) -> float:
    """The checker's cost with objective="max", and the prices of clients that must be served and are not."""
    report = check(problem, to_solution(problem, routes))
    price = search_data(problem).absence
    missing = [client - problem.num_depots for client in report.unassigned]
    return report.cost.total + sum(price[client] for client in missing if problem.required[client])


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_the_best_on_the_way_is_kept_when_it_is_left_again(seed):
    problem = any_problem(seed, size=12)
    chain = new_chain(problem, seed, start := good_routes(problem, seed))
    tried = [exact(problem, start)]

    def last_change(chain):
        plain.change_kinds(chain)
        tried.append(chain.counts[0].cost)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(plain.anneal.__globals__, "change_kinds", last_change)
        plain.anneal(chain, 25, 1000.0)
    assert chain.counts[0].best == pytest.approx(min(tried)) == pytest.approx(exact(problem, _routes(chain)))


def compiled_chain(problem, seed, routes):
    chain = records.new_chain(search_data(problem), seed)
    prepare(chain)
    load(chain, *arrays(routes))
    return chain


@pytest.mark.parametrize(("seed", "objective"), [*((k, "sum") for k in range(12)), (0, "max"), (2, "max"), (4, "max")])
def test_compiled_it_does_the_same(seed, objective):
    problem = any_problem(seed, size=9, objective=objective)
    routes = good_routes(problem, seed)
    plain_chain, chain = (make(problem, seed, routes) for make in (new_chain, compiled_chain))
    plain.anneal(plain_chain, 30, 4.0)
    anneal(chain, 30, 4.0)
    for name in ("alone", "best", "lists"):
        assert np.array_equal(getattr(chain, name), getattr(plain_chain, name)), name
    for name in ("clients", "routes", "kinds", "counts"):
        ours, theirs = getattr(chain, name), getattr(plain_chain, name)
        for field in ours.dtype.names:
            assert ours[field].tolist() == [getattr(record, field) for record in theirs], (name, field)


def test_one_compilation_serves_all_problems():
    for size in (1, 2, 120):
        anneal(compiled_chain(random_problem(1, (), size), 1, []), 1, 1.0)
    anneal(compiled_chain(any_problem(1), 1, []), 1, 1.0)
    assert len(anneal.signatures) == len(load.signatures) == len(prepare.signatures) == 1


def test_dear_detours_do_not_blur_the_cost():
    rng = np.random.default_rng(0)
    distance = rng.uniform(1, 100, (41, 41)) * (1 - np.eye(41))
    distance[3, 4] = 1e9
    profiles, kinds = (Profile(distance=distance),), (VehicleType(capacity=(10.0,)),)
    problem = Problem((Depot(0.0, 0.0),), (Client(0.0, 0.0, (1.0,)),) * 40, kinds, profiles)
    chain = new_chain(problem)
    plain.anneal(chain, 2, 1.0)
    assert chain.counts[0].best == pytest.approx(exact(problem, _routes(chain)), rel=1e-12)
