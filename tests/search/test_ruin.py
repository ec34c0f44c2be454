from itertools import pairwise
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import absent, any_problem, good_routes, judged, new_chain, plain, pool, routes_of
from random_problems import random_problem

from nco import Client, Depot, Problem, Profile, VehicleType
from nco.search.ruin import LONGEST, REMOVED

seeds = st.integers(0, 10**6)


@pytest.fixture(scope="module")
def rows():
    """A chain with routes of eight clients without anything that matters but distances."""

    def make(seed: int):
        problem = random_problem(seed, (), 48)
        return new_chain(problem, seed, [(0, list(range(k, k + 8))) for k in range(0, 48, 8)])

    return make


def gaps(route, left):
    """Lengths of the pieces that stayed between clients that went."""
    gone = [k for k, client in enumerate(route) if client not in left]
    return [later - sooner - 1 for sooner, later in pairwise(gone) if later - sooner > 1]


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_strings_of_clients_are_removed_with_at_most_one_hole(rows, seed):
    chain = rows(seed)
    before = [clients for _, clients in routes_of(chain)]
    plain.ruin(chain)
    after = [clients for _, clients in routes_of(chain)]
    removed = pool(chain)
    assert 1 <= len(removed) == len(set(removed)) <= 4 * REMOVED
    for route in before:
        left = [client for client in route if client not in removed]
        assert left in after or not left
        assert len(gaps(route, left)) <= 1
        assert len(route) - len(left) <= LONGEST


def test_about_as_many_clients_are_removed_as_was_meant_and_near_each_other(rows):
    counts, holes, whole = [], 0, 0
    for seed in range(150):
        chain = rows(seed)
        before = [clients for _, clients in routes_of(chain)]
        plain.ruin(chain)
        removed = pool(chain)
        counts.append(len(removed))
        whole += set(before[0]) <= set(removed)
        pieces = [gaps(route, [client for client in route if client not in removed]) for route in before]
        assert max(map(len, pieces)) <= 1
        assert max(map(sum, pieces)) <= 3  # seldom more than one client stays, and no route is cut twice
        holes += any(pieces)
    assert sum(counts) / len(counts) == pytest.approx(REMOVED, abs=2.0)
    assert 0 < holes < 150
    assert 0 < whole < 50


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_every_client_is_on_a_route_or_in_the_pool_or_still_left_out_and_shipments_stay_whole(seed):
    problem = any_problem(seed)
    routes = good_routes(problem, seed)
    chain = new_chain(problem, seed, routes)
    out = absent(chain)
    plain.ruin(chain)
    on = {client for _, clients in routes_of(chain) for client in clients}
    waiting = pool(chain)
    partners = {s.pickup: s.delivery for s in problem.shipments} | {s.delivery: s.pickup for s in problem.shipments}
    both = {*waiting, *(partners[client] for client in waiting if client in partners)}
    assert len(waiting) == len(set(waiting))
    assert both | on == set(range(problem.num_clients))
    assert not both & on
    assert set(out) <= set(waiting)  # few enough to be called all
    assert not set(waiting) & {shipment.delivery for shipment in problem.shipments}
    assert all(partners[client] in on for client in on if client in partners)
    assert all(judged(problem, *route) < inf for route in routes_of(chain))


LIMITS = {
    "a window": ({"tw": (0.0, 9.0)}, {}),
    "a shift": ({}, {"tw": (0.0, 9.0)}),
    "a limit of time": ({}, {"max_duration": 9.0}),
    "a limit of distance": ({}, {"max_distance": 9.0}),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_where_the_direct_way_is_longer_than_a_limit_allows_no_client_stays_without_those_before_it(limit):
    client, vehicle = LIMITS[limit]
    way = np.full((5, 5), 50.0)
    way[[0, 1, 2, 3, 4], [1, 2, 3, 4, 0]] = 1.0  # a ring
    np.fill_diagonal(way, 0.0)
    clients = tuple(Client(required=False, **client) for _ in range(4))
    ring = Problem((Depot(),), clients, (VehicleType(**vehicle),), (Profile(distance=way),))
    left = set()
    for seed in range(60):
        chain = new_chain(ring, seed, [(0, [0, 1, 2, 3])])
        plain.ruin(chain)
        left |= {tuple(clients) for _, clients in routes_of(chain)}
        assert sorted([*pool(chain), *(client for _, route in routes_of(chain) for client in route)]) == [0, 1, 2, 3]
    assert left == ({(0,), (0, 1), (0, 1, 2)} if limit == "a window" else set())


def test_being_late_after_a_wait_is_no_less_late():
    way = np.full((5, 5), 25.0)
    way[[0, 1, 2, 3, 4], [1, 2, 3, 4, 0]] = 1.0
    np.fill_diagonal(way, 0.0)
    clients = Client(tw=(0.0, 9.0)), *(Client(tw=(60.0, 75.0)),) * 3
    ring = Problem((Depot(),), clients, (VehicleType(),), (Profile(distance=way),))
    left = set()
    for seed in range(60):
        chain = new_chain(ring, seed, [(0, [0, 1, 2, 3])])
        plain.ruin(chain)
        left |= {tuple(clients) for _, clients in routes_of(chain)}
    assert {(0,), (0, 1, 2), (1, 2, 3)} <= left
    assert all(judged(ring, 0, clients) < inf for clients in left)


def test_of_many_clients_left_out_some_are_called_each_once():
    chain = new_chain(random_problem(1, (), 100))
    plain.ruin(chain)
    assert sorted(pool(chain)) == list(range(100))  # in the first iteration all
    plain.ruin(chain)
    called = pool(chain)
    assert 10 <= len(called) == len(set(called)) <= 2 * REMOVED
    plain.ruin(chain)
    assert set(pool(chain)) != set(called)
