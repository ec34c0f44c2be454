"""Ruin & recreate in one Triton kernel: one program is one chain on one problem, many problems in a launch.

SISR: strings of adjacent clients are removed and inserted again one by one, greedily with blinks; annealing decides
(Christiaens & Vanden Berghe, Slack Induction by String Removals for VRPs, Transportation Science 2020). Constraints
are flags: what a problem has not is not compiled.

A chain's solution lives in registers, in P *slots* that never move. Slot i < n is client i; the R slots after the
clients are the starts of routes, empty ones included; the rest is padding. Per slot:

at      route << 16 | position, zero at a start; -1: padding, or a client that is removed or left out
next    point that follows: a client, or from n on the depot where the route ends (n + depots: nowhere)
arc     cost of going there, with the price of the route at a start; zero while the route is empty. Of a client that
        is left out: its prize

and, the same in all slots of a route unless said otherwise, what an insertion behind the slot has to obey:

room, room2    what the route can still take of both loads; -1 where nothing may be inserted. With mixed pickups:
               room for deliveries, which are on board before the slot, and for pickups, on board from the slot on.
               With shipments: by slot, what can still be taken on board there
purse          what may be added to the costs of the route's arcs: the limit of distance
first, last    `at` of the first pickup and of the last delivery
leave, late    by slot: earliest departure from it; latest arrival at what follows
clock, ride    by slot: time from the start of the route to the departure, without waiting; travel time of the arc
since, until   by slot: start of the route from which on nobody behind the slot waits; latest start for which up to it
               nobody is late
rest           what the limit of duration leaves beside driving and service

So an insertion is judged in all slots at once, and made by masks alone: no slot is moved, nothing is sorted. Of a route
that is ruined all of these are computed afresh, which keeps rounding from adding up.
"""

import triton
import triton.language as tl

from nco.search.pairs import best_pair, follow
from nco.search.strings import called, changed, cut, opened, ordered, spare
from nco.search.tile import (
    BLINK,
    NEVER,
    below,
    delayed,
    entries,
    idle,
    key,
    mixed,
    of_route,
    paid_waiting,
    peaks,
    prolonged,
    settle,
    starts,
    the,
    the_float,
    turn,
    unit,
)


@triton.jit(do_not_specialize=["seed", "iterations", "chains", "clients"])
def ruin_recreate_kernel(
    # problems, one after the other; SIZES tells where each begins
    SIZES, SCALE, COST, INTO, RIDE, RIDE_INTO, NEAR, DEMAND, SECOND, OPENS, CLOSES, SERVICE, ABSENCE, MATE, RANK,
    ALLOWED, START, END, VIEW, PRICE, CAPACITY, CAPACITY2, AVAILABLE, FARTHEST, SHIFT, RATE, LASTS,
    # chains [programs, P] and their costs [programs]; what is current and the best so far
    AT, NEXT, KIND, NOW, BEST_AT, BEST_NEXT, BEST_KIND, BEST, SLOTS,
    seed, iterations, chains, clients, temperature, decay,
    ROOM2: tl.constexpr, MIXED: tl.constexpr, LAST: tl.constexpr, LIMIT: tl.constexpr, TIME: tl.constexpr,
    LASTING: tl.constexpr, SAME: tl.constexpr, FLEET: tl.constexpr, FIXED: tl.constexpr, ZONES: tl.constexpr,
    OPTIONAL: tl.constexpr, PAIRED: tl.constexpr, REMOVED: tl.constexpr, LONGEST: tl.constexpr, CALLED: tl.constexpr,
    P: tl.constexpr,
):  # fmt: skip
    """Some iterations of every chain.

    Flags: ROOM2 a second load; MIXED, LAST pickups; LIMIT of distance; TIME windows, LASTING when waiting has a price
    or durations a limit, SAME when travel times are costs; FLEET several kinds of vehicles; FIXED prices of routes;
    ZONES who may visit whom; OPTIONAL clients; PAIRED shipments. REMOVED: clients removed on average, LONGEST string,
    CALLED: those left out that get a chance, on average at most.
    """
    chain = tl.program_id(0)
    table = SIZES + (chain // chains).to(tl.int64) * 9
    n, R = tl.load(table).to(tl.int32), tl.load(table + 1).to(tl.int32)
    W, K = tl.load(table + 2).to(tl.int32), tl.load(table + 3).to(tl.int32)
    matrices, of_clients, of_kinds = tl.load(table + 4).to(tl.int32), tl.load(table + 5), tl.load(table + 6)
    NEAR += tl.load(table + 7)
    DEMAND += of_clients
    RANK += of_clients
    START += of_kinds
    END += of_kinds
    VIEW += of_kinds
    PRICE += of_kinds
    CAPACITY += of_kinds
    if ROOM2:
        SECOND += of_clients
        CAPACITY2 += of_kinds
    if LIMIT:
        FARTHEST += of_kinds
    if FLEET:
        AVAILABLE += of_kinds
    if ZONES:
        ALLOWED += tl.load(table + 8)
    if TIME:
        OPENS += of_clients
        CLOSES += of_clients
        SERVICE += of_clients
        SHIFT += 4 * of_kinds
    if LASTING:
        RATE += of_kinds
        LASTS += of_kinds
    if OPTIONAL:
        ABSENCE += of_clients
    if PAIRED:
        MATE += of_clients

    # slots come from memory, lest the compiler lay out their loads in another way than the rest
    i = tl.load(SLOTS + tl.arange(0, P))
    rows = chain.to(tl.int64) * P + i
    is_client, is_start = i < n, (i >= n) & (i < n + R)
    demand = tl.load(DEMAND + i, mask=is_client, other=0.0)
    second = demand
    if ROOM2:
        second = tl.load(SECOND + i, mask=is_client, other=0.0)
    mate = tl.load(MATE + i, mask=is_client, other=-1) if PAIRED else i * 0 - 1
    at, next = tl.load(AT + rows), tl.load(NEXT + rows).to(tl.int32)
    kind = tl.load(KIND + rows).to(tl.int32)
    point = tl.where(is_client, i, tl.load(START + kind))
    arc, room = demand * 0.0, demand * 0.0 - 1.0
    off, price = 0, 0.0  # where the matrices of a slot's kind begin, and what is paid for a route that begins there
    if FLEET:
        off = tl.load(VIEW + kind) * W * W
    if FIXED:
        price = tl.where(is_start, tl.load(PRICE + kind), 0.0)
    room2, purse, leave, late, clock, ride = room, arc, arc, arc, arc, arc
    since, until, rest = arc, arc, arc
    first, last = at, at
    route = 0
    while route < R:
        k = the(kind, i == n + route)
        inside = of_route(at, route)
        length = tl.sum(tl.where(inside, 1, 0), 0) - 1
        arc, room, room2, purse, first, last, leave, late, clock, ride, since, until, rest = settle(
            at, next, arc, room, room2, purse, first, last, leave, late, clock, ride, since, until, rest,
            route, inside, length, 1, length + 1, k, i, W, point, off, matrices, price, demand, second,
            COST, RIDE, OPENS, CLOSES, SERVICE, CAPACITY, CAPACITY2, FARTHEST, SHIFT, LASTS,
            ROOM2, MIXED, LAST, LIMIT, TIME, LASTING, SAME, FIXED, PAIRED,
        )  # fmt: skip
        route += 1
    if OPTIONAL:
        arc = tl.where(at < 0, tl.load(ABSENCE + i, mask=is_client, other=0.0), arc)
    now = tl.sum(arc, 0)
    if LASTING:
        now += paid_waiting(is_start & (next < n), kind, leave, late, clock, ride, since, until, RATE)
    best = tl.minimum(tl.load(BEST + chain), now)  # before the first launch the start is the best
    temperature = temperature * tl.load(SCALE + chain // chains)
    dice = mixed(mixed(chain.to(tl.uint32) + seed.to(tl.uint32) * 0x9E3779B1) + 1)
    noise = mixed(dice ^ (i.to(tl.uint32) * 0x85EBCA6B))

    step = 0
    while step < iterations:
        step += 1
        dice += 0x9E3779B9
        noise = noise * 1664525 + 1013904223
        before = now
        at0, next0, kind0, arc0, room0, room20, purse0 = at, next, kind, arc, room, room2, purse
        first0, last0, leave0, late0, clock0, ride0 = first, last, leave, late, clock, ride
        since0, until0, rest0 = since, until, rest
        if FLEET:
            off = tl.load(VIEW + kind) * W * W
            point = tl.where(is_client, i, tl.load(START + kind))
            if FIXED:
                price = tl.where(is_start, tl.load(PRICE + kind), 0.0)

        # ruin: strings in the routes nearest to a client
        centre = below(n, mixed(dice + 1))
        closeness = key(tl.load(NEAR + (centre * W + i), mask=is_client, other=0.0), i, P)
        closeness = tl.where(is_client, closeness, NEVER)
        used = tl.sum(tl.where(is_start & (next < n), 1, 0), 0)
        served = n
        if OPTIONAL:
            closeness = tl.where(at < 0, NEVER, closeness)
            served = tl.sum(tl.where(is_client & (at >= 0), 1, 0), 0)
            used = tl.maximum(used, 1)
        longest = tl.minimum(LONGEST * 1.0, served.to(tl.float32) / used.to(tl.float32))
        strings = 4.0 * REMOVED / (1.0 + longest) - 1.0
        possible = n > 0
        left = n * 0
        wanted = 1 + (unit(mixed(dice + 2)) * strings).to(tl.int32)
        while wanted > 0:
            wanted -= 1
            nearest = tl.min(closeness, 0)
            if nearest < NEVER:
                place = the(at, i == (nearest & (P - 1)))
                route = place >> 16
                inside = of_route(at, route)
                closeness = tl.where(inside, NEVER, closeness)
                length = tl.sum(tl.where(inside, 1, 0), 0) - 1
                luck = mixed(dice + 16 + wanted)
                at, next, room, goes, begin, size, kept = cut(
                    place, inside, length, longest, luck, i, at, next, room, FLEET
                )
                inside = inside & (goes == 0)
                length -= size
                left += size
                head, tail, k = begin, begin + kept, 0
                if PAIRED:
                    at, next, room, inside, length = follow(goes, mate, at, next, room, inside, length, i)
                    head, tail = 1, length + 1
                if FLEET:  # now and then what is left of the route gets another kind of vehicle
                    k = the(kind, i == n + route)
                    if (luck & 896) == 0:
                        k = below(K, mixed(luck + 3))
                        head, tail = 1, length + 1
                        free, kind, off, point, price, next = changed(
                            inside, k, K, W, i, is_client, is_start, n, kind, off, point, price, next,
                            AVAILABLE, VIEW, START, END, PRICE, ALLOWED, FIXED, ZONES,
                        )  # fmt: skip
                        possible = possible & free
                arc, room, room2, purse, first, last, leave, late, clock, ride, since, until, rest = settle(
                    at, next, arc, room, room2, purse, first, last, leave, late, clock, ride, since, until, rest,
                    route, inside, length, head, tail, k, i, W, point, off, matrices, price, demand, second,
                    COST, RIDE, OPENS, CLOSES, SERVICE, CAPACITY, CAPACITY2, FARTHEST, SHIFT, LASTS,
                    ROOM2, MIXED, LAST, LIMIT, TIME, LASTING, SAME, FIXED, PAIRED,
                )  # fmt: skip
                if FLEET or TIME or LIMIT:
                    go = arc - price if SAME else ride
                    least = spare(length, room, room2, purse, leave, late, clock, go, since, until, rest,
                                  ROOM2, LIMIT, TIME, LASTING)  # fmt: skip
                    possible = possible & (tl.min(tl.where(inside, least, 0.0), 0) >= 0)
        removed = is_client & (at < 0)
        if OPTIONAL:  # of those that were not served before only some are called
            arc = tl.where(removed, tl.load(ABSENCE + i, mask=is_client, other=0.0), arc)
            removed = called(removed, at0, mate, noise, CALLED)
            left = tl.sum(tl.where(removed, 1, 0), 0)
        else:
            arc = tl.where(removed, 0.0, arc)

        queue = ordered(removed, dice, noise, clients, i, RANK, TIME, P)
        later, delivery = n * 0 - 1, n  # slot behind which a delivery comes next; -1: none does
        if PAIRED:  # deliveries come with their pickups
            queue = tl.where(mate < -1, NEVER, queue)
            left = tl.sum(tl.where(queue < NEVER, tl.where(mate >= 0, 2, 1), 0), 0)
        fresh = n * 0 - 1  # start of the empty route that is open
        luck = mixed(dice + 5)
        while (left > 0) & possible:
            left -= 1
            if FLEET:  # one empty route is open, of a kind drawn at random from those that are left
                if the(next, i == fresh) < n:
                    fresh = tl.min(tl.where(is_start & (next >= n), i, P), 0)
                    k = below(K, mixed(dice + 32 + left))
                    (kind, off, point, price, next, room, room2, purse, leave, late, clock, ride, since, until,
                     rest) = opened(
                        fresh, k, K, W, i, is_start, n,
                        kind, off, point, price, next, room, room2, purse, leave, late, clock, ride, since, until, rest,
                        AVAILABLE, VIEW, START, END, PRICE, CAPACITY, CAPACITY2, FARTHEST, SHIFT, LASTS,
                        ROOM2, MIXED, LIMIT, TIME, LASTING, FIXED,
                    )  # fmt: skip
            client = tl.min(queue, 0) & (P - 1)
            if PAIRED:
                client = tl.where(later >= 0, delivery, client)
            mine = i == client
            queue = tl.where(mine, NEVER, queue)
            line = matrices + client * W
            came = entries(INTO, off + line + point)
            onward = entries(COST, off + line + next)
            load = tl.load(DEMAND + client)
            drive, go = came, onward
            if TIME:
                opens, closes, service = tl.load(OPENS + client), tl.load(CLOSES + client), tl.load(SERVICE + client)
                if not SAME:
                    drive = entries(RIDE_INTO, off + line + point)
                    go = entries(RIDE, off + line + next)
            if LASTING:
                rate = tl.load(RATE + kind)
            if OPTIONAL:
                prize = tl.load(ABSENCE + client)
            tl.debug_barrier()  # all loads are under way before the first is waited for
            if FIXED:
                came += price
            more = came + onward - arc
            fits = load <= room
            if ROOM2:
                load2 = tl.load(SECOND + client)
                fits = fits & (load2 <= room2)
            if LIMIT:
                fits = fits & (more <= purse)
            if LAST:
                fits = fits & (at < tl.where(load > 0, first, NEVER)) & (at >= tl.where(load2 > 0, last, -1))
            if ZONES:
                fits = fits & (tl.load(ALLOWED + client * K + kind) != 0)
            if TIME:
                finish = tl.maximum(leave + drive, opens) + service
                fits = fits & (finish - service <= closes) & (finish + go <= late)
            if LASTING:
                longer, waiting = prolonged(drive, go, finish, closes, service, late, clock, ride, since, until)
                fits = fits & (longer + waiting <= rest)
                waited = tl.where(is_start & (next >= n), 0.0, idle(leave, late, clock, ride, since, until))
                more += rate * (waiting - waited)
            if OPTIONAL:
                fits = fits & (more < prize)
            keys = tl.where(fits, key(more, i, P), NEVER)
            found = tl.min(keys, 0)
            luck = luck * 1664525 + 1013904223
            while luck < BLINK:
                keys = tl.where(keys == found, NEVER, keys)
                found = tl.min(keys, 0)
                luck = luck * 1664525 + 1013904223
            if PAIRED:
                if later >= 0:
                    found = later
                    later = later * 0 - 1
                else:
                    delivery = the(mate, mine)
                    if delivery >= 0:
                        found, later, luck = best_pair(
                            keys, luck, client, delivery, load, prize if OPTIONAL else arc,
                            i, at, next, arc, room, purse, leave, late, clock, arc - price if SAME else ride,
                            more, onward, finish if TIME else came, go, off, point, kind, W, K, matrices,
                            COST, INTO, RIDE, RIDE_INTO, OPENS, CLOSES, SERVICE, ALLOWED,
                            LIMIT, TIME, SAME, ZONES, OPTIONAL, P,
                        )  # fmt: skip
                        left = tl.where(found < NEVER, left, left - 1)
            if not OPTIONAL:
                possible = found < NEVER  # else this client has no place, and the iteration is undone

            # the insertion
            spot = found & (P - 1)
            if OPTIONAL:  # without a place that is worth it the client stays out: nothing happens anywhere
                spot = tl.where(found < NEVER, spot, P)
                mine = i == tl.where(found < NEVER, client, P)
            here = i == spot
            place, follower = the(at, here), the(next, here)
            route = place >> 16
            if OPTIONAL:
                route = tl.where(found < NEVER, route, R)
            inside = of_route(at, route)
            row = line
            if FLEET:
                row += the(off, here)
            step_on = tl.load(COST + row + follower)
            if TIME:
                goes_on = step_on
                if SAME:
                    ride = arc - price
                else:
                    goes_on = tl.load(RIDE + row + follower)
                leave, late, clock, ride = delayed(
                    inside, place, here, mine, drive, goes_on, finish, closes, service, at, leave, late, clock, ride
                )
            arc = tl.where(here, came, tl.where(mine, step_on, arc))
            next = tl.where(here, client, tl.where(mine, follower, next))
            at = tl.where(mine, place + 1, tl.where(inside & (at > place), at + 1, at))
            inside = inside | mine
            if FLEET:
                kind = tl.where(mine, the(kind, here), kind)
                off = tl.where(mine, the(off, here), off)
            if LIMIT:
                purse = tl.where(inside, the_float(purse - more, here), purse)
            if MIXED or LASTING:
                k = the(kind, here)
                length = tl.sum(tl.where(inside, 1, 0), 0) - 1
            if LASTING:
                since, until, rest = starts(
                    at, route, inside, length, k, i, clock, ride, since, until, rest,
                    OPENS, CLOSES, SERVICE, SHIFT, LASTS,
                )  # fmt: skip
            if MIXED:
                room, room2 = peaks(at, route, length, room, room2, tl.load(CAPACITY + k), demand, second)
            elif PAIRED:
                room = tl.where(mine, the_float(room, here), room)
                room = tl.where(inside & (at > place), room - load, room)
            else:
                room = tl.where(inside, the_float(room, here) - load, room)
                if ROOM2:
                    room2 = tl.where(inside, the_float(room2, here) - load2, room2)
            if LAST:
                first, last = turn(at, route, first, last, demand, second)

        # annealing
        now = tl.sum(arc, 0)
        if LASTING:
            now += paid_waiting(is_start & (next < n), kind, leave, late, clock, ride, since, until, RATE)
        heat = -temperature * tl.log(unit(mixed(dice + 4)) + 1e-9)
        temperature *= decay
        if possible & (now < before + heat):
            if now < best:
                best = now
                to = chain.to(tl.int64) * P + tl.load(SLOTS + tl.arange(0, P))  # not kept in registers all the time
                tl.store(BEST_AT + to, at)
                tl.store(BEST_NEXT + to, next.to(tl.int16))
                tl.store(BEST_KIND + to, kind.to(tl.int16))
        else:
            now = before
            at, next, kind, arc, room, room2, purse = at0, next0, kind0, arc0, room0, room20, purse0
            first, last, leave, late, clock, ride = first0, last0, leave0, late0, clock0, ride0
            since, until, rest = since0, until0, rest0
    to = chain.to(tl.int64) * P + tl.load(SLOTS + tl.arange(0, P))
    tl.store(AT + to, at)
    tl.store(NEXT + to, next.to(tl.int16))
    tl.store(KIND + to, kind.to(tl.int16))
    tl.store(NOW + chain, now)
    tl.store(BEST + chain, best)
