import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import any_problem, exact, good_routes, new_chain, plain, routes_of, slots, state_of

from nco import Client, Depot, Problem, VehicleType

seeds = st.integers(0, 10**6)


def after_all_changed(problem, seed, routes):
    """A chain in which all routes count as changed, and may change their kinds for some time."""
    chain = new_chain(problem, seed, routes)
    chain.counts[0].iteration = 1
    for slot in slots(chain):
        plain.keep(chain, slot)
    for _ in range(12):
        plain.change_kinds(chain)
    return chain


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_other_kinds_never_make_routes_dearer_and_there_are_vehicles_for_them(seed):
    problem = any_problem(seed)
    routes = good_routes(problem, seed)
    chain = after_all_changed(problem, seed, routes)
    now = routes_of(chain)
    assert [clients for _, clients in now] == [clients for _, clients in routes]
    assert chain.counts[0].cost == pytest.approx(exact(problem, now))
    assert exact(problem, now) <= exact(problem, routes) + 1e-6
    used = np.bincount([kind for kind, _ in now], minlength=len(chain.kinds)).tolist()
    assert used == [kind.used for kind in chain.kinds]
    assert all(count <= kind.available for count, kind in zip(used, chain.kinds, strict=True))


def test_a_cheaper_kind_with_a_free_vehicle_takes_over():
    problem = Problem((Depot(0.0, 0.0),), (Client(1.0, 0.0),), (VehicleType(fixed_cost=9.0), VehicleType(1)))
    assert routes_of(after_all_changed(problem, 1, [(0, [0])])) == [(1, [0])]


@pytest.fixture
def exchange():
    """A client far away and one near by, a vehicle that is dear on the way and one that is not."""
    clients = Client(10.0, 0.0, (1.0,)), Client(1.0, 0.0, (1.0,))
    kinds = VehicleType(1, (1.0,), unit_distance_cost=5.0), VehicleType(1, (1.0,))
    return Problem((Depot(0.0, 0.0),), clients, kinds)


def test_two_routes_exchange_their_kinds_when_that_is_cheaper(exchange):
    chain = after_all_changed(exchange, 1, [(0, [0]), (1, [1])])
    assert routes_of(chain) == [(1, [0]), (0, [1])]
    assert chain.counts[0].cost == 30.0


def test_an_exchange_that_is_dearer_for_both_together_is_not_made(exchange):
    for seed in range(20):
        chain = new_chain(exchange, seed, [(1, [0]), (0, [1])])
        chain.counts[0].iteration = 1
        plain.keep(chain, slots(chain)[1])
        plain.change_kinds(chain)
        assert routes_of(chain) == [(1, [0]), (0, [1])]


def test_an_exchange_with_a_route_that_had_not_changed_can_be_undone(exchange):
    chain = new_chain(exchange, 1, [(0, [0]), (1, [1])])
    before = state_of(chain)
    chain.counts[0].iteration = 1
    plain.keep(chain, slots(chain)[0])
    for _ in range(30):
        plain.change_kinds(chain)
    assert routes_of(chain) == [(1, [0]), (0, [1])]
    plain.undo(chain)
    assert state_of(chain) == before
