"""Other kinds of vehicles for the routes that have changed. Compiled by numba."""

from __future__ import annotations

import numpy as np

from nco.search.compiled import inlined
from nco.search.largest import beside, both, total_of, weigh
from nco.search.records import ACTIVE, NONE, TOUCHED
from nco.search.state import below, measured, refresh
from nco.search.undo import keep


@inlined
def change_kinds(s):
    """Give every changed route another kind, if that is cheaper: one with a free vehicle, or that of another route."""
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
            if both(s, beside(s, r), s.kinds[k].total + cost) < both(s, total_of(s, r), s.kinds[k].total) - 1e-9:
                give(s, r, k)
            continue
        other = s.lists[ACTIVE, below(s, counts.routes)]
        if s.routes[other].kind != k:
            continue
        own = s.routes[r].kind
        theirs = measured(s, other, own)
        if both(s, beside(s, r) + theirs, beside(s, other) + cost) < both(s, total_of(s, r), total_of(s, other)) - 1e-9:
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
    weigh(s)
