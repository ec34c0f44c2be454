"""Ruin: take strings of clients off routes that are near each other (Christiaens and Vanden Berghe 2020, section 5)."""

from __future__ import annotations

from nco.search.compiled import inlined
from nco.search.records import ABSENT, CALLED, END, NONE, POOL, START, TOUCHED
from nco.search.state import below, close_route, holds, random, refresh, unlink
from nco.search.undo import keep

REMOVED = 10.0  # clients, on average
LONGEST = 10.0  # string
SPLIT = 0.5  # share of strings that leave some clients in the middle where they are
LONGER = 0.01  # probability of one more of those
WHOLE = 0.03  # share of ruins that dissolve the whole route of the first client


@inlined
def ruin(s):
    """Fill the pool with clients taken off their routes, and with some that are not served."""
    counts = s.counts[0]
    n = len(s.clients)
    counts.iteration += 1
    counts.pool = counts.touched = counts.kept = counts.called = 0
    center = below(s, n)
    served = n - counts.absent
    average = served / max(1, counts.routes)
    longest = min(LONGEST, average)
    strings = int(1.0 + random(s) * (4.0 * REMOVED / (1.0 + longest) - 1.0))
    whole = random(s) < WHOLE
    for i in range(s.neighbours.shape[1]):
        if strings == 0:
            break
        c = s.neighbours[center, i]
        r = s.clients[c].route
        if r == NONE or s.routes[r].cut == counts.iteration:
            continue
        keep(s, r)
        s.routes[r].cut = counts.iteration
        size = s.routes[r].size
        if whole and size <= 3 * REMOVED:
            dissolve(s, r)
            strings = min(strings - 1, 1)
            whole = False
        else:
            cut(s, r, c, 1 + below(s, min(float(size), longest)))
            strings -= 1
    for i in range(counts.touched):
        r = s.lists[TOUCHED, i]
        if s.routes[r].size > 0:
            refresh(s, r)
            if not holds(s, r):  # the way past those removed is longer than through them
                dissolve(s, r)
        if s.routes[r].size == 0:
            close_route(s, r)
    call(s)


@inlined
def dissolve(s, r):
    """Take all clients off a route."""
    while s.routes[r].first != END:
        remove(s, s.routes[r].first)


@inlined
def cut(s, r, c, length):
    """Take a string of clients with c in it off a route, perhaps around some that stay."""
    at = s.clients
    size = s.routes[r].size
    hole = 0
    if length < size and random(s) < SPLIT:
        hole = 1
        while length + hole < size and random(s) < LONGER:
            hole += 1
    whole = length + hole
    ahead, first = 0, c  # of c, in the string
    while ahead < whole - 1 and at[first].prev != START:
        first = at[first].prev
        ahead += 1
    behind, last = 0, c
    while behind < whole - 1 and at[last].next != END:
        last = at[last].next
        behind += 1
    least = max(0, whole - 1 - behind)
    begin = least + below(s, ahead - least + 1)
    stays = 1 + below(s, length - 1) if hole > 0 and length > 1 else 0
    first = c
    for _ in range(begin):
        first = at[first].prev
    counts = s.counts[0]
    begin = counts.pool
    for i in range(whole):
        if not (hole > 0 and stays <= i < stays + hole):
            s.lists[POOL, counts.pool] = first
            counts.pool += 1
        first = at[first].next
    end = counts.pool
    counts.pool = begin
    for i in range(begin, end):
        if at[s.lists[POOL, i]].route != NONE:
            remove(s, s.lists[POOL, i])


@inlined
def remove(s, c):
    """Take a client, and the other end of its shipment, off their route; into the pool."""
    counts = s.counts[0]
    if s.counts[0].paired and s.clients[c].partner != NONE:
        unlink(s, s.clients[c].partner)
        if not s.clients[c].is_pickup:
            unlink(s, c)
            c = s.clients[c].partner
        else:
            unlink(s, c)
    else:
        unlink(s, c)
    s.lists[POOL, counts.pool] = c
    counts.pool += 1


@inlined
def call(s):
    """Clients that are not served get a chance: in the first iteration all, later at most a few, at random."""
    counts = s.counts[0]
    if counts.absent == 0:
        return
    most = int(2 * REMOVED)
    if counts.absent <= most or counts.iteration == 1:
        for i in range(counts.absent):
            s.lists[CALLED, i] = s.lists[ABSENT, i]
        counts.called = counts.absent
    else:
        for _ in range(most):
            c = s.lists[ABSENT, below(s, counts.absent)]
            known = False
            for i in range(counts.called):
                known = known or s.lists[CALLED, i] == c
            if not known:
                s.lists[CALLED, counts.called] = c
                counts.called += 1
    for i in range(counts.called):
        s.lists[POOL, counts.pool] = s.lists[CALLED, i]
        counts.pool += 1
