from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import NONE, START, absent, any_problem, good_routes, judged, new_chain, plain, slots

seeds = st.integers(0, 10**6)


def places(seed: int):
    """A chain, and all places for all clients that are alone and not served, with the checker's cost of each."""
    problem = any_problem(seed)
    routes = good_routes(problem, seed)
    chain = new_chain(problem, seed, routes)
    found = []
    for client in absent(chain):
        for slot, (kind, clients) in zip(slots(chain), routes, strict=True):
            for k in range(len(clients) + 1) if chain.clients[client].partner == NONE else ():
                before = np.uint32(clients[k - 1]) if k else START
                cost = judged(problem, kind, [*clients[:k], client, *clients[k:]]) - judged(problem, kind, clients)
                found.append((slot, np.uint32(client), before, cost))
    return chain, found


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_a_place_costs_what_the_checker_finds_the_longer_route_to_cost_more(seed):
    chain, found = places(seed)
    for slot, client, before, cost in found:
        if plain.fits(chain, slot, client):
            assert plain.added(chain, slot, client, before, inf) == pytest.approx(cost, abs=1e-7)
        else:
            assert cost == inf


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_place_that_costs_less_than_a_bar_is_found_below_it_and_no_other(seed):
    chain, found = places(seed)
    for slot, client, before, cost in found:
        if plain.fits(chain, slot, client) and cost < inf:
            assert plain.added(chain, slot, client, before, cost + 1e-6) == pytest.approx(cost, abs=1e-7)
            assert plain.added(chain, slot, client, before, cost - 1e-6) >= cost - 1e-6


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_route_is_opened_by_a_kind_with_a_free_vehicle_that_may_serve_the_client(seed):
    problem = any_problem(seed)
    chain = new_chain(problem, seed, good_routes(problem, seed))
    for client in absent(chain):
        free = {k for k, kind in enumerate(chain.kinds) if kind.used < kind.available and chain.alone[k, client] < inf}
        opened = {int(plain.kind_to_open(chain, np.uint32(client))) for _ in range(30)}
        assert opened <= (free or {int(NONE)})
        assert min(free, key=lambda kind: chain.alone[kind, client], default=NONE) in opened
