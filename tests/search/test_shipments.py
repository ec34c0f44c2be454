from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import START, any_problem, good_routes, judged, new_chain, plain, slots, visits

from nco import Client, Depot, Problem, Shipment, VehicleType

seeds = st.integers(0, 5 * 10**5).map(lambda seed: 2 * seed + 1)  # problems with shipments


def longer(clients, k, first, second):
    """The routes with a pickup at the k-th place and its delivery at any later one, and after whom that comes."""
    for j in range(k, len(clients) + 1):
        yield [*clients[:k], first, *clients[k:j], second, *clients[j:]], clients[j - 1] if j else START


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_the_best_place_of_the_delivery_is_that_of_the_checker(seed):
    problem = any_problem(seed)
    routes = good_routes(problem, seed)[:3]
    chain = new_chain(problem, seed, routes)
    served = {client for _, clients in routes for client in clients}
    for first, second in ((s.pickup, s.delivery) for s in problem.shipments if s.pickup not in served):
        for slot, (kind, clients) in zip(slots(chain), routes, strict=True):
            for k in range(len(clients) + 1):
                options = {place: judged(problem, kind, route) for route, place in longer(clients, k, first, second)}
                best = min(options.values())
                if not all(plain.fits(chain, slot, end) for end in (first, second)):
                    assert best == inf
                    continue
                before = np.uint32(clients[k - 1]) if k else START
                pair = np.uint32(first), np.uint32(second)
                cost, place = plain.both_added(chain, slot, *pair, before, inf)
                assert cost == pytest.approx(best - judged(problem, kind, clients), abs=1e-7)
                assert best == inf or options[int(place)] == pytest.approx(best)
                assert best == inf or plain.both_added(chain, slot, *pair, before, cost - 1e-6)[0] >= cost - 1e-6


@pytest.fixture
def street():
    """Two shipments along a street; the vehicle holds one of them at a time, or both."""

    def build(room: float):
        clients = tuple(Client(float(x), 0.0) for x in (1, 2, 3, 4))
        shipments = Shipment(0, 2, (1.0,)), Shipment(1, 3, (1.0,))
        return Problem((Depot(0.0, 0.0),), clients, (VehicleType(1, capacity=(room,)),), shipments=shipments)

    return build


@pytest.mark.parametrize(("room", "route"), [(2.0, [0, 1, 2, 3]), (1.0, [0, 2, 1, 3])])
def test_a_shipment_goes_between_another_one_or_around_it_as_there_is_room(street, room, route):
    chain = new_chain(street(room), routes=[(0, [1, 3])])
    chain.counts[0].iteration = 1
    plain.insert_shipment(chain, np.uint32(0))
    assert visits(chain, slots(chain)[0]) == route
    assert chain.counts[0].absent == 0
