"""The search as plain Python: its source once more, not compiled, on lists of objects instead of arrays of records.

So tests look at its parts without waiting for a compiler; test_anneal.py holds that the compiled search does the same.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from math import inf
from types import SimpleNamespace

import numba.core.config
import numpy as np
import pytest
from random_problems import in_floats, in_pairs, random_problem, random_routes, with_shipments

import nco.search.anneal  # and all that it consists of
from nco import Problem, Route, check
from nco.checker import route_terms
from nco.checker.rules import ROUTE_RULES
from nco.problem import Objective
from nco.search import records
from nco.search.data import search_data, unsupported
from nco.search.records import ABSENT, ACTIVE, FREE, NONE, POOL, START  # noqa: F401

PARTS = ("largest", "state", "undo", "kinds", "places", "shipments", "ruin", "recreate", "anneal")
RULES = tuple(rule.__name__ for rule in ROUTE_RULES)
#: Those about the order of clients, which are the same for all vehicles.
ORDER = ("backhaul", "shipments")


def _interpreted() -> SimpleNamespace:
    """All functions of the parts, not compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba.core.config, "DISABLE_JIT", True)
        for part in PARTS:
            patch.setattr(nco.search, part, getattr(nco.search, part))
            patch.delitem(sys.modules, f"nco.search.{part}")
        parts = [import_module(f"nco.search.{part}") for part in PARTS]
    return SimpleNamespace(**{name: value for part in parts for name, value in vars(part).items() if callable(value)})


plain = _interpreted()


def new_chain(problem: Problem, seed: int = 1, routes: Sequence[tuple[int, Sequence[int]]] = ()):
    """A chain with these routes of clients by kind, ready for the search."""
    chain = records.new_chain(search_data(problem), seed)
    chain = chain._replace(
        **{part: _objects(getattr(chain, part)) for part in ("clients", "routes", "kinds", "counts")}
    )
    plain.prepare(chain)
    plain.load(chain, *arrays(routes))
    return chain


def _objects(records: np.ndarray) -> list[SimpleNamespace]:
    names = records.dtype.names
    return [SimpleNamespace(**dict(zip(names, record, strict=True))) for record in records.tolist()]


def arrays(routes: Sequence[tuple[int, Sequence[int]]]):
    """What `load` takes."""
    clients = [client for _, visits in routes for client in visits]
    offsets = np.cumsum([0, *(len(visits) for _, visits in routes)])
    kinds = [kind for kind, _ in routes]
    return np.array(clients, dtype=np.uint32), offsets, np.array(kinds, dtype=np.uint32)


def slots(chain) -> list[int]:
    """Slots of the routes in use, in order."""
    return chain.lists[ACTIVE, : chain.counts[0].routes].tolist()


def visits(chain, slot: int) -> list[int]:
    """Clients of a route, in order; back and forth the links agree."""
    found, client = [], chain.routes[slot].first
    while client != NONE:
        found.append(int(client))
        client = chain.clients[client].next
    back, client = [], chain.routes[slot].last
    while client != NONE:
        back.append(int(client))
        client = chain.clients[client].prev
    assert back == found[::-1]
    assert chain.routes[slot].size == len(found)
    return found


def routes_of(chain) -> list[tuple[int, list[int]]]:
    """The present routes of clients by kind."""
    return [(int(chain.routes[slot].kind), visits(chain, slot)) for slot in slots(chain)]


def pool(chain) -> list[int]:
    """Clients to insert."""
    return chain.lists[POOL, : chain.counts[0].pool].tolist()


def absent(chain) -> list[int]:
    """Clients not served; of shipments the pickup."""
    return chain.lists[ABSENT, : chain.counts[0].absent].tolist()


def state_of(chain) -> dict:
    """All of a chain's solution that `undo` has to put back, whatever the order of the lists."""
    held = slots(chain)
    return {
        "routes": {slot: (chain.routes[slot].kind, visits(chain, slot), chain.routes[slot].cost) for slot in held},
        "clients": {c: vars(chain.clients[c]).copy() for slot in held for c in visits(chain, slot)},
        "loads": {c: chain.loads[c].tolist() for slot in held for c in visits(chain, slot)},
        "sums": {slot: chain.sums[slot].tolist() for slot in held},
        "absent": set(absent(chain)),
        "free": set(chain.lists[FREE, : chain.counts[0].free].tolist()),
        "used": [kind.used for kind in chain.kinds],
    }


def left_out(chain) -> set[int]:
    """Clients not served, of shipments both; checks that each knows its place in the list."""
    found = absent(chain)
    assert [chain.clients[client].place for client in found] == list(range(len(found)))
    partners = (chain.clients[client].partner for client in found)
    return {*found, *(int(partner) for partner in partners if partner != NONE)}


def exact(problem: Problem, routes: Sequence[tuple[int, Sequence[int]]]) -> float:
    """Cost of routes by the checker, and the prices of the clients that they leave out."""
    prices = search_data(problem).absence
    served = [client for _, clients in routes for client in clients]
    missing = sum(price for client, price in enumerate(prices.tolist()) if client not in served)
    return sum(judged(problem, kind, clients) for kind, clients in routes) + missing


def judged(problem: Problem, kind: int, clients: Sequence[int], ignored: Sequence[str] = ()) -> float:
    """The checker's cost of a route; infinite when it breaks a rule that is not ignored."""
    report = check(problem, [Route(tuple(problem.num_depots + client for client in clients), kind)])
    rules = {violation.rule for violation in report.violations if violation.route is not None}
    return inf if rules - set(ignored) else sum(route_terms(problem, report.schedules[0]))


def any_problem(seed: int, size: int = 6, objective: Objective = "sum") -> Problem:
    """A random problem that the search supports, with any features.

    Half have shipments, half many decimals, and a third narrow windows in which vehicles have to wait.
    """
    for attempt in range(1000 * seed, 1000 * seed + 1000):
        problem = random_problem(attempt, size=size)
        problem = with_shipments(problem, attempt) if seed % 2 else problem
        problem = _with_waiting(problem, attempt) if seed % 3 == 0 else problem
        problem = in_floats(problem, attempt) if seed % 4 > 1 else problem
        problem = replace(problem, objective=objective)
        if not unsupported(problem):
            return problem
    raise AssertionError("no problem is supported")


def _with_waiting(problem: Problem, seed: int) -> Problem:
    """The problem with narrow windows, most of them far from each other, and a price of time."""
    rng = np.random.default_rng(seed)
    opens = (20.0 * rng.integers(0, 6, problem.num_clients)).tolist()
    return replace(
        problem,
        clients=tuple(replace(client, tw=(o, o + 15.0)) for client, o in zip(problem.clients, opens, strict=True)),
        vehicle_types=tuple(replace(v, unit_duration_cost=1.0, tw=(0.0, inf)) for v in problem.vehicle_types),
    )


def any_routes(problem: Problem, seed: int) -> list[tuple[int, list[int]]]:
    """Random routes in which every client comes at most once and shipments are whole, whatever else they break.

    Half of those without shipments follow the windows.
    """
    first, found = problem.num_depots, []
    for route in in_pairs(problem, random_routes(problem, seed), seed):
        clients = [place - first for place in route.visits if place >= first]
        if seed % 2 == 0 and not problem.shipments:
            clients.sort(key=lambda client: problem.clients[client].tw)
        if clients and judged(problem, route.vehicle_type, clients, set(RULES) - {"shipments"}) < inf:
            found.append((route.vehicle_type, clients))
    return found


def good_routes(problem: Problem, seed: int) -> list[tuple[int, list[int]]]:
    """Random routes that break no rule, as far as there are vehicles."""
    left, found = search_data(problem).available.tolist(), []
    for kind, clients in any_routes(problem, seed):
        if left[kind] > 0 and judged(problem, kind, clients) < inf:
            left[kind] -= 1
            found.append((kind, clients))
    return found
