"""Changes of a chain's solution, each with all that depends on it. Compiled by numba."""

from __future__ import annotations

import numpy as np

from nco.search.compiled import compiled, inlined
from nco.search.largest import weigh
from nco.search.records import (
    ABOARD,
    ABSENT,
    ACTIVE,
    BEST_FIRST,
    BEST_KIND,
    BEST_NEXT,
    DELIVERED,
    END,
    FREE,
    HIGHEST,
    NONE,
    PEAK,
    PEAK_ON,
    START,
)  # fmt: skip


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
            s.sums[r, HIGHEST, d] = max(s.sums[r, HIGHEST, d], aboard)
            s.loads[c, PEAK, d] = s.sums[r, HIGHEST, d]
        if timed:
            ride = s.ride[v, point, c]
            if lasting:
                span, early, late = join(span, early, late, ride, at[c].service, at[c].opens, at[c].closes)
                at[c].span, at[c].early, at[c].late = span, early, late
            ready = max(ready + ride, at[c].opens) + at[c].service
            at[c].ready = ready
        if last_pickups:
            picked = picked or at[c].picks
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
            due = min(due - ride - at[c].service, at[c].closes)
            at[c].due = due
            if lasting:
                span, early, late = join(at[c].service, at[c].opens, at[c].closes, ride, span, early, late)
                at[c].span_on, at[c].early_on, at[c].late_on = span, early, late
        if last_pickups:
            delivers = delivers or at[c].delivers
            at[c].delivers_on = delivers
        after = point = c
        c = at[c].prev
    if lasting and after != END:
        whole, _, _ = join(
            0.0, s.kinds[k].leave_from, s.kinds[k].leave_until, s.ride[v, start, after], span, early, late
        )
        routes[r].span = whole
        cost += s.kinds[k].rate * whole
    counts.cost += counts.share * (cost - routes[r].cost)
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
            begin = max(ready + ride, at[c].opens)
            if begin > at[c].closes:
                return np.inf
            ready = begin + at[c].service
            if lasting:
                span, early, late = join(span, early, late, ride, at[c].service, at[c].opens, at[c].closes)
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
def holds(s, r):
    """Whether a route, refreshed, keeps to windows and limits. O(size)."""
    at, counts, kind = s.clients, s.counts[0], s.kinds[s.routes[r].kind]
    if counts.far and s.routes[r].distance > kind.farthest:
        return False
    if counts.lasting and s.routes[r].span > kind.longest:
        return False
    c = s.routes[r].first if counts.timed else END
    while c != END:
        if at[c].ready > at[c].due + at[c].service:
            return False
        c = at[c].next
    return True


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
    counts.cost -= counts.share * s.routes[r].cost
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
def total(s):
    """Cost from scratch: sums of many differences drift."""
    counts = s.counts[0]
    cost = 0.0
    for i in range(counts.routes):
        cost += counts.share * s.routes[s.lists[ACTIVE, i]].cost
    for i in range(counts.absent):
        cost += price(s, s.lists[ABSENT, i])
    counts.cost = cost
    weigh(s)


@inlined
def objective(s):
    """What the solution costs: all of it, or the largest total and what is left out."""
    counts = s.counts[0]
    if not counts.largest:
        return counts.cost
    cost = counts.top
    for i in range(counts.absent):
        cost += price(s, s.lists[ABSENT, i])
    return cost


@inlined
def keep_best(s):
    """The present solution is the best so far."""
    total(s)
    s.counts[0].best = objective(s)
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
    for i in range(len(s.clients)):
        s.clients[i].route = s.clients[i].place = NONE
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
