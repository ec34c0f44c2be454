"""The largest total of a vehicle, where that counts and not the sum. Compiled by numba.

A vehicle's total is the cost of a route, or of all trips of a vehicle that reloads. Where the sum counts all of this is
left at zero, and what is added to a route counts as it is.
"""

from __future__ import annotations

from nco.search.compiled import inlined
from nco.search.records import ACTIVE


@inlined
def weigh(s):
    """The totals of vehicles with several trips and the largest total of all, where that counts. O(routes)."""
    counts = s.counts[0]
    if not counts.largest:
        return
    for k in range(len(s.kinds)):
        s.kinds[k].total = 0.0
    counts.top = 0.0
    for i in range(counts.routes):
        r = s.lists[ACTIVE, i]
        k = s.routes[r].kind
        if s.kinds[k].joins:
            s.kinds[k].total += s.routes[r].cost
        counts.top = max(counts.top, total_of(s, r))


@inlined
def total_of(s, r):
    """Total of a route's vehicle."""
    k = s.routes[r].kind
    return s.kinds[k].total if s.kinds[k].joins else s.routes[r].cost


@inlined
def counted(s, total, cost):
    """What more cost of a vehicle with this total counts: all of it, or a share and what it adds to the largest."""
    if not s.counts[0].largest:
        return cost
    return s.counts[0].share * cost + max(0.0, total + cost - s.counts[0].top)


@inlined
def both(s, one, other):
    """What two vehicles with these totals count, next to each other."""
    if not s.counts[0].largest:
        return one + other
    return s.counts[0].share * (one + other) + max(one, other)


@inlined
def beside(s, r):
    """Total of the other routes of a route's vehicle."""
    return s.kinds[s.routes[r].kind].total - s.routes[r].cost if s.kinds[s.routes[r].kind].joins else 0.0
