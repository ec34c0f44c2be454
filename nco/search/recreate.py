"""Recreate: put the clients of the pool back, one after the other, each where it costs least (with blinks)."""

from __future__ import annotations

from nco.search.compiled import inlined
from nco.search.largest import counted, weigh
from nco.search.places import NOWHERE, OPENING, added, blinks, fits, kind_to_open
from nco.search.records import ACTIVE, END, NONE, POOL, START
from nco.search.shipments import insert_shipment
from nco.search.state import below, come_back, leave_out, link, open_route, price, random, refresh
from nco.search.undo import keep

NEAR = 40  # neighbours next to which a client is put where not every place is looked at
EVERYWHERE = 250  # clients up to which every place is looked at, and not only those next to neighbours


@inlined
def recreate(s):
    """Insert all clients of the pool; those without a place that is worth it are left out."""
    counts = s.counts[0]
    weigh(s)
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
    if kind != NONE:
        cost = counted(s, s.kinds[kind].total, s.alone[kind, c])
        if cost < best:
            best, route = cost, OPENING
    n = len(at)
    if n > EVERYWHERE:
        for i in range(1, min(NEAR, s.neighbours.shape[1])):
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
    weigh(s)
