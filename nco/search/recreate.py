"""Recreate: put the clients of the pool back, one after the other, each where it costs least (with blinks)."""

from __future__ import annotations

import numpy as np
from nco.search.compiled import inlined
from nco.search.state import (
    ABOARD, ACTIVE, DELIVERED, END, HIGHEST, NONE, PEAK, PEAK_ON, POOL, START, TOUCHED, below, come_back, join, keep, leave_out, link, measured, open_route, price, random, refresh,
)  # fmt: skip

BLINK = 0.01  # probability of overlooking a place
EVERYWHERE = 250  # clients up to which every place is looked at, and not only those next to neighbours
NOWHERE, OPENING = np.uint32(0xFFFFFFFE), np.uint32(0xFFFFFFFD)  # in place of a route
CHEAPEST = 0.5  # share of new routes that are given the cheapest kind, and not any


@inlined
def recreate(s):
    """Insert all clients of the pool; those without a place that is worth it are left out."""
    counts = s.counts[0]
    sort(s)
    for i in range(counts.pool):
        c = s.lists[POOL, i]
        if s.counts[0].paired and s.clients[c].partner != NONE:
            insert_shipment(s, c)
        else:
            insert(s, c)


@inlined
def sort(s):
    """The pool in a random one of several orders (Christiaens and Vanden Berghe 2020, section 5.2)."""
    size = s.counts[0].pool
    order = below(s, 17 if s.counts[0].timed else 11)
    for i in range(size):
        c = s.lists[POOL, i]
        if order < 4:
            key = random(s)
        elif order < 8:
            key = -s.clients[c].bulk
        elif order < 10:
            key = -s.clients[c].remoteness
        elif order < 11:
            key = s.clients[c].remoteness
        elif order < 13:
            key = s.clients[c].closes - s.clients[c].opens
        elif order < 15:
            key = s.clients[c].opens
        else:
            key = -s.clients[c].closes
        j = i
        while j > 0 and s.keys[j - 1] > key:
            s.keys[j], s.lists[POOL, j] = s.keys[j - 1], s.lists[POOL, j - 1]
            j -= 1
        s.keys[j], s.lists[POOL, j] = key, c


@inlined
def insert(s, c):
    """Put a client where it costs least."""
    counts, at = s.counts[0], s.clients
    best, route, place = price(s, c), NOWHERE, START
    kind = kind_to_open(s, c)
    if kind != NONE and s.alone[kind, c] < best:
        best, route = s.alone[kind, c], OPENING
    n = len(at)
    if n > EVERYWHERE:
        for i in range(1, s.neighbours.shape[1]):
            near = s.neighbours[c, i]
            r = at[near].route
            if r == NONE or not fits(s, r, c):
                continue
            cost = added(s, r, c, near, best)
            if cost < best and not blinks(s):
                best, route, place = cost, r, near
            if at[near].prev == START:
                cost = added(s, r, c, START, best)
                if cost < best and not blinks(s):
                    best, route, place = cost, r, START
    if n <= EVERYWHERE or route == NOWHERE:
        for i in range(counts.routes):
            r = s.lists[ACTIVE, i]
            if not fits(s, r, c):
                continue
            before = START
            while True:
                cost = added(s, r, c, before, best)
                if cost < best and not blinks(s):
                    best, route, place = cost, r, before
                before = s.routes[r].first if before == START else at[before].next
                if before == END:
                    break
    if route == NOWHERE:
        if at[c].place == NONE:
            leave_out(s, c)
        return
    if at[c].place != NONE:
        come_back(s, c)
    if route == OPENING:
        route = open_route(s, kind)
    keep(s, route)
    link(s, route, place, c)
    refresh(s, route)


@inlined
def blinks(s):
    """Whether a place is overlooked."""
    return random(s) < BLINK


@inlined
def kind_to_open(s, c):
    """A kind that may drive a new route with this client: the cheapest or any one; NONE: there is none."""
    kinds = len(s.kinds)
    if kinds == 1:
        return np.uint32(0) if s.kinds[0].used < s.kinds[0].available and s.alone[0, c] < np.inf else NONE
    chosen, least, seen = NONE, np.inf, 0
    cheapest = random(s) < CHEAPEST
    for kind in range(kinds):
        k = np.uint32(kind)
        cost = s.alone[k, c]
        if s.kinds[k].used < s.kinds[k].available and cost < np.inf:
            seen += 1
            if cost < least if cheapest else random(s) * seen < 1.0:
                chosen, least = k, cost
    return chosen


@inlined
def fits(s, r, c):
    """Whether a client may be on a route at all: quick, and not yet sure."""
    k = s.routes[r].kind
    if not s.allowed[k, c]:
        return False
    for d in range(s.delivery.shape[1]):
        if s.sums[r, DELIVERED, d] + s.delivery[c, d] > s.capacity[k, d]:
            return False
    return True


@inlined
def added(s, r, c, before, bar):
    """Cost of putting a client after another one (or START) of a route; infinite if that is forbidden, or not below bar."""
    at = s.clients
    k = s.routes[r].kind
    v = s.kinds[k].sight
    if before == START:
        a, b = s.kinds[k].start, s.routes[r].first
    else:
        a, b = before, at[before].next
    if b == END:
        p, arc = s.kinds[k].end, s.routes[r].closing
    else:
        p, arc = b, at[b].arc
    cost = s.cost_into[v, c, a] + s.cost[v, c, p] - arc
    timed, lasting = s.counts[0].timed, s.counts[0].lasting
    if cost >= bar and not lasting:
        return np.inf
    if timed:
        ready = s.kinds[k].leave_from if before == START else at[before].ready
        due = s.kinds[k].arrive_until if b == END else at[b].due
        begin = max(ready + s.ride[v, a, c], s.clients[c].opens)
        if begin > s.clients[c].closes or begin + s.clients[c].service + s.ride[v, c, p] > due:
            return np.inf
    if s.counts[0].loaded:
        for d in range(s.delivery.shape[1]):
            limit, change, delivery = s.capacity[k, d], s.change[c, d], s.delivery[c, d]
            until = s.sums[r, DELIVERED, d] if before == START else s.loads[before, PEAK, d]
            aboard = s.sums[r, DELIVERED, d] if before == START else s.loads[before, ABOARD, d]
            pickup = change + delivery
            if until + delivery > limit or aboard + pickup > limit:
                return np.inf
            if b != END and s.loads[b, PEAK_ON, d] + pickup > limit:
                return np.inf
    if s.counts[0].sorted:
        if s.clients[c].delivers and before != START and at[before].picked:
            return np.inf
        if s.clients[c].picks and b != END and at[b].delivers_on:
            return np.inf
    if s.counts[0].far:
        longer = s.distance[v, a, c] + s.distance[v, c, p] - s.distance[v, a, p]
        if s.routes[r].distance + longer > s.kinds[k].farthest:
            return np.inf
    if lasting:
        if before == START:
            span, early, late = 0.0, s.kinds[k].leave_from, s.kinds[k].leave_until
        else:
            span, early, late = at[before].span, at[before].early, at[before].late
        span, early, late = join(
            span, early, late, s.ride[v, a, c], s.clients[c].service, s.clients[c].opens, s.clients[c].closes
        )
        if b == END:
            span, early, late = join(
                span, early, late, s.ride[v, c, p], 0.0, s.kinds[k].arrive_from, s.kinds[k].arrive_until
            )
        else:
            span, early, late = join(
                span, early, late, s.ride[v, c, p], at[b].span_on, at[b].early_on, at[b].late_on
            )
        if span > s.kinds[k].longest:
            return np.inf
        cost += s.kinds[k].rate * (span - s.routes[r].span)
    return cost


@inlined
def insert_shipment(s, c):
    """Put a pickup and its delivery on one route where together they cost least."""
    counts, at = s.counts[0], s.clients
    second = s.clients[c].partner
    best, route, place, later = price(s, c), NOWHERE, START, START
    kind = kind_to_open(s, c)
    if kind != NONE and s.alone[kind, c] < best:
        best, route = s.alone[kind, c], OPENING
    for i in range(counts.routes):
        r = s.lists[ACTIVE, i]
        if not (fits(s, r, c) and fits(s, r, second)):
            continue
        before = START
        while True:
            if not blinks(s):
                cost, after = both_added(s, r, c, second, before, best)
                if cost < best:
                    best, route, place, later = cost, r, before, after
            before = s.routes[r].first if before == START else at[before].next
            if before == END:
                break
    if route == NOWHERE:
        if at[c].place == NONE:
            leave_out(s, c)
        return
    if at[c].place != NONE:
        come_back(s, c)
    if route == OPENING:
        route, later = open_route(s, kind), c
    keep(s, route)
    link(s, route, place, c)
    link(s, route, c if later == place else later, second)
    refresh(s, route)


@inlined
def both_added(s, r, c, second, before, bar):
    """Least cost of a pickup after `before` and its delivery anywhere later, and after which client that is.

    The delivery right after the pickup counts as after `before`. O(size).
    """
    at = s.clients
    k = s.routes[r].kind
    v = s.kinds[k].sight
    timed, lasting, far = s.counts[0].timed, s.counts[0].lasting, s.counts[0].far
    dims = s.delivery.shape[1]
    for d in range(dims):
        aboard = s.sums[r, DELIVERED, d] if before == START else s.loads[before, ABOARD, d]
        if aboard + s.change[c, d] > s.capacity[k, d]:
            return np.inf, START
    a = s.kinds[k].start if before == START else before
    cost = s.cost_into[v, c, a]
    farther = s.distance[v, a, c] if far else 0.0
    ready, span, early, late = 0.0, 0.0, 0.0, 0.0
    if timed:
        ready = s.kinds[k].leave_from if before == START else at[before].ready
        ready = max(ready + s.ride[v, a, c], s.clients[c].opens)
        if ready > s.clients[c].closes:
            return np.inf, START
        ready += s.clients[c].service
    if lasting:
        if before == START:
            span, early, late = 0.0, s.kinds[k].leave_from, s.kinds[k].leave_until
        else:
            span, early, late = at[before].span, at[before].early, at[before].late
        span, early, late = join(
            span, early, late, s.ride[v, a, c], s.clients[c].service, s.clients[c].opens, s.clients[c].closes
        )
    best, place = bar, NOWHERE
    last, behind = c, before  # the delivery comes right after `last`; `behind` is its name on the old route
    b = s.routes[r].first if before == START else at[before].next
    while True:
        p = s.kinds[k].end if b == END else b
        total = cost + s.cost[v, last, second] + s.cost[v, second, p]
        # what is left of the route has lost the arcs from `a` up to b, which is part of `cost` with a minus sign
        total -= s.routes[r].closing if b == END else at[b].arc
        ok = total < best or lasting
        if ok and timed:
            begin = max(ready + s.ride[v, last, second], s.clients[second].opens)
            due = s.kinds[k].arrive_until if b == END else at[b].due
            ok = begin <= s.clients[second].closes and begin + s.clients[second].service + s.ride[v, second, p] <= due
        if ok and far:
            longer = farther + s.distance[v, last, second] + s.distance[v, second, p]
            longer -= s.distance[v, a if last == c else last, p]
            ok = s.routes[r].distance + longer <= s.kinds[k].farthest
        if ok and lasting:
            whole, begins, ends = join(
                span, early, late, s.ride[v, last, second],
                s.clients[second].service, s.clients[second].opens, s.clients[second].closes,
            )  # fmt: skip
            if b == END:
                whole, begins, ends = join(
                    whole, begins, ends, s.ride[v, second, p], 0.0, s.kinds[k].arrive_from, s.kinds[k].arrive_until
                )
            else:
                whole, begins, ends = join(
                    whole, begins, ends, s.ride[v, second, p], at[b].span_on, at[b].early_on, at[b].late_on
                )
            ok = whole <= s.kinds[k].longest
            total += s.kinds[k].rate * (whole - s.routes[r].span)
        if ok and total < best:
            best, place = total, behind
        if b == END:
            break
        # the old route goes on between pickup and delivery
        for d in range(dims):
            if s.loads[b, ABOARD, d] + s.change[c, d] > s.capacity[k, d]:
                return best if place != NOWHERE else np.inf, place
        if last == c:
            cost += s.cost[v, c, b] - at[b].arc
        if far and last == c:
            farther += s.distance[v, c, b] - s.distance[v, a, b]
        if timed:
            ride = s.ride[v, last, b]
            ready = max(ready + ride, s.clients[b].opens)
            if ready > s.clients[b].closes:
                break
            ready += s.clients[b].service
            if lasting:
                span, early, late = join(span, early, late, ride, s.clients[b].service, s.clients[b].opens, s.clients[b].closes)
        last = behind = b
        b = at[b].next
    return best if place != NOWHERE else np.inf, place


@inlined
def change_kinds(s):
    """Give every changed route another kind if that is cheaper: any one with a free vehicle, or that of another route."""
    kinds = len(s.kinds)
    counts = s.counts[0]
    if kinds == 1:
        return
    for i in range(counts.touched):
        r = s.lists[TOUCHED, i]
        if s.routes[r].place == NONE:
            continue
        k = below(s, kinds)
        if k == s.routes[r].kind:
            continue
        cost = measured(s, r, k)
        if cost == np.inf:
            continue
        if s.kinds[k].used < s.kinds[k].available:
            if cost < s.routes[r].cost - 1e-9:
                give(s, r, k)
            continue
        other = s.lists[ACTIVE, below(s, counts.routes)]
        if s.routes[other].kind != k:
            continue
        own = s.routes[r].kind
        theirs = measured(s, other, own)
        if cost + theirs < s.routes[r].cost + s.routes[other].cost - 1e-9:
            keep(s, other)
            give(s, other, own)
            give(s, r, k)


@inlined
def give(s, r, k):
    """Another kind for a route."""
    s.kinds[s.routes[r].kind].used -= 1
    s.routes[r].kind = k
    s.kinds[k].used += 1
    refresh(s, r)
