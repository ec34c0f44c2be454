"""Where a chain of the search stands: routes as linked lists of clients, with what insertions ask for at every client.

Compiled by numba. Words as in data.py; START and END stand for the depots before the first and after the last client.
A client knows the part of its route before it (leaving it) and the part that begins with it (arriving at it), so that
one more client between two others is judged in constant time (Vidal et al. 2013, section 4.4). Records keep together
what is read together, and there are few arrays, because each is handed from function to function.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nco.search.compiled import compiled, inlined
from nco.search.data import Bools, Floats, Flags, Ints, SearchData

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
        ("cost", np.float64),  # of all routes, and the prices of clients not served
        ("best", np.float64),
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
    neighbours: Ints  # [n, A]
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
    for name in ("sight", "start", "end", "available", "fixed", "rate", "farthest", "longest"):
        kinds[name] = getattr(data, name)
    for column, name in enumerate(("leave_from", "leave_until", "arrive_from", "arrive_until")):
        kinds[name] = data.shift[:, column]
    counts = np.zeros(1, dtype=COUNTS)
    for name, flag in zip(Flags._fields, data.flags, strict=True):
        counts[name] = flag
    counts["random"], counts["free"], counts["best"] = seed, n, np.inf
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


@inlined
def random(s):
    """A number in [0, 1) (splitmix64, Steele et al. 2014)."""
    state = s.counts[0].random + np.uint64(0x9E3779B97F4A7C15)
    s.counts[0].random = state
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(np.int64(z >> np.uint64(11))) * (1.0 / 9007199254740992.0)


@inlined
def below(s, size):
    """A whole number in [0, size)."""
    return np.uint32(random(s) * size)


@inlined
def join(span, early, late, ride, span_on, early_on, late_on):
    """Two parts of a route, one after the other: least duration, and when the first may then begin.

    The parts fit: early + span + ride <= late_on (Vidal et al. 2013, equations 8 to 11, without time warp).
    """
    shift = span + ride
    wait = max(early_on - shift - late, 0.0)
    return span + ride + span_on + wait, max(early_on - shift, early) - wait, min(late_on - shift, late)


@inlined
def refresh(s, r):
    """Everything a route and its clients know, from the order of its clients. O(size)."""
    at, routes, counts = s.clients, s.routes, s.counts[0]
    k = routes[r].kind
    v = s.kinds[k].sight
    timed, lasting, far, last_pickups = counts.timed, counts.lasting, counts.far, counts.sorted
    dims = s.delivery.shape[1]
    start, end = s.kinds[k].start, s.kinds[k].end
    for d in range(dims):
        s.sums[r, DELIVERED, d] = 0.0
    c = routes[r].first
    while c != END:
        for d in range(dims):
            s.sums[r, DELIVERED, d] += s.delivery[c, d]
        c = at[c].next
    for d in range(dims):
        s.sums[r, HIGHEST, d] = s.sums[r, DELIVERED, d]
    cost = s.kinds[k].fixed
    distance = 0.0
    ready, picked = s.kinds[k].leave_from, False
    span, early, late = 0.0, s.kinds[k].leave_from, s.kinds[k].leave_until
    before, point = START, start
    c = routes[r].first
    while c != END:
        arc = s.cost[v, point, c]
        at[c].arc = arc
        at[c].route = r
        at[c].prev = before
        cost += arc
        if far:
            distance += s.distance[v, point, c]
        for d in range(dims):
            aboard = (s.loads[before, ABOARD, d] if before != START else s.sums[r, DELIVERED, d]) + s.change[c, d]
            s.loads[c, ABOARD, d] = aboard
            if aboard > s.sums[r, HIGHEST, d]:
                s.sums[r, HIGHEST, d] = aboard
            s.loads[c, PEAK, d] = s.sums[r, HIGHEST, d]
        if timed:
            ride = s.ride[v, point, c]
            if lasting:
                span, early, late = join(span, early, late, ride, s.clients[c].service, s.clients[c].opens, s.clients[c].closes)
                at[c].span, at[c].early, at[c].late = span, early, late
            ready = max(ready + ride, s.clients[c].opens) + s.clients[c].service
            at[c].ready = ready
        if last_pickups:
            picked = picked or s.clients[c].picks
            at[c].picked = picked
        before = point = c
        c = at[c].next
    routes[r].last = before
    closing = s.cost[v, point, end]
    routes[r].closing = closing
    cost += closing
    if far:
        routes[r].distance = distance + s.distance[v, point, end]
    due, delivers = s.kinds[k].arrive_until, False
    span, early, late = 0.0, s.kinds[k].arrive_from, s.kinds[k].arrive_until
    after = END
    point = end
    c = before
    while c != START:
        for d in range(dims):
            aboard = s.loads[c, ABOARD, d]
            s.loads[c, PEAK_ON, d] = max(aboard, s.loads[after, PEAK_ON, d]) if after != END else aboard
        if timed:
            ride = s.ride[v, c, point]
            due = min(due - ride - s.clients[c].service, s.clients[c].closes)
            at[c].due = due
            if lasting:
                span, early, late = join(
                    s.clients[c].service, s.clients[c].opens, s.clients[c].closes, ride, span, early, late
                )
                at[c].span_on, at[c].early_on, at[c].late_on = span, early, late
        if last_pickups:
            delivers = delivers or s.clients[c].delivers
            at[c].delivers_on = delivers
        after = point = c
        c = at[c].prev
    if lasting and after != END:
        whole, _, _ = join(0.0, s.kinds[k].leave_from, s.kinds[k].leave_until, s.ride[v, start, after], span, early, late)
        routes[r].span = whole
        cost += s.kinds[k].rate * whole
    s.counts[0].cost += cost - routes[r].cost
    routes[r].cost = cost


@inlined
def measured(s, r, k):
    """Cost of a route if another kind drove it; infinite where that kind cannot. O(size)."""
    at = s.clients
    v = s.kinds[k].sight
    timed, lasting, far = s.counts[0].timed, s.counts[0].lasting, s.counts[0].far
    for d in range(s.delivery.shape[1]):
        if s.sums[r, HIGHEST, d] > s.capacity[k, d]:
            return np.inf
    cost, distance = s.kinds[k].fixed, 0.0
    ready = s.kinds[k].leave_from
    span, early, late = 0.0, s.kinds[k].leave_from, s.kinds[k].leave_until
    point = s.kinds[k].start
    c = s.routes[r].first
    while c != END:
        if not s.allowed[k, c]:
            return np.inf
        cost += s.cost[v, point, c]
        if far:
            distance += s.distance[v, point, c]
        if timed:
            ride = s.ride[v, point, c]
            begin = max(ready + ride, s.clients[c].opens)
            if begin > s.clients[c].closes:
                return np.inf
            ready = begin + s.clients[c].service
            if lasting:
                span, early, late = join(span, early, late, ride, s.clients[c].service, s.clients[c].opens, s.clients[c].closes)
        point = c
        c = at[c].next
    end = s.kinds[k].end
    cost += s.cost[v, point, end]
    if far and distance + s.distance[v, point, end] > s.kinds[k].farthest:
        return np.inf
    if timed:
        ride = s.ride[v, point, end]
        if ready + ride > s.kinds[k].arrive_until:
            return np.inf
        if lasting:
            span, early, late = join(span, early, late, ride, 0.0, s.kinds[k].arrive_from, s.kinds[k].arrive_until)
            if span > s.kinds[k].longest:
                return np.inf
            cost += s.kinds[k].rate * span
    return cost


@inlined
def open_route(s, k):
    """A new route of a kind, without clients; its slot."""
    counts = s.counts[0]
    counts.free -= 1
    r = s.lists[FREE, counts.free]
    s.routes[r].first = s.routes[r].last = NONE
    s.routes[r].size = 0
    s.routes[r].kind = k
    s.routes[r].cost = 0.0
    s.routes[r].place = counts.routes
    s.lists[ACTIVE, counts.routes] = r
    counts.routes += 1
    s.kinds[k].used += 1
    return r


@inlined
def close_route(s, r):
    """Give back the slot of a route without clients."""
    counts = s.counts[0]
    counts.cost -= s.routes[r].cost
    s.routes[r].cost = 0.0
    counts.routes -= 1
    other = s.lists[ACTIVE, counts.routes]
    s.lists[ACTIVE, s.routes[r].place] = other
    s.routes[other].place = s.routes[r].place
    s.routes[r].place = NONE
    s.kinds[s.routes[r].kind].used -= 1
    s.lists[FREE, counts.free] = r
    counts.free += 1


@inlined
def keep(s, r):
    """Remember a route as it is, once an iteration, so that `undo` finds it."""
    counts = s.counts[0]
    if s.routes[r].touched == counts.iteration:
        return
    s.routes[r].touched = counts.iteration
    s.routes[r].saved = counts.kept
    s.routes[r].saved_kind = s.routes[r].kind
    s.routes[r].saved_size = s.routes[r].size
    s.lists[TOUCHED, counts.touched] = r
    counts.touched += 1
    c = s.routes[r].first
    while c != END:
        s.lists[KEPT, counts.kept] = c
        counts.kept += 1
        c = s.clients[c].next


@inlined
def undo(s):
    """Put back all routes of this iteration as they were."""
    counts = s.counts[0]
    for i in range(counts.called):
        c = s.lists[CALLED, i]
        if s.clients[c].route != NONE:
            leave_out(s, c)
            if s.counts[0].paired and s.clients[c].partner != NONE:
                s.clients[s.clients[c].partner].route = NONE
    for i in range(counts.touched):
        r = s.lists[TOUCHED, i]
        s.routes[r].first = s.routes[r].last = NONE
        in_use = s.routes[r].place != NONE
        if in_use and s.routes[r].saved_size == 0:
            close_route(s, r)
        elif in_use:
            s.kinds[s.routes[r].kind].used -= 1
            s.routes[r].kind = s.routes[r].saved_kind
            s.kinds[s.routes[r].kind].used += 1
            s.routes[r].size = 0
    for i in range(counts.touched):
        r = s.lists[TOUCHED, i]
        if s.routes[r].saved_size == 0:
            continue
        if s.routes[r].place == NONE:
            reopen(s, r)
        before = START
        for j in range(s.routes[r].saved, s.routes[r].saved + s.routes[r].saved_size):
            c = s.lists[KEPT, j]
            if s.clients[c].place != NONE:
                come_back(s, c)
            link(s, r, before, c)
            before = c
        refresh(s, r)


@inlined
def reopen(s, r):
    """Take a given slot again for the kind it had when it was kept."""
    counts = s.counts[0]
    for i in range(counts.free - 1, -1, -1):
        if s.lists[FREE, i] == r:
            s.lists[FREE, i] = s.lists[FREE, counts.free - 1]
            s.lists[FREE, counts.free - 1] = r
            break
    open_route(s, s.routes[r].saved_kind)


@inlined
def link(s, r, before, c):
    """Put a client after another one (or START) of a route; what the route knows is refreshed later."""
    at = s.clients
    after = s.routes[r].first if before == START else at[before].next
    at[c].prev, at[c].next, at[c].route = before, after, r
    if before == START:
        s.routes[r].first = c
    else:
        at[before].next = c
    if after == END:
        s.routes[r].last = c
    else:
        at[after].prev = c
    s.routes[r].size += 1


@inlined
def unlink(s, c):
    """Take a client off its route; what the route knows is refreshed later."""
    at = s.clients
    r, before, after = at[c].route, at[c].prev, at[c].next
    if before == START:
        s.routes[r].first = after
    else:
        at[before].next = after
    if after == END:
        s.routes[r].last = before
    else:
        at[after].prev = before
    at[c].route = NONE
    s.routes[r].size -= 1


@inlined
def price(s, c):
    """Of leaving a client, or its shipment, out."""
    if s.counts[0].paired and s.clients[c].partner != NONE:
        return s.clients[c].absence + s.clients[s.clients[c].partner].absence
    return s.clients[c].absence


@inlined
def leave_out(s, c):
    """Note that a client, taken off its route, is not served."""
    counts = s.counts[0]
    s.clients[c].route = NONE
    s.clients[c].place = counts.absent
    s.lists[ABSENT, counts.absent] = c
    counts.absent += 1
    counts.cost += price(s, c)


@inlined
def come_back(s, c):
    """Note that a client will be served."""
    counts = s.counts[0]
    counts.absent -= 1
    other = s.lists[ABSENT, counts.absent]
    s.lists[ABSENT, s.clients[c].place] = other
    s.clients[other].place = s.clients[c].place
    s.clients[c].place = NONE
    counts.cost -= price(s, c)


@inlined
def keep_best(s):
    """The present solution is the best so far."""
    for r in range(s.counts[0].routes):
        slot = s.lists[ACTIVE, r]
        s.best[BEST_FIRST, r] = s.routes[slot].first
        s.best[BEST_KIND, r] = s.routes[slot].kind
        c = s.routes[slot].first
        while c != END:
            s.best[BEST_NEXT, c] = s.clients[c].next
            c = s.clients[c].next
    for r in range(s.counts[0].routes, s.best.shape[1]):
        if s.best[BEST_FIRST, r] == NONE:
            break
        s.best[BEST_FIRST, r] = NONE


@compiled
def load(s, clients, offsets, kinds):
    """Take a solution: clients [..] of all routes one after the other, offsets [routes + 1], kinds [routes].

    It is taken as it is, feasible or not, and is the best so far. The other clients are left out.
    """
    counts = s.counts[0]
    while counts.routes > 0:
        r = s.lists[ACTIVE, counts.routes - 1]
        close_route(s, r)
    counts.cost, counts.absent = 0.0, 0
    for c in range(len(s.clients)):
        s.clients[c].route = s.clients[c].place = NONE
    for i in range(len(kinds)):
        r = open_route(s, kinds[i])
        before = START
        for j in range(offsets[i], offsets[i + 1]):
            link(s, r, before, clients[j])
            before = clients[j]
        refresh(s, r)
    for client in range(len(s.clients)):
        c = np.uint32(client)
        follows = s.counts[0].paired and s.clients[c].partner != NONE and not s.clients[c].is_pickup
        if s.clients[c].route == NONE and not follows:
            leave_out(s, c)
    counts.best = counts.cost
    keep_best(s)


@compiled
def prepare(s):
    """Costs of routes of one client, or one shipment; once for every problem."""
    for client in range(len(s.clients)):
        c = np.uint32(client)
        second = s.clients[c].partner if s.counts[0].paired else NONE
        if second != NONE and not s.clients[c].is_pickup:
            continue
        r = open_route(s, np.uint32(0))
        link(s, r, START, c)
        if second != NONE:
            link(s, r, c, second)
        refresh(s, r)
        for kind in range(len(s.kinds)):
            k = np.uint32(kind)
            if s.kinds[k].available > 0:
                s.alone[k, c] = measured(s, r, k)
        unlink(s, c)
        if second != NONE:
            unlink(s, second)
        close_route(s, r)
    s.counts[0].cost = 0.0
