"""The pointer head of all decisions of a trajectory in one kernel, forward and backward: the CUDA twin of
nco.nn.pointer. Logits are never written; backward recomputes them.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from nco.nn.glimpse_kernel import allowed
from nco.nn.pointer import Pointing

#: Programs that share the decisions of a problem in the backward pass.
SHARES = 4


@triton.jit
def logits_of(
    wanted, keys, way, trip, wish, ready, opens, ok, nearness, haste, patience, clip,
    TRIPS: tl.constexpr, WAITS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Logits, the clipping's slope and the waiting times of a tile: [rows, nodes] each."""
    score = tl.dot(wanted, tl.trans(keys), input_precision=PRECISION) - nearness[:, None] * way + wish
    if TRIPS:
        score -= haste * trip
    wait = way
    if WAITS:
        wait = tl.maximum(opens[None, :] - ready[:, None] - trip, 0.0)
        score -= patience * wait
    bent = 2.0 * tl.sigmoid(2.0 * score) - 1.0
    return tl.where(ok, clip * bent, -1e30), clip * (1.0 - bent * bent), wait


@triton.jit
def wishes_of(LIKING, LEFT, promise, b, row, valid, active, n, N, M, BM: tl.constexpr, PRECISION: tl.constexpr):
    """What vehicles want of nodes and what is left for them [rows, nodes]; what is left [rows, nodes], [rows, M]."""
    liking = tl.load(LIKING + ((b * M + active) * N)[:, None] + n[None, :], mask=(n < N)[None, :], other=0.0)
    left = allowed(LEFT, row, valid, n, N).to(tl.float32)
    worth = tl.dot(left, tl.trans(promise), input_precision=PRECISION) + 1e-6
    at = (tl.arange(0, BM)[:, None] == n[None, :]) & (n < M)[None, :]
    return liking + tl.dot(tl.log(worth), at.to(tl.float32), input_precision=PRECISION), left, worth


@triton.jit(do_not_specialize=["Q", "N", "M"])
def forward_kernel(
    WANTED, KEYS, DISTANCE, DURATION, CURRENT, ACTION, WORDS, READY, OPENS, NEARNESS, HASTE, PATIENCE, LIKING, PROMISE,
    ACTIVE, LEFT,
    LOG_P, ENTROPY, NORMALISER,
    Q, N, M, clip,
    D: tl.constexpr, BN: tl.constexpr, BQ: tl.constexpr, BM: tl.constexpr, TRIPS: tl.constexpr,
    WAITS: tl.constexpr, WISHES: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """One problem and a tile of its decisions."""
    b = tl.program_id(0).to(tl.int64)
    n, d = tl.arange(0, BN), tl.arange(0, D)
    q = tl.program_id(1) * BQ + tl.arange(0, BQ)
    valid, row, node = q < Q, b * Q + q, n < N
    keys = tl.load(KEYS + (b * N + n)[:, None] * D + d[None, :], mask=node[:, None], other=0.0)
    wanted = tl.load(WANTED + row[:, None] * D + d[None, :], mask=valid[:, None], other=0.0)
    current = tl.load(CURRENT + row, mask=valid, other=0)
    lane = (b * N + current)[:, None] * N + n[None, :]
    way = tl.load(DISTANCE + lane, mask=node[None, :], other=0.0)
    trip = way
    if TRIPS:
        trip = tl.load(DURATION + lane, mask=node[None, :], other=0.0)
    ready, opens = tl.zeros([BQ], tl.float32), tl.zeros([BN], tl.float32)
    if WAITS:
        ready = tl.load(READY + row, mask=valid, other=0.0)
        opens = tl.load(OPENS + b * N + n, mask=node, other=0.0)
    ok = allowed(WORDS, row, valid, n, N)
    nearness = tl.load(NEARNESS + row, mask=valid, other=0.0)
    haste, patience = tl.load(HASTE + b), tl.load(PATIENCE + b)
    wish = tl.zeros([BQ, BN], tl.float32)
    if WISHES:
        inside, m = n < N, tl.arange(0, BM)
        promise = tl.load(PROMISE + (b * M + m)[:, None] * N + n[None, :],
                          mask=(m < M)[:, None] & inside[None, :], other=0.0)  # fmt: skip
        active = tl.load(ACTIVE + row, mask=valid, other=0)
        wish, _, _ = wishes_of(LIKING, LEFT, promise, b, row, valid, active, n, N, M, BM, PRECISION)
    logit, _, _ = logits_of(
        wanted, keys, way, trip, wish, ready, opens, ok, nearness, haste, patience, clip, TRIPS, WAITS, PRECISION
    )
    top = tl.max(logit, 1)
    weight = tl.where(ok, tl.exp(logit - top[:, None]), 0.0)
    total = tl.sum(weight, 1)
    some = total > 0.0
    normaliser = tl.where(some, top + tl.log(tl.where(some, total, 1.0)), 0.0)
    action = tl.load(ACTION + row, mask=valid, other=0)
    chosen = tl.sum(tl.where(n[None, :] == action[:, None], logit, 0.0), 1)
    mean = tl.sum(tl.where(ok, weight * logit, 0.0), 1) / tl.where(some, total, 1.0)
    tl.store(LOG_P + row, tl.where(some, chosen - normaliser, 0.0), mask=valid)
    tl.store(ENTROPY + row, tl.where(some, normaliser - mean, 0.0), mask=valid)
    tl.store(NORMALISER + row, normaliser, mask=valid)


@triton.jit(do_not_specialize=["Q", "N", "M"])
def backward_kernel(
    WANTED, KEYS, DISTANCE, DURATION, CURRENT, ACTION, WORDS, READY, OPENS, NEARNESS, HASTE, PATIENCE, LIKING, PROMISE,
    ACTIVE, LEFT,
    NORMALISER, D_LOG_P,
    D_WANTED, D_KEYS, D_NEARNESS, D_HASTE, D_PATIENCE, D_LIKING, D_PROMISE,
    Q, N, M, clip,
    D: tl.constexpr, BN: tl.constexpr, BQ: tl.constexpr, BM: tl.constexpr, TRIPS: tl.constexpr,
    WAITS: tl.constexpr, WISHES: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """One problem and a share of its decisions."""
    b, share = tl.program_id(0).to(tl.int64), tl.program_id(1)
    n, d = tl.arange(0, BN), tl.arange(0, D)
    node = n < N
    keys = tl.load(KEYS + (b * N + n)[:, None] * D + d[None, :], mask=node[:, None], other=0.0)
    opens = tl.zeros([BN], tl.float32)
    if WAITS:
        opens = tl.load(OPENS + b * N + n, mask=node, other=0.0)
    haste, patience = tl.load(HASTE + b), tl.load(PATIENCE + b)
    d_keys = tl.zeros([BN, D], tl.float32)
    d_haste, d_patience = tl.zeros([BQ], tl.float32), tl.zeros([BQ], tl.float32)
    m = tl.arange(0, BM)
    promise, inside = tl.zeros([BM, BN], tl.float32), (m < M)[:, None] & node[None, :]
    if WISHES:
        promise = tl.load(PROMISE + (b * M + m)[:, None] * N + n[None, :], mask=inside, other=0.0)
    d_liking, d_promise = tl.zeros([BM, BN], tl.float32), tl.zeros([BM, BN], tl.float32)
    for begin in range(share * BQ, Q, BQ * tl.num_programs(1)):
        q = begin + tl.arange(0, BQ)
        valid, row = q < Q, b * Q + q
        wanted = tl.load(WANTED + row[:, None] * D + d[None, :], mask=valid[:, None], other=0.0)
        current = tl.load(CURRENT + row, mask=valid, other=0)
        lane = (b * N + current)[:, None] * N + n[None, :]
        way = tl.load(DISTANCE + lane, mask=node[None, :], other=0.0)
        trip = way
        if TRIPS:
            trip = tl.load(DURATION + lane, mask=node[None, :], other=0.0)
        ready = tl.zeros([BQ], tl.float32)
        if WAITS:
            ready = tl.load(READY + row, mask=valid, other=0.0)
        ok = allowed(WORDS, row, valid, n, N)
        nearness = tl.load(NEARNESS + row, mask=valid, other=0.0)
        wish, left, worth = tl.zeros([BQ, BN], tl.float32), way, way
        active = tl.load(ACTIVE + row, mask=valid, other=0)
        if WISHES:
            wish, left, worth = wishes_of(LIKING, LEFT, promise, b, row, valid, active, n, N, M, BM, PRECISION)
        logit, slope, wait = logits_of(
            wanted, keys, way, trip, wish, ready, opens, ok, nearness, haste, patience, clip, TRIPS, WAITS, PRECISION
        )
        normaliser = tl.load(NORMALISER + row, mask=valid, other=0.0)
        action = tl.load(ACTION + row, mask=valid, other=0)
        d_log_p = tl.load(D_LOG_P + row, mask=valid, other=0.0)
        chosen = (n[None, :] == action[:, None]).to(tl.float32)
        d_logit = d_log_p[:, None] * (chosen - tl.exp(logit - normaliser[:, None]))
        d_score = tl.where(ok, d_logit * slope, 0.0)
        tl.store(D_NEARNESS + row, -tl.sum(d_score * way, 1), mask=valid)
        if TRIPS:
            d_haste -= tl.sum(d_score * trip, 1)
        if WAITS:
            d_patience -= tl.sum(d_score * wait, 1)
        if WISHES:
            by = ((m[:, None] == active[None, :]) & valid[None, :]).to(tl.float32)
            d_liking += tl.dot(by, d_score, input_precision=PRECISION)
            to = (n[:, None] == m[None, :]) & (n < M)[:, None]
            d_worth = tl.dot(d_score, to.to(tl.float32), input_precision=PRECISION) / worth
            d_promise += tl.dot(tl.trans(d_worth), left, input_precision=PRECISION)
        d_score = d_score.to(keys.dtype)
        d_wanted = tl.dot(d_score, keys, input_precision=PRECISION)
        tl.store(D_WANTED + row[:, None] * D + d[None, :], d_wanted.to(keys.dtype), mask=valid[:, None])
        d_keys += tl.dot(tl.trans(d_score), wanted, input_precision=PRECISION)
    part = b * tl.num_programs(1) + share
    tl.store(D_KEYS + (part * N + n)[:, None] * D + d[None, :], d_keys, mask=node[:, None])
    tl.store(D_HASTE + part, tl.sum(d_haste, 0))
    tl.store(D_PATIENCE + part, tl.sum(d_patience, 0))
    if WISHES:
        place = (part * M + m)[:, None] * N + n[None, :]
        tl.store(D_LIKING + place, d_liking, mask=inside)
        tl.store(D_PROMISE + place, d_promise, mask=inside)


def forward_launch(padded: int) -> dict[str, int]:
    """Decisions in a tile and warps, for so many nodes."""
    return {"BQ": 32 if padded <= 128 else 16, "num_warps": 8, "num_stages": 2}


def backward_launch(padded: int) -> dict[str, int]:
    """The same of the backward pass."""
    return {"BQ": 32 if padded <= 128 else 16, "num_warps": 8, "num_stages": 2}


class _LogProbability(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx, wanted, keys, nearness, haste, patience, liking, promise, distance, duration, current, action, mask, ready,
        opens, active, left, clip,
    ):  # fmt: skip
        batch, queries, width = wanted.shape
        nodes, fleet = keys.shape[1], 1 if liking is None else liking.shape[1]
        log_p, entropy, normaliser = (torch.empty(batch, queries, device=wanted.device) for _ in range(3))
        padded = max(16, triton.next_power_of_2(nodes))
        sizes = {"D": width, "BN": padded,
                 "BM": max(16, triton.next_power_of_2(fleet)), "TRIPS": duration is not None,
                 "WAITS": opens is not None, "WISHES": liking is not None,
                 "PRECISION": "ieee" if wanted.dtype == torch.float32 else "tf32"}  # fmt: skip
        saved = (wanted, keys, distance, duration, current, action, mask, ready, opens, nearness, haste, patience,
                 liking, promise, active, left)  # fmt: skip
        launch = forward_launch(padded)
        grid = (batch, triton.cdiv(queries, launch["BQ"]))
        forward_kernel[grid](*saved, log_p, entropy, normaliser, queries, nodes, fleet, clip, **sizes, **launch)
        ctx.save_for_backward(*saved, normaliser)
        ctx.sizes, ctx.clip = sizes, clip
        ctx.mark_non_differentiable(entropy)
        return log_p, entropy

    @staticmethod
    def backward(ctx, d_log_p, _):
        wanted, keys, *_ = saved = ctx.saved_tensors
        liking = saved[12]
        (batch, queries, width), nodes, device = wanted.shape, keys.shape[1], keys.device
        fleet = 1 if liking is None else liking.shape[1]
        d_wanted, d_nearness = torch.empty_like(wanted), torch.empty(batch, queries, device=device)
        d_keys = torch.empty(batch, SHARES, nodes, width, device=device)
        d_haste, d_patience = (torch.empty(batch, SHARES, device=device) for _ in range(2))
        tables = (batch, SHARES, fleet, nodes)
        d_liking, d_promise = (None if liking is None else torch.empty(tables, device=device) for _ in range(2))
        backward_kernel[batch, SHARES](
            *saved, d_log_p.contiguous(), d_wanted, d_keys, d_nearness, d_haste, d_patience, d_liking, d_promise,
            queries, nodes, fleet, ctx.clip, **ctx.sizes, **backward_launch(ctx.sizes["BN"]),
        )  # fmt: skip
        d_tables = (None if part is None else part.sum(dim=1) for part in (d_liking, d_promise))
        d_prices = d_nearness, d_haste.sum(dim=1), d_patience.sum(dim=1)
        return d_wanted, d_keys.sum(dim=1).to(keys.dtype), *d_prices, *d_tables, *[None] * 10


def fused_log_probability(pointing: Pointing, action: Tensor) -> tuple[Tensor, Tensor]:
    """As nco.nn.pointer.pointer_log_probability, for packed masks. The width must be a power of two from 16."""
    wanted, keys = pointing.wanted.contiguous(), pointing.keys.to(pointing.wanted.dtype).contiguous()
    free = torch.zeros_like(pointing.keys[:, 0, 0])
    haste, patience = (free if price is None else price for price in (pointing.haste, pointing.patience))
    learnt = (_floats(part) for part in (pointing.nearness, haste, patience, pointing.liking, pointing.promise))
    active = torch.zeros_like(pointing.current) if pointing.active is None else pointing.active
    current, action, active = (part.to(torch.int32).contiguous() for part in (pointing.current, action, active))
    ready, opens = (None if pointing.opens is None or part is None else part.contiguous()
                    for part in (pointing.ready, pointing.opens))  # fmt: skip
    duration = None if pointing.duration is None else pointing.duration.contiguous()
    left = None if pointing.liking is None or pointing.left is None else pointing.left.contiguous()
    log_p, entropy = _LogProbability.apply(
        wanted, keys, *learnt, pointing.distance.contiguous(), duration, current, action, pointing.mask.contiguous(),
        ready, opens, active, left, pointing.clip,
    )  # fmt: skip
    return log_p, entropy


def _floats(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.float().contiguous()
