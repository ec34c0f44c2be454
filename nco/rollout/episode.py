"""A whole episode in one Triton kernel: the CUDA twin of nco.rollout.eager, nco.envs.routing and nco.policies.unified.

One program is one problem and a tile of its rollouts; it runs all steps. Masks and states live in registers, keys and
values in cache; nothing goes back to the host. Every branch on a constraint is decided when the kernel is compiled.
Shapes: B problems, S rollouts, T steps, N nodes of which the first M are tokens, D width.
"""

import triton
import triton.language as tl


@triton.jit
def of_node(values, b, node, N):
    """Values [B, N] of nodes [rows]."""
    return tl.load(values + b * N + node)


@triton.jit
def matrix_rows(matrix, row, n, N):
    """Rows of a matrix [*, N]: [rows, nodes]."""
    return tl.load(matrix + row[:, None] * N + n[None, :], mask=(n < N)[None, :], other=0.0)


@triton.jit(do_not_specialize=["N", "M", "S", "T", "P", "clients", "seed"])
def episode_kernel(
    # what the policy made of the problems, and the weights of its decoder
    QUERY, VEHICLE, KEY, VALUE, POINTER, W_NUMBERS, W_GLIMPSE, W_WIDEN, W_NARROW, PRICES, HASTE, PATIENCE, LOOK,
    LIKING, PROMISE,
    # the problems; limits have the margin taken off
    DISTANCE, DURATION, HOME, HOME_TIME, DEMAND, PICKUP, LAST, OPENS, CLOSES, SERVICE, LIMIT, CAPACITY,
    DUE, FULL_LIMIT, SPEED, AVAILABLE, ALLOWED, COULD, STARTS,
    # what comes out
    ACTIONS, ACTIVE, READY, NUMBERS, WORDS, LEFT, LENGTHS,
    N, M, S, T, P, clients, seed, clip,
    SAMPLE: tl.constexpr, RECORD: tl.constexpr, REPLAY: tl.constexpr,
    F: tl.constexpr, LOAD: tl.constexpr, AT_LOAD: tl.constexpr, AT_BACKHAUL: tl.constexpr, AT_TIME: tl.constexpr,
    AT_LIMIT: tl.constexpr, ZONES: tl.constexpr, FLEET: tl.constexpr, SPEEDS: tl.constexpr, LIMITED: tl.constexpr,
    WISHES: tl.constexpr, TIMES: tl.constexpr, TRIPS: tl.constexpr,
    H: tl.constexpr, HD: tl.constexpr, HIDDEN: tl.constexpr, CHUNK: tl.constexpr,
    BN: tl.constexpr, BS: tl.constexpr, BM: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """AT_*: where a constraint's numbers are among the F that the policy sees, -1 where there is none of its kind.

    TIMES: travel times are not distances. TRIPS: the policy looks at them. REPLAY: all actions are given, and
    recorded as if they were decisions.
    """
    b = tl.program_id(0).to(tl.int64)
    D: tl.constexpr = H * HD
    W = (N + 31) // 32  # words of a mask
    n, d = tl.arange(0, BN), tl.arange(0, D)
    s = tl.program_id(1) * BS + tl.arange(0, BS)
    real, node, client = s < S, n < N, (n < N) & (n >= M)
    dtype = KEY.dtype.element_ty
    demand = tl.load(DEMAND + b * N + n, mask=node, other=0.0)
    if LOAD:
        pickup = tl.load(PICKUP + b * N + n, mask=node, other=0.0)
    if AT_BACKHAUL >= 0:
        last = tl.load(LAST + b)
    opens, closes, service = tl.zeros([BN], tl.float32), tl.zeros([BN], tl.float32), tl.zeros([BN], tl.float32)
    if AT_TIME >= 0:
        opens = tl.load(OPENS + b * N + n, mask=node, other=0.0)
        closes = tl.load(CLOSES + b * N + n, mask=node, other=0.0)
        service = tl.load(SERVICE + b * N + n, mask=node, other=0.0)
    haste, patience = tl.load(HASTE + b), tl.load(PATIENCE + b)
    if LIMITED:
        available = tl.load(AVAILABLE + b)
    if not FLEET:  # the same ways home for all rollouts
        if AT_TIME >= 0:
            time_home = tl.load(HOME_TIME + b * N + n, mask=node, other=0.0)[None, :]
        if AT_LIMIT >= 0:
            way_home = tl.load(HOME + b * N + n, mask=node, other=0.0)[None, :]
    if WISHES:
        m_in = tl.arange(0, BM)
        promise = tl.load(PROMISE + (b * M + m_in)[:, None] * N + n[None, :],
                          mask=(m_in < M)[:, None] & node[None, :], other=0.0)  # fmt: skip
        at_token = ((m_in[:, None] == n[None, :]) & (n < M)[None, :]).to(tl.float32)

    # the state of the rollouts
    active = tl.zeros([BS], tl.int32)
    current = tl.zeros([BS], tl.int32)
    changed, idle = s < 0, s < 0
    visited = (n[None, :] < 0) & (s[:, None] < 0)
    left = tl.where(real, clients, 0)
    peak, picked = tl.zeros([BS], tl.float32), tl.zeros([BS], tl.float32)  # without pickups: peak = what is on board
    if not LOAD:
        peak = of_node(CAPACITY, b, active, M)
    back = s < 0
    ready = tl.zeros([BS], tl.float32)
    if AT_TIME >= 0:
        ready = of_node(OPENS, b, active, N)
    length = tl.zeros([BS], tl.float32)
    routes = tl.zeros([BS], tl.float32)

    t = 0
    going = tl.sum(left)
    while (t < T) & (going > 0):
        capacity = of_node(CAPACITY, b, active, M)
        if t == 0:
            action = tl.load(STARTS + (b * S + s) * P, mask=real, other=M)
        else:
            # the mask
            lane = b * N + current
            way = matrix_rows(DISTANCE, lane, n, N)
            ok = client[None, :] & (visited == 0)
            if LOAD:
                collected = picked[:, None] + pickup[None, :]
                ok = ok & (tl.maximum(peak[:, None] + demand[None, :], collected) <= capacity[:, None])
            else:
                ok = ok & (demand[None, :] <= peak[:, None])
            if AT_BACKHAUL >= 0:
                ok = ok & ~(back[:, None] & (demand > 0)[None, :])
            drive, trip = way, way
            if TIMES:
                drive = matrix_rows(DURATION, lane, n, N)
            if TRIPS:
                trip = drive
            if AT_TIME >= 0:
                if FLEET:
                    time_home = matrix_rows(HOME_TIME, b * M + active, n, N)
                if SPEEDS:
                    drive = drive / of_node(SPEED, b, active, M)[:, None]
                arrival = ready[:, None] + drive
                finish = tl.maximum(arrival, opens[None, :]) + service[None, :] + time_home
                ok = ok & (arrival <= closes[None, :]) & (finish <= of_node(CLOSES, b, active, N)[:, None])
            if AT_LIMIT >= 0:
                if FLEET:
                    way_home = matrix_rows(HOME, b * M + active, n, N)
                ok = ok & (length[:, None] + way + way_home <= of_node(LIMIT, b, active, M)[:, None])
            if ZONES:
                ok = ok & (matrix_rows(ALLOWED, b * M + active, n, N) != 0)
            at_depot = current < M
            own = (at_depot == 0) | (left == 0)
            if LIMITED:  # one token
                again = routes < available
                ok = ok & ((at_depot == 0) | again)[:, None]
                own = ((at_depot == 0) & again) | (left == 0) | (tl.max(ok.to(tl.int32), 1) == 0)
            if FLEET:
                some = tl.max(ok.to(tl.int32), 1) > 0
                others = s < 0
                for m in range(M):
                    could = tl.load(COULD + (b * M + m) * N + n, mask=node, other=0) != 0
                    useful = tl.max((could[None, :] & client[None, :] & (visited == 0)).to(tl.int32), 1) > 0
                    other = at_depot & (changed == 0) & (idle == 0) & (active != m) & useful
                    ok = ok | ((n == m)[None, :] & other[:, None])
                    others = others | other
                own = own | ((some == 0) & (others == 0))
            ok = ok | ((n[None, :] == active[:, None]) & own[:, None])

            # what the policy sees of the state: numbers in the order of the constraints
            numbers = tl.zeros([BS, 16], tl.float32)
            k = tl.arange(0, 16)[None, :]
            if LOAD:
                numbers = tl.where(k == AT_LOAD, (1 - peak / capacity)[:, None], numbers)
                numbers = tl.where(k == AT_LOAD + 1, (1 - picked / capacity)[:, None], numbers)
            else:
                numbers = tl.where(k == AT_LOAD, (peak / capacity)[:, None], numbers)
            if AT_BACKHAUL >= 0:
                numbers = tl.where(k == AT_BACKHAUL, back.to(tl.float32)[:, None], numbers)
            if AT_TIME >= 0:
                numbers = tl.where(k == AT_TIME, (ready / of_node(DUE, b, active, M))[:, None], numbers)
            if AT_LIMIT >= 0:
                numbers = tl.where(k == AT_LIMIT, (1 - length / of_node(FULL_LIMIT, b, active, M))[:, None], numbers)

            action = current
            if not REPLAY:
                # the decoder
                place = (b * N + current)[:, None] * D
                token = (b * M + active)[:, None] * D
                x = tl.load(QUERY + place + d[None, :]).to(tl.float32)
                x += tl.load(VEHICLE + token + d[None, :]).to(tl.float32)
                numbers_in = tl.load(W_NUMBERS + tl.arange(0, 16)[:, None] * D + d[None, :])
                x += tl.dot(numbers.to(dtype), numbers_in, input_precision=PRECISION)
                for h in range(H):
                    part = h * HD + tl.arange(0, HD)
                    query = tl.load(QUERY + place + part[None, :]).to(tl.float32)
                    query += tl.load(VEHICLE + token + part[None, :]).to(tl.float32)
                    weights = tl.load(W_NUMBERS + tl.arange(0, 16)[:, None] * D + part[None, :])
                    query += tl.dot(numbers.to(dtype), weights, input_precision=PRECISION)
                    key = tl.load(KEY + (b * N + n)[None, :] * D + part[:, None], mask=node[None, :], other=0.0)
                    score = tl.dot(query.to(dtype), key, input_precision=PRECISION) * (HD**-0.5)
                    if WISHES:
                        score += matrix_rows(LOOK, (b * H + h) * M + active, n, N)
                    score = tl.where(ok, score, -1e30)
                    weight = tl.exp(score - tl.max(score, 1)[:, None])
                    total = tl.sum(weight, 1)
                    value = tl.load(VALUE + (b * N + n)[:, None] * D + part[None, :], mask=node[:, None], other=0.0)
                    seen = tl.dot(weight.to(dtype), value, input_precision=PRECISION) / total[:, None]
                    out = tl.load(W_GLIMPSE + part[:, None] * D + d[None, :])
                    x += tl.dot(seen.to(dtype), out, input_precision=PRECISION)
                if HIDDEN > 0:
                    normed = (x * tl.rsqrt(tl.sum(x * x, 1) / D + 1e-6)[:, None]).to(dtype)
                    for begin in range(0, HIDDEN, CHUNK):
                        unit = begin + tl.arange(0, CHUNK)
                        wide = tl.dot(normed, tl.load(W_WIDEN + d[:, None] * HIDDEN + unit[None, :]),
                                      input_precision=PRECISION)  # fmt: skip
                        wide = (wide * tl.sigmoid(wide)).to(dtype)
                        x += tl.dot(wide, tl.load(W_NARROW + unit[:, None] * D + d[None, :]), input_precision=PRECISION)

                # the pointer
                keys = tl.load(POINTER + (b * N + n)[None, :] * D + d[:, None], mask=node[None, :], other=0.0)
                nearness = of_node(PRICES, b, active, M)
                score = tl.dot((x * (D**-0.5)).to(dtype), keys, input_precision=PRECISION) - nearness[:, None] * way
                if WISHES:
                    there = ((visited == 0) & node[None, :]).to(tl.float32)
                    worth = tl.log(tl.dot(there, tl.trans(promise), input_precision=PRECISION) + 1e-6)
                    score += matrix_rows(LIKING, b * M + active, n, N)
                    score += tl.dot(worth, at_token, input_precision=PRECISION)
                if TRIPS:
                    score -= haste * trip
                if AT_TIME >= 0:
                    score -= patience * tl.maximum(opens[None, :] - ready[:, None] - trip, 0.0)
                logit = clip * (2.0 * tl.sigmoid(2.0 * score) - 1.0)
                if SAMPLE:  # the largest of logits with Gumbel's noise is a sample
                    draw = tl.rand(seed + b * 2654435769, (t * S + s)[:, None] * BN + n[None, :])
                    logit -= tl.log(-tl.log(draw))
                action = tl.argmax(tl.where(ok, logit, -float("inf")), 1).to(tl.int32)

            begun = t + s * 0 < P
            given = tl.load(STARTS + (b * S + s) * P + t, mask=real & begun, other=-1)
            action = tl.where(given >= 0, given, action)

            if RECORD:
                row = (b * T + t) * S + s
                over = (left == 0) | idle
                if not REPLAY:
                    over = over | begun
                bits = tl.where(ok & (over == 0)[:, None], 1, 0) << (n % 32)[None, :]
                words = tl.sum(tl.reshape(bits, [BS, BN // 32, 32]), 2)
                w = tl.arange(0, BN // 32)
                tl.store(WORDS + row[:, None] * W + w[None, :], words, mask=real[:, None] & (w < W)[None, :])
                tl.store(NUMBERS + row[:, None] * F + k, numbers, mask=real[:, None] & (k < F))
                if AT_TIME >= 0:
                    tl.store(READY + row, ready, mask=real)
                if FLEET:
                    tl.store(ACTIVE + row, active, mask=real)
                if WISHES:
                    bits = tl.where((visited == 0) & node[None, :], 1, 0) << (n % 32)[None, :]
                    words = tl.sum(tl.reshape(bits, [BS, BN // 32, 32]), 2)
                    tl.store(LEFT + row[:, None] * W + w[None, :], words, mask=real[:, None] & (w < W)[None, :])
        tl.store(ACTIONS + (b * T + t) * S + s, action.to(tl.int16), mask=real)

        # the step
        home, at_depot = action < M, current < M
        stays = home & (action == current)
        lane = b * N + current
        active = tl.where(home, action, active)
        if LOAD:
            picked = tl.where(home, 0.0, picked + of_node(PICKUP, b, action, N))
            peak = tl.where(home, 0.0, tl.maximum(peak + of_node(DEMAND, b, action, N), picked))
        else:
            peak = tl.where(home, of_node(CAPACITY, b, active, M), peak - of_node(DEMAND, b, action, N))
        if AT_BACKHAUL >= 0:
            back = (home == 0) & (back | ((of_node(PICKUP, b, action, N) > 0) & (last != 0)))
        if AT_TIME >= 0:
            ride = tl.load(DURATION + lane * N + action)
            if SPEEDS:
                ride = ride / of_node(SPEED, b, active, M)
            begins = tl.maximum(ready + ride, of_node(OPENS, b, action, N))
            ready = tl.where(home, of_node(OPENS, b, active, N), begins + of_node(SERVICE, b, action, N))
        if AT_LIMIT >= 0:
            length = tl.where(home, 0.0, length + tl.load(DISTANCE + lane * N + action))
        if LIMITED:
            routes += tl.where((home == 0) & at_depot, 1.0, 0.0)
        visited = visited | ((n[None, :] == action[:, None]) & (home == 0)[:, None])
        left = left - tl.where(real & (home == 0), 1, 0)
        changed, idle = home & at_depot & (stays == 0), stays
        current = action
        t += 1
        going = tl.sum(tl.where(idle, 0, left))
    tl.store(LENGTHS + b * tl.num_programs(1) + tl.program_id(1), t)
    while t < T:  # those that are done stay at their depots
        tl.store(ACTIONS + (b * T + t) * S + s, active.to(tl.int16), mask=real)
        t += 1
