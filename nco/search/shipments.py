"""Insertion of a shipment: its pickup and its delivery on one route, in this order. Compiled by numba."""

from __future__ import annotations

import numpy as np

from nco.search.compiled import inlined
from nco.search.places import NOWHERE, OPENING, blinks, fits, kind_to_open
from nco.search.records import ABOARD, ACTIVE, DELIVERED, END, NONE, START
from nco.search.state import come_back, join, leave_out, link, open_route, price, refresh
from nco.search.undo import keep


@inlined
def insert_shipment(s, c):
    """Put a pickup and its delivery on one route where together they cost least."""
    counts, at = s.counts[0], s.clients
    second = at[c].partner
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
        ready = max(ready + s.ride[v, a, c], at[c].opens)
        if ready > at[c].closes:
            return np.inf, START
        ready += at[c].service
    if lasting:
        if before == START:
            span, early, late = 0.0, s.kinds[k].leave_from, s.kinds[k].leave_until
        else:
            span, early, late = at[before].span, at[before].early, at[before].late
        span, early, late = join(span, early, late, s.ride[v, a, c], at[c].service, at[c].opens, at[c].closes)
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
            begin = max(ready + s.ride[v, last, second], at[second].opens)
            due = s.kinds[k].arrive_until if b == END else at[b].due
            ok = begin <= at[second].closes and begin + at[second].service + s.ride[v, second, p] <= due
        if ok and far:
            longer = farther + s.distance[v, last, second] + s.distance[v, second, p]
            longer -= s.distance[v, a if last == c else last, p]
            ok = s.routes[r].distance + longer <= s.kinds[k].farthest
        if ok and lasting:
            whole, begins, ends = join(
                span, early, late, s.ride[v, last, second],
                at[second].service, at[second].opens, at[second].closes,
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
            ready = max(ready + ride, at[b].opens)
            if ready > at[b].closes:
                break
            ready += at[b].service
            if lasting:
                span, early, late = join(span, early, late, ride, at[b].service, at[b].opens, at[b].closes)
        last = behind = b
        b = at[b].next
    return best if place != NOWHERE else np.inf, place
