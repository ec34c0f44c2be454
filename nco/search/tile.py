"""Parts of the kernel of ruin & recreate: random numbers, slots of a tile, and what a changed route has to know again.

Words as in kernel.py.
"""

import triton
import triton.language as tl

NEVER = tl.constexpr(2**31 - 1)  # the largest key
BLINK = tl.constexpr(2**32 // 100)  # a place is overlooked once in a hundred times


@triton.jit
def mixed(x):
    """A hash of 32 bits (Wellons, lowbias32)."""
    x = (x ^ (x >> 16)) * 0x7FEB352D
    x = (x ^ (x >> 15)) * 0x846CA68B
    return x ^ (x >> 16)


@triton.jit
def below(bound, number):
    """A whole number in [0, bound) from 32 random bits."""
    return tl.umulhi(number, bound.to(tl.uint32)).to(tl.int32)


@triton.jit
def unit(number):
    """A number in [0, 1) from 32 random bits."""
    return (number >> 8).to(tl.float32) * (1.0 / 16777216.0)


@triton.jit
def the(values, here):
    """The whole number of the only slot that is here: a sum of whole numbers is one instruction of a warp."""
    return tl.sum(tl.where(here, values, 0), 0)


@triton.jit
def the_float(values, here):
    """The float of the only slot that is here."""
    return the(values.to(tl.int32, bitcast=True), here).to(tl.float32, bitcast=True)


@triton.jit
def key(values, i, P: tl.constexpr):
    """Whole numbers in the order of floats, with the slot in the low bits: their smallest tells where it is.

    Floats below zero are as good as zero; what differs by less than 2**-13 (P = 1024) may be the same.
    """
    return (tl.maximum(values, 0.0).to(tl.int32, bitcast=True) & -P) | i


@triton.jit
def entries(table, place):
    """Floats at places below 2**30 of a table: the compiler adds offsets of 32 bits without a sign as it loads."""
    offset = place.to(tl.uint32) * 4
    return tl.load((table.to(tl.pointer_type(tl.uint8)) + offset).to(tl.pointer_type(tl.float32)))


@triton.jit
def of_route(at, route):
    """Slots of a route, the start included."""
    return (at >> 16) == route


@triton.jit
def peaks(at, route, length, room, room2, capacity, demand, second):
    """Room before and behind every slot of a route that delivers and picks up in any order."""
    inside = of_route(at, route)
    load = tl.sum(tl.where(inside, demand, 0.0), 0)
    change = second - demand
    before = load
    highest = tl.where(inside, load, 0.0)  # from a slot on
    room = tl.where(inside, capacity - load, room)
    q = 1
    while q <= length:
        here = at == (route << 16) + q
        load += the_float(change, here)
        before = tl.maximum(before, load)
        room = tl.where(here, capacity - before, room)
        highest = tl.where(here, load, highest)
        highest = tl.where(inside & (at < (route << 16) + q), tl.maximum(highest, load), highest)
        q += 1
    return room, tl.where(inside, capacity - highest, room2)


@triton.jit
def on_the_way(at, route, length, room, capacity, demand):
    """Room behind every slot of a route whose loads come and go on the way."""
    inside = of_route(at, route)
    room = tl.where(inside, capacity, room)
    q = 1
    while q <= length:
        here = at == (route << 16) + q
        room = tl.where(inside & (at >= (route << 16) + q), room - the_float(demand, here), room)
        q += 1
    return room


@triton.jit
def turn(at, route, first, last, demand, second):
    """Where the pickups of a route begin and its deliveries end."""
    inside = of_route(at, route)
    first = tl.where(inside, tl.min(tl.where(inside & (second > 0), at, NEVER), 0), first)
    return first, tl.where(inside, tl.max(tl.where(inside & (demand > 0), at, -1), 0), last)


@triton.jit
def delayed(inside, place, here, mine, drive, goes_on, finish, closes, service, at, leave, late, clock, ride):
    """Times of a route into which a client comes here: it is finished at `finish`, and `goes_on` for so long.

    What follows is reached later by as much as waiting does not absorb; what precedes, has less time.
    """
    gone, drove = the_float(clock, here), the_float(drive, here)
    ready, due = the_float(finish, here), the_float(late, here)
    old = the_float(ride, here)
    behind = inside & (at > place)
    reached = ready + goes_on - old - gone
    leave = tl.where(behind, tl.maximum(leave, reached + clock), leave)
    clock = tl.where(behind, clock + (drove + service + goes_on - old), clock)
    ride = tl.where(here, drove, ride)
    latest = tl.minimum(closes, due - goes_on - service)
    ahead = inside & (at <= place)
    late = tl.where(ahead, tl.minimum(late, latest - (gone + drove - clock - ride)), late)
    leave = tl.where(mine, ready, leave)
    late = tl.where(mine, due, late)
    clock = tl.where(mine, gone + drove + service, clock)
    return leave, late, clock, tl.where(mine, goes_on, ride)


@triton.jit
def starts(
    at, route, inside, length, k, i, clock, ride, since, until, rest, OPENS, CLOSES, SERVICE, SHIFT, LASTS
):  # fmt: skip
    """From which start of a route on nobody behind a slot waits, until which start nobody up to it is late; the rest.

    A longer way shifts what follows it, of which a minimum does not tell: all is computed afresh.
    """
    base = route << 16
    visited = inside & (at > base)
    reach = clock - tl.load(SERVICE + i, mask=visited, other=0.0)
    opens = tl.load(OPENS + i, mask=visited, other=0.0) - reach
    closes = tl.load(CLOSES + i, mask=visited, other=0.0) - reach
    whole = the_float(clock + ride, at == base + length)
    since = tl.where(inside, tl.load(SHIFT + 4 * k + 2) - whole, since)
    until = tl.where(inside, tl.load(SHIFT + 4 * k + 1), until)
    q = 1
    while q <= length:
        here = at == base + q
        since = tl.where(inside & (at < base + q), tl.maximum(since, the_float(opens, here)), since)
        until = tl.where(inside & (at >= base + q), tl.minimum(until, the_float(closes, here)), until)
        q += 1
    return since, until, tl.where(inside, tl.load(LASTS + k) - whole, rest)


@triton.jit
def idle(leave, late, clock, ride, since, until):
    """Least time that a route waits, from what any of its slots knows.

    Who starts late enough never waits; who has to start earlier, waits for the difference.
    """
    return tl.maximum(tl.maximum(leave - clock, since) - tl.minimum(until, late - clock - ride), 0.0)


@triton.jit
def prolonged(drive, go, finish, closes, service, late, clock, ride, since, until):
    """By slot, how much longer a route drives and serves with a client behind it, and how long it then waits."""
    longer, reach = drive + service + go - ride, clock + drive
    latest = tl.minimum(until, closes - reach)
    return longer, idle(finish, late, reach + service, go, since - longer, latest)


@triton.jit
def paid_waiting(begun, kind, leave, late, clock, ride, since, until, RATE):
    """Price of all waiting, once for every start of a route that has clients."""
    rate = tl.load(RATE + kind, mask=begun, other=0.0)
    return tl.sum(tl.where(begun, rate * idle(leave, late, clock, ride, since, until), 0.0), 0)


@triton.jit
def settle(
    at, next, arc, room, room2, purse, first, last, leave, late, clock, ride, since, until, rest,  # the state
    route, inside, length, head, tail, k, i, W, point, off, matrices, price, demand, second,
    COST, RIDE, OPENS, CLOSES, SERVICE, CAPACITY, CAPACITY2, FARTHEST, SHIFT, LASTS,
    ROOM2: tl.constexpr, MIXED: tl.constexpr, LAST: tl.constexpr, LIMIT: tl.constexpr, TIME: tl.constexpr,
    LASTING: tl.constexpr, SAME: tl.constexpr, FIXED: tl.constexpr, PAIRED: tl.constexpr,
):  # fmt: skip
    """All that is known of a route of kind k with so many clients, from `at` and `next` alone.

    What is earliest before position `head`, and what is latest from `tail` on, is still right.
    """
    base = route << 16
    went = tl.load(COST + (off + matrices + point * W + next), mask=inside, other=0.0)
    arc = tl.where(inside, tl.where(length > 0, went + price, 0.0), arc)
    capacity = tl.load(CAPACITY + k)
    if MIXED:
        room, room2 = peaks(at, route, length, room, room2, capacity, demand, second)
    elif PAIRED:
        room = on_the_way(at, route, length, room, capacity, demand)
    else:
        room = tl.where(inside, capacity - tl.sum(tl.where(inside, demand, 0.0), 0), room)
        if ROOM2:
            room2 = tl.where(inside, tl.load(CAPACITY2 + k) - tl.sum(tl.where(inside, second, 0.0), 0), room2)
    if LAST:
        first, last = turn(at, route, first, last, demand, second)
    if LIMIT:
        allowance = tl.load(FARTHEST + k)
        if FIXED:
            allowance += tl.sum(tl.where(at == base, price, 0.0), 0)
        purse = tl.where(inside, allowance - tl.sum(tl.where(inside, arc, 0.0), 0), purse)
    if TIME:
        drive = went
        if not SAME:
            drive = tl.load(RIDE + (off + matrices + point * W + next), mask=inside, other=0.0)
            ride = tl.where(inside, drive, ride)
        start = at == base
        leave = tl.where(start, tl.load(SHIFT + 4 * k), leave)
        clock = tl.where(start, 0.0, clock)
        here = at == base + head - 1
        now, gone, hop = the_float(leave, here), the_float(clock, here), the_float(drive, here)
        q = head
        while q <= length:
            here = at == base + q
            client = the(i, here)
            service = tl.load(SERVICE + client)
            now = tl.maximum(now + hop, tl.load(OPENS + client)) + service
            gone += hop + service
            leave = tl.where(here, now, leave)
            clock = tl.where(here, gone, clock)
            hop = the_float(drive, here)
            q += 1
        due = tl.load(SHIFT + 4 * k + 3)
        q = length
        if tail <= length:
            due = the_float(late, at == base + tail)
            q = tail
        while q > 0:
            here = at == base + q
            client = the(i, here)
            late = tl.where(here, due, late)
            due = tl.minimum(due - the_float(drive, here) - tl.load(SERVICE + client), tl.load(CLOSES + client))
            q -= 1
        late = tl.where(start, due, late)
    if LASTING:
        ride = tl.where(inside & (length == 0), 0.0, ride)  # of an empty route nothing is driven
        since, until, rest = starts(
            at, route, inside, length, k, i, clock, ride, since, until, rest, OPENS, CLOSES, SERVICE, SHIFT, LASTS
        )
    return arc, room, room2, purse, first, last, leave, late, clock, ride, since, until, rest
