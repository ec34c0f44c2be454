"""Parts of the kernel of ruin & recreate: strings that leave a route, their order, routes that change or open.

Words as in kernel.py.
"""

import triton
import triton.language as tl

from nco.search.tile import NEVER, below, idle, mixed, the, unit


@triton.jit
def cut(place, inside, length, longest, luck, i, at, next, room, FLEET: tl.constexpr):
    """Take a string with the client at `place` off its route; with chance one half one client in its middle stays.

    Returns also who goes, where the string began, how many went and how many stayed.
    """
    position = place & 0xFFFF
    base = place - position
    size = 1 + below(tl.minimum(longest.to(tl.int32), length), luck)
    if FLEET:  # now and then the whole route, for another kind of vehicle
        size = tl.where((luck & 31) == 0, length, size)
    kept = tl.where(((luck & 64) != 0) & (size > 1) & (size < length), 1, 0)
    low = tl.maximum(position - size - kept + 1, 1)
    high = tl.minimum(position, length - size - kept + 1)
    begin = low + below(high - low + 1, mixed(luck + 1))
    end = begin + size + kept
    split = end
    stays = i < 0
    if kept > 0:
        split = begin + 1 + below(size - 1, mixed(luck + 2))
        stays = at == base + split
        next = tl.where(stays, the(next, at == base + end - 1), next)
    next = tl.where(at == base + begin - 1, the(next, at == base + split - 1), next)
    goes = inside & (at >= base + begin) & (at < base + end) & (stays == 0)
    at = tl.where(inside & (at >= base + end), at - size, tl.where(stays, base + begin, at))
    return tl.where(goes, -1, at), next, tl.where(goes, -1.0, room), goes, begin, size, kept


@triton.jit
def changed(
    inside, k, K, W, i, is_client, is_start, n, kind, off, point, price, next,
    AVAILABLE, VIEW, START, END, PRICE, ALLOWED, FIXED: tl.constexpr, ZONES: tl.constexpr,
):  # fmt: skip
    """What is left of a route gets kind k; returns first whether there is such a vehicle that may visit all clients."""
    free = tl.sum(tl.where(is_start & (next < n) & (kind == k) & (inside == 0), 1, 0), 0) < tl.load(AVAILABLE + k)
    start = inside & is_start
    off = tl.where(inside, tl.load(VIEW + k) * W * W, off)
    point = tl.where(start, tl.load(START + k), point)
    if FIXED:
        price = tl.where(start, tl.load(PRICE + k), price)
    next = tl.where(inside & (next >= n), tl.load(END + k), next)
    if ZONES:
        out = tl.load(ALLOWED + i * K + k, mask=inside & is_client, other=1) == 0
        free = free & (tl.max(tl.where(out, 1, 0), 0) == 0)
    return free, tl.where(inside, k, kind), off, point, price, next


@triton.jit
def spare(
    length, room, room2, purse, leave, late, clock, ride, since, until, rest,
    ROOM2: tl.constexpr, LIMIT: tl.constexpr, TIME: tl.constexpr, LASTING: tl.constexpr,
):  # fmt: skip
    """By slot, what is left of the scarcest: negative where a route of another kind is too full, or one past those that
    were removed is too long or too late."""
    least = room
    if ROOM2:
        least = tl.minimum(least, room2)
    if LIMIT:
        least = tl.minimum(least, purse)
    if TIME:
        least = tl.where((length > 0) & (leave + ride > late), -1.0, least)
    if LASTING:
        left = rest - idle(leave, late, clock, ride, since, until)
        least = tl.where(length > 0, tl.minimum(least, left), least)
    return least


@triton.jit
def called(removed, at0, mate, noise, CALLED: tl.constexpr):
    """Those that were just removed, and some of those that were not served before, drawn at random.

    Of a shipment that was not served only the pickup is called.
    """
    absent = removed & (at0 < 0) & (mate >= -1)
    some = unit(mixed(noise)) * tl.sum(tl.where(absent, 1, 0), 0).to(tl.float32) < CALLED
    return (absent & some) | (removed & (at0 >= 0))


@triton.jit
def ordered(removed, dice, noise, clients, i, RANK, TIME: tl.constexpr, P: tl.constexpr):
    """Keys of the clients in an order of insertion, the slot in the low bits.

    At random, most demand first, farthest, nearest; shortest, first, last window first.
    """
    draw = unit(mixed(dice + 3)) * (17 if TIME else 11)
    order = tl.where(draw < 8, 0, tl.where(draw < 10, 1, 2))
    if TIME:
        order = tl.where(draw < 11, order, ((draw - 5) / 2).to(tl.int32))
    rank = tl.load(RANK + (order * clients + i), mask=removed, other=0)
    random = (noise >> 8).to(tl.int32)
    return tl.where(removed, (tl.where(draw < 4, random, rank * P) & -P) | i, NEVER)


@triton.jit
def opened(
    fresh, k, K, W, i, is_start, n,
    kind, off, point, price, next, room, room2, purse, leave, late, clock, ride, since, until, rest,
    AVAILABLE, VIEW, START, END, PRICE, CAPACITY, CAPACITY2, FARTHEST, SHIFT, LASTS,
    ROOM2: tl.constexpr, MIXED: tl.constexpr, LIMIT: tl.constexpr, TIME: tl.constexpr, LASTING: tl.constexpr,
    FIXED: tl.constexpr,
):  # fmt: skip
    """The empty route of slot `fresh` is open, for kind k or the next one that is left, and no other empty route."""
    tried = 0
    free = tl.sum(tl.where(is_start & (next < n) & (kind == k), 1, 0), 0) < tl.load(AVAILABLE + k)
    while (tried < K) & (free == 0):
        tried += 1
        k = tl.where(k + 1 < K, k + 1, 0)
        free = tl.sum(tl.where(is_start & (next < n) & (kind == k), 1, 0), 0) < tl.load(AVAILABLE + k)
    room = tl.where(is_start & (next >= n), -1.0, room)
    here = (i == fresh) & free
    kind = tl.where(here, k, kind)
    off = tl.where(here, tl.load(VIEW + k) * W * W, off)
    point = tl.where(here, tl.load(START + k), point)
    if FIXED:
        price = tl.where(here, tl.load(PRICE + k), price)
    next = tl.where(here, tl.load(END + k), next)
    room = tl.where(here, tl.load(CAPACITY + k), room)
    if MIXED:
        room2 = tl.where(here, tl.load(CAPACITY + k), room2)
    elif ROOM2:
        room2 = tl.where(here, tl.load(CAPACITY2 + k), room2)
    if LIMIT:
        purse = tl.where(here, tl.load(FARTHEST + k) + price, purse)
    if TIME:
        leave = tl.where(here, tl.load(SHIFT + 4 * k), leave)
        late = tl.where(here, tl.load(SHIFT + 4 * k + 3), late)
        clock = tl.where(here, 0.0, clock)
    if LASTING:
        ride = tl.where(here, 0.0, ride)
        since = tl.where(here, tl.load(SHIFT + 4 * k + 2), since)
        until = tl.where(here, tl.load(SHIFT + 4 * k + 1), until)
        rest = tl.where(here, tl.load(LASTS + k), rest)
    return kind, off, point, price, next, room, room2, purse, leave, late, clock, ride, since, until, rest
