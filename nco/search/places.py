"""Places for a client: on a route, after another client, or on a new route. Compiled by numba."""

from __future__ import annotations

import numpy as np

from nco.search.compiled import inlined
from nco.search.largest import counted, total_of
from nco.search.records import ABOARD, DELIVERED, END, NONE, PEAK, PEAK_ON, START
from nco.search.state import join, random

BLINK = 0.01  # probability of overlooking a place
NOWHERE, OPENING = np.uint32(0xFFFFFFFE), np.uint32(0xFFFFFFFD)  # in place of a route
CHEAPEST = 0.5  # share of new routes that are given the cheapest kind, and not any


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
        cost = counted(s, s.kinds[k].total, s.alone[k, c])
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
    """What putting a client after another one (or START) of a route counts; infinite: forbidden, or not below `bar`."""
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
    total = total_of(s, r)
    if counted(s, total, cost) >= bar and not lasting:
        return np.inf
    if timed:
        ready = s.kinds[k].leave_from if before == START else at[before].ready
        due = s.kinds[k].arrive_until if b == END else at[b].due
        begin = max(ready + s.ride[v, a, c], at[c].opens)
        if begin > at[c].closes or begin + at[c].service + s.ride[v, c, p] > due:
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
        if at[c].delivers and before != START and at[before].picked:
            return np.inf
        if at[c].picks and b != END and at[b].delivers_on:
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
        span, early, late = join(span, early, late, s.ride[v, a, c], at[c].service, at[c].opens, at[c].closes)
        if b == END:
            span, early, late = join(
                span, early, late, s.ride[v, c, p], 0.0, s.kinds[k].arrive_from, s.kinds[k].arrive_until
            )
        else:
            span, early, late = join(span, early, late, s.ride[v, c, p], at[b].span_on, at[b].early_on, at[b].late_on)
        if span > s.kinds[k].longest:
            return np.inf
        cost += s.kinds[k].rate * (span - s.routes[r].span)
    return counted(s, total, cost)
