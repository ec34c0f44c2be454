"""Taking back the changes of an iteration. Compiled by numba."""

from __future__ import annotations

from nco.search.compiled import inlined
from nco.search.records import CALLED, END, FREE, KEPT, NONE, START, TOUCHED
from nco.search.state import close_route, come_back, leave_out, link, open_route, refresh


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
