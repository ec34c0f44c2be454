from collections import Counter
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import POOL, any_problem, arrays, exact, good_routes, left_out, new_chain, plain, pool, routes_of
from random_problems import random_problem

from nco import Client, Depot, Problem, VehicleType

seeds = st.integers(0, 10**6)

#: Orders of the pool by what they look at, and in how many of 17 cases they come.
ORDERS = {
    "the largest first": (lambda client: -client.bulk, 4),
    "the farthest first": (lambda client: -client.remoteness, 2),
    "the nearest first": (lambda client: client.remoteness, 1),
    "the narrowest window first": (lambda client: client.closes - client.opens, 2),
    "the first to open first": (lambda client: client.opens, 2),
    "the last to close first": (lambda client: -client.closes, 2),
}


def test_the_pool_comes_in_all_orders_as_often_as_was_meant():
    chain = new_chain(random_problem(3, ("loads", "windows"), 12))
    seen = Counter()
    for _ in range(680):
        plain.ruin(chain)
        plain.sort(chain)
        assert sorted(pool(chain)) == list(range(12))
        clients = [chain.clients[client] for client in pool(chain)]
        orders = [name for name, (key, _) in ORDERS.items() if clients == sorted(clients, key=key)]
        assert len(orders) <= 1
        seen.update(orders)
    for name, (_, share) in ORDERS.items():
        assert seen[name] == pytest.approx(40 * share, abs=3 + 5 * (40 * share) ** 0.5), name


def test_orders_that_look_at_windows_need_windows():
    chain = new_chain(random_problem(3, ("loads",), 12))
    seen = Counter()
    for _ in range(220):
        plain.ruin(chain)
        plain.sort(chain)
        clients = [chain.clients[client] for client in pool(chain)]
        seen.update(n for n, (key, _) in list(ORDERS.items())[:3] if clients == sorted(clients, key=key))
    assert seen.total() == pytest.approx(7 / 11 * 220, abs=40)


@pytest.mark.parametrize("everywhere", [250, 0])
@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_clients_go_where_no_rule_is_broken_or_are_noted_as_left_out(everywhere, seed):
    problem = any_problem(seed)
    chain = new_chain(problem, seed, good_routes(problem, seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(plain.insert.__globals__, "EVERYWHERE", everywhere)
        plain.ruin(chain)
        plain.recreate(chain)
    routes = routes_of(chain)
    served = [client for _, clients in routes for client in clients]
    assert sorted([*served, *left_out(chain)]) == list(range(problem.num_clients))
    assert exact(problem, routes) < inf
    assert chain.counts[0].cost == pytest.approx(exact(problem, routes))


@pytest.mark.parametrize("everywhere", [250, 0])
def test_a_client_goes_where_it_costs_least(monkeypatch, everywhere):
    monkeypatch.setitem(plain.insert.__globals__, "EVERYWHERE", everywhere)
    clients = tuple(Client(float(x), 1.0) for x in (0, 1, 2, 3, 4))
    problem = Problem((Depot(2.0, 0.0),), clients, (VehicleType(fixed_cost=9.0),))
    found = Counter()
    for seed in range(20):
        chain = new_chain(problem, seed, [(0, [0, 1, 3, 4])])
        plain.ruin(chain)
        plain.load(chain, *arrays([(0, [0, 1, 3, 4])]))
        chain.lists[POOL, 0], chain.counts[0].pool = 2, 1
        plain.recreate(chain)
        found[tuple(routes_of(chain)[0][1])] += 1
    assert found[0, 1, 2, 3, 4] >= 17  # but for blinks


def test_a_client_that_is_not_worth_its_way_is_left_out_and_one_that_is_comes():
    clients = tuple(Client(5.0, 0.0, required=False, prize=prize) for prize in (9.0, 11.0))
    problem = Problem((Depot(0.0, 0.0),), clients, (VehicleType(),))
    chain = new_chain(problem)
    plain.ruin(chain)
    chain.counts[0].pool = 1
    for client, served in ((0, False), (1, True)):
        chain.lists[POOL, 0] = client
        plain.recreate(chain)
        assert (client not in left_out(chain)) == served
    assert chain.counts[0].cost == 9.0 + 10.0
