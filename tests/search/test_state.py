from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import (
    NONE,
    ORDER,
    absent,
    any_problem,
    any_routes,
    arrays,
    exact,
    good_routes,
    judged,
    left_out,
    new_chain,
    plain,
    routes_of,
    slots,
)
from random_problems import random_problem

from nco.search.chains import _routes

seeds = st.integers(0, 10**6)


@pytest.fixture
def chain():
    return new_chain(random_problem(1, (), 4), seed=1234567)


def test_random_numbers_are_those_of_splitmix64(chain):
    known = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    chain.counts[0].random = 1234567
    assert [plain.random(chain) for _ in known] == [(number >> 11) / 2**53 for number in known]


def test_random_numbers_are_spread_evenly(chain):
    numbers = np.array([plain.random(chain) for _ in range(5000)])
    assert 0 <= numbers.min() <= numbers.max() < 1
    assert np.histogram(numbers, 10, (0, 1))[0] == pytest.approx(500, abs=110)
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.08


@pytest.mark.parametrize("size", [1, 7, 2.5])
def test_whole_numbers_below_a_bound_all_come(chain, size):
    assert {int(plain.below(chain, size)) for _ in range(300)} == set(range(int(np.ceil(size))))


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_a_route_costs_what_the_checker_says_for_every_kind_and_infinity_where_it_objects(seed):
    problem = any_problem(seed)
    routes = any_routes(problem, seed)
    chain = new_chain(problem, routes=routes)
    for slot, (_, clients) in zip(slots(chain), routes, strict=True):
        for kind in range(len(problem.vehicle_types)):
            cost = plain.measured(chain, slot, np.uint32(kind))
            assert cost == pytest.approx(judged(problem, kind, clients, ORDER))


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_loaded_routes_cost_what_the_checker_says_and_the_others_are_left_out(seed):
    problem = any_problem(seed)
    routes = good_routes(problem, seed)
    chain = new_chain(problem, routes=good_routes(problem, seed + 1))
    plain.load(chain, *arrays(routes))
    assert routes_of(chain) == routes
    assert left_out(chain) == set(range(problem.num_clients)) - {client for _, clients in routes for client in clients}
    assert [chain.routes[slot].cost for slot in slots(chain)] == pytest.approx([judged(problem, *r) for r in routes])
    assert chain.counts[0].cost == chain.counts[0].best == pytest.approx(exact(problem, routes))
    assert [kind.used for kind in chain.kinds] == np.bincount(
        [kind for kind, _ in routes], minlength=len(problem.vehicle_types)
    ).tolist()


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_what_is_kept_as_the_best_can_be_read_again(seed):
    problem = any_problem(seed)
    chain = new_chain(problem, routes=good_routes(problem, seed))
    plain.load(chain, *arrays(fewer := good_routes(problem, seed + 1)[:-1]))
    assert _routes(chain) == fewer


def test_the_cost_of_the_best_is_summed_from_scratch():
    problem = random_problem(1, (), 4)
    chain = new_chain(problem, routes=[(0, [0, 1]), (0, [2, 3])])
    chain.counts[0].cost += 0.5
    plain.keep_best(chain)
    assert chain.counts[0].best == chain.counts[0].cost == judged(problem, 0, [0, 1]) + judged(problem, 0, [2, 3])


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_client_or_a_shipment_alone_costs_what_the_checker_says(seed):
    problem = any_problem(seed)
    chain = new_chain(problem)
    pairs = {shipment.pickup: [shipment.pickup, shipment.delivery] for shipment in problem.shipments}
    ends = {client for pair in pairs.values() for client in pair}
    for kind, available in enumerate(chain.kinds):
        for client in absent(chain):
            alone = pairs[client] if client in ends else [client]
            expected = judged(problem, kind, alone) if available.available else inf
            assert chain.alone[kind, client] == pytest.approx(expected)
    assert chain.counts[0].routes == chain.counts[0].best * 0 == 0
    assert all(client.route == NONE for client in chain.clients)
