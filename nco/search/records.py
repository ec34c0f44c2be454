"""What a chain of the search knows: routes as linked lists of clients, with what insertions ask for at every client.

Words as in data.py; START and END stand for the depots before the first and after the last client. A client knows the
part of its route before it (leaving it) and the part that begins with it (arriving at it), so that one more client
between two others is judged in constant time (Vidal et al. 2013, section 4.4). Records keep together what is read
together, and there are few arrays, because each is handed from function to function.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nco.problem import Floats
from nco.search.data import Bools, Flags, SearchData

#: No client, no route, no kind. Numbers are unsigned because numba looks whether others count from the end.
START = END = NONE = np.uint32(0xFFFFFFFF)
#: Rows of `loads`: highest load until leaving a client, load when leaving it, highest load from leaving it on.
PEAK, ABOARD, PEAK_ON = 0, 1, 2
#: Rows of `sums`.
DELIVERED, HIGHEST = 0, 1
#: Rows of `lists`: routes in use, slots that are not, clients not served (of shipments the pickup), clients to insert,
#: routes changed in this iteration, their clients before it, clients of the pool that were not served before.
ACTIVE, FREE, ABSENT, POOL, TOUCHED, KEPT, CALLED = range(7)
#: Rows of `best`.
BEST_NEXT, BEST_FIRST, BEST_KIND = 0, 1, 2

#: Where the largest total counts, what all routes together count beside it: without that, routes of other vehicles
#: would be of no consequence, though they make room.
SHARE = 0.1

Indices = NDArray[np.uint32]

CLIENT = np.dtype(
    [
        ("next", np.uint32),  # on its route, like prev; NONE: START or END
        ("prev", np.uint32),
        ("route", np.uint32),  # NONE: not served
        ("place", np.uint32),  # in the list of those not served; NONE: served
        ("arc", np.float64),  # cost of the arc that leads here
        ("ready", np.float64),  # earliest time to leave
        ("due", np.float64),  # latest time to begin here
        ("opens", np.float64),
        ("closes", np.float64),
        ("service", np.float64),
        ("span", np.float64),  # least duration until leaving; (early, late): when the route may then begin
        ("early", np.float64),
        ("late", np.float64),
        ("span_on", np.float64),  # least duration from here on; (early_on, late_on): when service here may then begin
        ("early_on", np.float64),
        ("late_on", np.float64),
        ("absence", np.float64),  # price of leaving it out
        ("remoteness", np.float64),
        ("bulk", np.float64),  # load, for an order
        ("partner", np.uint32),
        ("is_pickup", np.bool_),
        ("delivers", np.bool_),
        ("picks", np.bool_),
        ("picked", np.bool_),  # whether a pickup lies here or before
        ("delivers_on", np.bool_),  # whether a delivery lies here or after
    ],
    align=True,
)
ROUTE = np.dtype(
    [
        ("first", np.uint32),
        ("last", np.uint32),
        ("size", np.int32),
        ("kind", np.uint32),
        ("place", np.uint32),  # in the list of routes in use; NONE: not in use
        ("saved", np.int32),  # where its clients are in the list KEPT
        ("saved_size", np.int32),
        ("saved_kind", np.uint32),
        ("touched", np.int64),  # the iteration that changed it last
        ("cut", np.int64),  # the iteration that removed a string of it last
        ("closing", np.float64),  # cost of the arc home
        ("cost", np.float64),
        ("distance", np.float64),
        ("span", np.float64),  # duration
    ],
    align=True,
)
KIND = np.dtype(
    [
        ("sight", np.uint32),  # view
        ("start", np.uint32),
        ("end", np.uint32),
        ("available", np.int32),
        ("used", np.int32),
        ("joins", np.bool_),  # its routes are trips of one vehicle, whose total counts
        ("total", np.float64),  # cost of those
        ("fixed", np.float64),
        ("rate", np.float64),
        ("farthest", np.float64),
        ("longest", np.float64),
        ("leave_from", np.float64),
        ("leave_until", np.float64),
        ("arrive_from", np.float64),
        ("arrive_until", np.float64),
    ],
    align=True,
)
#: Single numbers.
COUNTS = np.dtype(
    [
        *((flag, np.bool_) for flag in Flags._fields),
        ("random", np.uint64),
        ("iteration", np.int64),
        ("routes", np.int32),  # lengths of the lists
        ("free", np.int32),
        ("absent", np.int32),
        ("pool", np.int32),
        ("touched", np.int32),
        ("kept", np.int32),
        ("called", np.int32),
        ("cost", np.float64),  # share of that of all routes, and the prices of clients not served
        ("share", np.float64),  # 1, or SHARE where the largest total counts
        ("top", np.float64),  # the largest total of a vehicle, where it counts; it is added to the cost
        ("best", np.float64),  # objective of the best solution
    ],
    align=True,
)


class Chain(NamedTuple):
    """A problem, a solution of it, what is needed to undo changes, and the best solution so far. R = n route slots.

    What several chains share, they only read.
    """

    cost: Floats  # [V, P, P]; see SearchData, down to neighbours
    cost_into: Floats
    distance: Floats
    ride: Floats
    delivery: Floats  # [n, L]
    change: Floats
    capacity: Floats  # [K, L]
    allowed: Bools  # [K, n]
    neighbours: Indices  # [n, A]
    alone: Floats  # [K, n] cost of a route with this client, or its shipment, alone; infinite: impossible
    clients: NDArray[Any]  # [n] CLIENT
    routes: NDArray[Any]  # [R] ROUTE
    kinds: NDArray[Any]  # [K] KIND
    counts: NDArray[Any]  # [1] COUNTS
    loads: Floats  # [n, 3, L]
    sums: Floats  # [R, 2, L]
    lists: Indices  # [7, n]
    keys: Floats  # [n] by which the pool is sorted
    best: Indices  # [3, n]


def new_chain(data: SearchData, seed: int) -> Chain:
    """A chain where nobody is served. Two chains with one seed take the same random decisions."""
    n, dims = data.delivery.shape
    clients, routes = np.zeros(n, dtype=CLIENT), np.zeros(n, dtype=ROUTE)
    for name in ("opens", "closes", "service", "absence", "remoteness", "partner", "is_pickup", "delivers", "picks"):
        clients[name] = getattr(data, name)
    clients["bulk"] = _bulk(data)
    for name in ("route", "next", "prev", "place"):
        clients[name] = NONE
    for name in ("first", "last", "place"):
        routes[name] = NONE
    kinds = np.zeros(len(data.start), dtype=KIND)
    for name in ("sight", "start", "end", "available", "joins", "fixed", "rate", "farthest", "longest"):
        kinds[name] = getattr(data, name)
    for column, name in enumerate(("leave_from", "leave_until", "arrive_from", "arrive_until")):
        kinds[name] = data.shift[:, column]
    counts = np.zeros(1, dtype=COUNTS)
    for name, flag in zip(Flags._fields, data.flags, strict=True):
        counts[name] = flag
    counts["random"], counts["free"], counts["best"] = seed, n, np.inf
    counts["share"] = SHARE if counts["largest"][0] else 1.0
    lists = np.zeros((7, n), dtype=np.uint32)
    lists[FREE] = np.arange(n)[::-1]
    return Chain(
        *(data.cost, data.cost_into, data.distance, data.ride, data.delivery, data.change),
        *(data.capacity, data.allowed, data.neighbours, np.full((len(kinds), n), np.inf)),
        *(clients, routes, kinds, counts),
        loads=np.zeros((n, 3, dims)),
        sums=np.zeros((n, 2, dims)),
        lists=lists,
        keys=np.zeros(n),
        best=np.full((3, n), NONE, dtype=np.uint32),
    )


def _bulk(data: SearchData) -> Floats:
    """Loads [n] of clients in units of the largest vehicle, summed over the dimensions."""
    capacity = np.where(np.isinf(data.capacity), 0.0, data.capacity).max(axis=0)
    shares = (data.delivery + np.abs(data.change)) / np.where(capacity > 0, capacity, np.inf)
    return np.asarray(shares.sum(axis=1))
