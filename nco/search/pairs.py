"""Parts of the kernel of ruin & recreate: shipments, whose two ends are on one route, the pickup first.

Words as in kernel.py. `mate` of a pickup is its delivery; of a delivery -2 - its pickup; of other clients -1.
"""

import triton
import triton.language as tl

from nco.search.tile import BLINK, NEVER, entries, key, of_route, the, the_float


@triton.jit
def follow(goes, mate, at, next, room, inside, length, i):
    """Take the other ends of those that go off their route as well."""
    ends = tl.where(goes & (mate != -1), i, NEVER)
    end = tl.min(ends, 0)
    while end < NEVER:
        ends = tl.where(ends == end, NEVER, ends)
        other = the(mate, i == end)
        other = tl.where(other < 0, -2 - other, other)
        leaves = i == other
        place = the(at, leaves)
        if place >= 0:
            next = tl.where(inside & (next == other), the(next, leaves), next)
            at = tl.where(inside & (at > place), at - 1, tl.where(leaves, -1, at))
            room = tl.where(leaves, -1.0, room)
            inside = inside & (i != other)
            length -= 1
        end = tl.min(ends, 0)
    return at, next, room, inside, length


@triton.jit
def best_pair(
    keys, luck, pickup, delivery, load, prize, i, at, next, arc, room, purse, leave, late, clock, ride,
    more, onward, finish, go, off, point, kind, W, K, matrices,
    COST, INTO, RIDE, RIDE_INTO, OPENS, CLOSES, SERVICE, ALLOWED,
    LIMIT: tl.constexpr, TIME: tl.constexpr, SAME: tl.constexpr, ZONES: tl.constexpr, OPTIONAL: tl.constexpr,
    P: tl.constexpr,
):  # fmt: skip
    """Slots behind which a pickup and its delivery cost least together; the first is NEVER if there are none.

    Places for the pickup are tried in the order of what it alone costs there, as `keys` has it, as long as that is less
    than the best pair; all places for the delivery are judged at once. Where it comes right behind its pickup, that is
    its slot.
    """
    line = matrices + delivery * W
    came, on = entries(INTO, off + line + point), entries(COST, off + line + next)
    drive, further = came, on
    able = i >= 0
    if TIME:
        opens, closes, service = tl.load(OPENS + delivery), tl.load(CLOSES + delivery), tl.load(SERVICE + delivery)
        if not SAME:
            drive, further = entries(RIDE_INTO, off + line + point), entries(RIDE, off + line + next)
    if ZONES:
        able = tl.load(ALLOWED + delivery * K + kind) != 0
    lowest = tl.min(keys, 0)
    best, first = lowest * 0 + NEVER, lowest * 0
    while lowest < best:
        keys = tl.where(keys == lowest, NEVER, keys)
        luck = luck * 1664525 + 1013904223
        if luck >= BLINK:
            here = i == (lowest & (P - 1))
            place = the(at, here)
            behind = of_route(at, place >> 16) & (at > place)
            between = matrices + pickup * W + delivery + the(off, here)
            direct = tl.load(COST + between)
            total = the_float(more, here) + tl.where(here, direct + on - onward, came + on - arc)
            full = tl.min(tl.where(behind & (room < load), at, NEVER), 0)
            fits = able & (here | behind) & (at < full)
            if LIMIT:
                fits = fits & (total <= purse)
            if OPTIONAL:
                fits = fits & (total < prize)
            if TIME:
                hop = direct if SAME else tl.load(RIDE + between)
                delay = the_float(finish + go - ride - clock, here)
                reached = tl.where(here, finish + hop, tl.maximum(leave, delay + clock) + drive)
                begins = tl.maximum(reached, opens)
                fits = fits & (begins <= closes) & (begins + service + further <= late)
            found = tl.min(tl.where(fits, key(total, i, P), NEVER), 0)
            first = tl.where(found < best, lowest & (P - 1), first)
            best = tl.minimum(found, best)
        lowest = tl.min(keys, 0)
    later = best & (P - 1)
    later = tl.where(later == first, pickup, later)
    return tl.where(best < NEVER, first, NEVER), tl.where(best < NEVER, later, -1), luck
