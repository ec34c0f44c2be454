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
    wanted, keys, way, ready, opens, ok, nearness, patience, clip, WAITS: tl.constexpr, PRECISION: tl.constexpr
):
    """Logits, the clipping's slope and the waiting times of a tile: [rows, nodes] each."""
    score = tl.dot(wanted, tl.trans(keys), input_precision=PRECISION) - nearness * way
    wait = way
    if WAITS:
        wait = tl.maximum(opens[None, :] - ready[:, None] - way, 0.0)
        score -= patience * wait
    bent = 2.0 * tl.sigmoid(2.0 * score) - 1.0
    return tl.where(ok, clip * bent, -1e30), clip * (1.0 - bent * bent), wait


@triton.jit(do_not_specialize=["Q", "N"])
def forward_kernel(
    WANTED, KEYS, DISTANCE, CURRENT, ACTION, WORDS, READY, OPENS, PRICES, LOG_P, ENTROPY, NORMALISER,
    Q, N, clip,
    W: tl.constexpr, D: tl.constexpr, BN: tl.constexpr, BQ: tl.constexpr, WAITS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """One problem and a tile of its decisions."""
    b = tl.program_id(0).to(tl.int64)
    n, d = tl.arange(0, BN), tl.arange(0, D)
    q = tl.program_id(1) * BQ + tl.arange(0, BQ)
    valid, row, node = q < Q, b * Q + q, n < N
    keys = tl.load(KEYS + (b * N + n)[:, None] * D + d[None, :], mask=node[:, None], other=0.0)
    wanted = tl.load(WANTED + row[:, None] * D + d[None, :], mask=valid[:, None], other=0.0)
    current = tl.load(CURRENT + row, mask=valid, other=0)
    way = tl.load(DISTANCE + (b * N + current)[:, None] * N + n[None, :], mask=node[None, :], other=0.0)
    ready, opens = tl.zeros([BQ], tl.float32), tl.zeros([BN], tl.float32)
    if WAITS:
        ready = tl.load(READY + row, mask=valid, other=0.0)
        opens = tl.load(OPENS + b * N + n, mask=node, other=0.0)
    ok = allowed(WORDS, row, valid, n, N, W)
    nearness, patience = tl.load(PRICES + 2 * b), tl.load(PRICES + 2 * b + 1)
    logit, _, _ = logits_of(wanted, keys, way, ready, opens, ok, nearness, patience, clip, WAITS, PRECISION)
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


@triton.jit(do_not_specialize=["Q", "N"])
def backward_kernel(
    WANTED, KEYS, DISTANCE, CURRENT, ACTION, WORDS, READY, OPENS, PRICES, NORMALISER, D_LOG_P,
    D_WANTED, D_KEYS, D_PRICES,
    Q, N, clip,
    W: tl.constexpr, D: tl.constexpr, BN: tl.constexpr, BQ: tl.constexpr, WAITS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """One problem and a share of its decisions."""
    b, share = tl.program_id(0).to(tl.int64), tl.program_id(1)
    n, d = tl.arange(0, BN), tl.arange(0, D)
    node = n < N
    keys = tl.load(KEYS + (b * N + n)[:, None] * D + d[None, :], mask=node[:, None], other=0.0)
    opens = tl.zeros([BN], tl.float32)
    if WAITS:
        opens = tl.load(OPENS + b * N + n, mask=node, other=0.0)
    nearness, patience = tl.load(PRICES + 2 * b), tl.load(PRICES + 2 * b + 1)
    d_keys = tl.zeros([BN, D], tl.float32)
    d_nearness, d_patience = tl.zeros([BQ], tl.float32), tl.zeros([BQ], tl.float32)
    for begin in range(share * BQ, Q, BQ * tl.num_programs(1)):
        q = begin + tl.arange(0, BQ)
        valid, row = q < Q, b * Q + q
        wanted = tl.load(WANTED + row[:, None] * D + d[None, :], mask=valid[:, None], other=0.0)
        current = tl.load(CURRENT + row, mask=valid, other=0)
        way = tl.load(DISTANCE + (b * N + current)[:, None] * N + n[None, :], mask=node[None, :], other=0.0)
        ready = tl.zeros([BQ], tl.float32)
        if WAITS:
            ready = tl.load(READY + row, mask=valid, other=0.0)
        ok = allowed(WORDS, row, valid, n, N, W)
        logit, slope, wait = logits_of(wanted, keys, way, ready, opens, ok, nearness, patience, clip, WAITS, PRECISION)
        normaliser = tl.load(NORMALISER + row, mask=valid, other=0.0)
        action = tl.load(ACTION + row, mask=valid, other=0)
        d_log_p = tl.load(D_LOG_P + row, mask=valid, other=0.0)
        chosen = (n[None, :] == action[:, None]).to(tl.float32)
        d_logit = d_log_p[:, None] * (chosen - tl.exp(logit - normaliser[:, None]))
        d_score = tl.where(ok, d_logit * slope, 0.0)
        d_nearness -= tl.sum(d_score * way, 1)
        if WAITS:
            d_patience -= tl.sum(d_score * wait, 1)
        d_score = d_score.to(keys.dtype)
        d_wanted = tl.dot(d_score, keys, input_precision=PRECISION)
        tl.store(D_WANTED + row[:, None] * D + d[None, :], d_wanted.to(keys.dtype), mask=valid[:, None])
        d_keys += tl.dot(tl.trans(d_score), wanted, input_precision=PRECISION)
    part = b * tl.num_programs(1) + share
    tl.store(D_KEYS + (part * N + n)[:, None] * D + d[None, :], d_keys, mask=node[:, None])
    tl.store(D_PRICES + 2 * part, tl.sum(d_nearness, 0))
    tl.store(D_PRICES + 2 * part + 1, tl.sum(d_patience, 0))


class _LogProbability(torch.autograd.Function):
    @staticmethod
    def forward(ctx, wanted, keys, prices, distance, current, action, mask, ready, opens, clip):
        batch, queries, width = wanted.shape
        nodes = keys.shape[1]
        log_p, entropy, normaliser = (torch.empty(batch, queries, device=wanted.device) for _ in range(3))
        padded = max(16, triton.next_power_of_2(nodes))
        sizes = {"W": mask.shape[-1], "D": width, "BN": padded, "BQ": 32 if padded <= 128 else 16,
                 "WAITS": opens is not None, "PRECISION": "ieee" if wanted.dtype == torch.float32 else "tf32",
                 "num_warps": 8, "num_stages": 2}  # fmt: skip
        saved = (wanted, keys, distance, current, action, mask, ready, opens, prices)
        grid = (batch, triton.cdiv(queries, sizes["BQ"]))
        forward_kernel[grid](*saved, log_p, entropy, normaliser, queries, nodes, clip, **sizes)
        ctx.save_for_backward(*saved, normaliser)
        ctx.sizes, ctx.clip = sizes, clip
        ctx.mark_non_differentiable(entropy)
        return log_p, entropy

    @staticmethod
    def backward(ctx, d_log_p, _):
        wanted, keys, *_ = saved = ctx.saved_tensors
        (batch, queries, width), nodes = wanted.shape, keys.shape[1]
        d_wanted = torch.empty_like(wanted)
        d_keys = torch.empty(batch, SHARES, nodes, width, device=keys.device)
        d_prices = torch.empty(batch, SHARES, 2, device=keys.device)
        backward_kernel[batch, SHARES](
            *saved, d_log_p.contiguous(), d_wanted, d_keys, d_prices, queries, nodes, ctx.clip, **ctx.sizes
        )
        return d_wanted, d_keys.sum(dim=1).to(keys.dtype), d_prices.sum(dim=1), *[None] * 7


def fused_log_probability(pointing: Pointing, action: Tensor) -> tuple[Tensor, Tensor]:
    """As nco.nn.pointer.pointer_log_probability, for packed masks. The width must be a power of two from 16."""
    wanted, keys = pointing.wanted.contiguous(), pointing.keys.to(pointing.wanted.dtype).contiguous()
    patience = torch.zeros_like(pointing.nearness) if pointing.patience is None else pointing.patience
    prices = torch.stack([pointing.nearness.float(), patience.float()], dim=-1)
    current, action = (part.to(torch.int32).contiguous() for part in (pointing.current, action))
    ready, opens = (None if pointing.opens is None or part is None else part.contiguous()
                    for part in (pointing.ready, pointing.opens))  # fmt: skip
    log_p, entropy = _LogProbability.apply(
        wanted, keys, prices, pointing.distance.contiguous(), current, action, pointing.mask.contiguous(), ready, opens,
        pointing.clip,
    )  # fmt: skip
    return log_p, entropy
