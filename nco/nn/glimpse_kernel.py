"""The glimpse of all decisions of a trajectory in one kernel, forward and backward: the CUDA twin of nco.nn.glimpse.

The nodes of a problem fit on a chip: one program holds keys and values of one head of one problem, and streams over its
decisions. Masks stay packed, attention weights are never written. Backward recomputes them (Dao et al. 2022, "Flash-
Attention"), and gathers the gradient of rows of the table as a product with a one-hot matrix instead of atomic sums.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

#: Nodes and numbers of a state are padded to at least this, which a matrix unit needs.
PADDED = 16


@triton.jit
def allowed(words, row, valid, n, N):
    """Tile [rows, nodes] of masks that are packed into words."""
    word = tl.load(
        words + row[:, None] * ((N + 31) // 32) + (n // 32)[None, :], mask=valid[:, None] & (n < N)[None, :], other=0
    )
    return ((word >> (n % 32)[None, :]) & 1) != 0


@triton.jit(do_not_specialize=["Q", "N", "M"])
def forward_kernel(
    TABLE, WEIGHTS, KEY, VALUE, CURRENT, NUMBERS, WORDS, LOOK, ACTIVE, QUERY, SEEN, NORMALISER,
    Q, N, M, scale,
    F: tl.constexpr, H: tl.constexpr, HD: tl.constexpr, BN: tl.constexpr, BQ: tl.constexpr,
    BF: tl.constexpr, BM: tl.constexpr, LOOKS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """One head of one problem and a tile of its decisions."""
    b, h = tl.program_id(0).to(tl.int64), tl.program_id(1)
    D: tl.constexpr = H * HD
    n, f, d = tl.arange(0, BN), tl.arange(0, BF), h * HD + tl.arange(0, HD)
    q = tl.program_id(2) * BQ + tl.arange(0, BQ)
    valid, row = q < Q, b * Q + q
    weights = tl.load(WEIGHTS + (b * F + f)[:, None] * D + d[None, :], mask=(f < F)[:, None], other=0.0)
    key = tl.load(KEY + (b * N + n)[None, :] * D + d[:, None], mask=(n < N)[None, :], other=0.0)
    value = tl.load(VALUE + (b * N + n)[:, None] * D + d[None, :], mask=(n < N)[:, None], other=0.0)
    current = tl.load(CURRENT + row, mask=valid, other=0)
    numbers = tl.load(NUMBERS + row[:, None] * F + f[None, :], mask=valid[:, None] & (f < F)[None, :], other=0.0)
    query = tl.load(TABLE + (b * N + current)[:, None] * D + d[None, :], mask=valid[:, None], other=0.0).to(tl.float32)
    query += tl.dot(numbers.to(weights.dtype), weights, input_precision=PRECISION)
    query = query.to(key.dtype)
    score = tl.dot(query, key, input_precision=PRECISION) * scale
    if LOOKS:
        active = tl.load(ACTIVE + row, mask=valid, other=0)
        place_in = (((b * H + h) * M + active) * N)[:, None] + n[None, :]
        score += tl.load(LOOK + place_in, mask=(n < N)[None, :], other=0.0)
    score = tl.where(allowed(WORDS, row, valid, n, N), score, -1e30)
    top = tl.max(score, 1)
    weight = tl.exp(score - top[:, None])
    total = tl.sum(weight, 1)
    seen = tl.dot(weight.to(value.dtype), value, input_precision=PRECISION) / total[:, None]
    place = row[:, None] * D + d[None, :]
    tl.store(QUERY + place, query, mask=valid[:, None])
    tl.store(SEEN + place, seen.to(value.dtype), mask=valid[:, None])
    tl.store(NORMALISER + (b * H + h) * Q + q, top + tl.log(total), mask=valid)


@triton.jit(do_not_specialize=["Q", "N", "M"])
def backward_kernel(
    WEIGHTS, KEY, VALUE, CURRENT, NUMBERS, WORDS, LOOK, ACTIVE, QUERY, SEEN, NORMALISER, D_QUERY, D_SEEN,
    D_TABLE, D_WEIGHTS, D_KEY, D_VALUE, D_LOOK,
    Q, N, M, scale,
    F: tl.constexpr, H: tl.constexpr, HD: tl.constexpr, BN: tl.constexpr, BQ: tl.constexpr,
    BF: tl.constexpr, BM: tl.constexpr, LOOKS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """One head of one problem and all its decisions."""
    b, h = tl.program_id(0).to(tl.int64), tl.program_id(1)
    D: tl.constexpr = H * HD
    n, f, d = tl.arange(0, BN), tl.arange(0, BF), h * HD + tl.arange(0, HD)
    nodes = (b * N + n)[:, None] * D + d[None, :]
    key = tl.load(KEY + nodes, mask=(n < N)[:, None], other=0.0)
    value = tl.load(VALUE + nodes, mask=(n < N)[:, None], other=0.0)
    d_table, d_key = tl.zeros([BN, HD], tl.float32), tl.zeros([BN, HD], tl.float32)
    d_value, d_weights = tl.zeros([BN, HD], tl.float32), tl.zeros([BF, HD], tl.float32)
    m = tl.arange(0, BM)
    d_look = tl.zeros([BM, BN], tl.float32)
    for begin in range(0, Q, BQ):
        q = begin + tl.arange(0, BQ)
        valid, row = q < Q, b * Q + q
        place = row[:, None] * D + d[None, :]
        query = tl.load(QUERY + place, mask=valid[:, None], other=0.0)
        seen = tl.load(SEEN + place, mask=valid[:, None], other=0.0)
        d_seen = tl.load(D_SEEN + place, mask=valid[:, None], other=0.0)
        normaliser = tl.load(NORMALISER + (b * H + h) * Q + q, mask=valid, other=0.0)
        score = tl.dot(query, tl.trans(key), input_precision=PRECISION) * scale
        active = tl.zeros([BQ], tl.int32)
        if LOOKS:
            active = tl.load(ACTIVE + row, mask=valid, other=0)
            place_in = (((b * H + h) * M + active) * N)[:, None] + n[None, :]
            score += tl.load(LOOK + place_in, mask=(n < N)[None, :], other=0.0)
        score = tl.where(allowed(WORDS, row, valid, n, N), score, -float("inf"))
        weight = tl.exp(score - normaliser[:, None])
        d_value += tl.dot(tl.trans(weight.to(value.dtype)), d_seen, input_precision=PRECISION)
        d_weight = tl.dot(d_seen, tl.trans(value), input_precision=PRECISION)
        delta = tl.sum(d_seen.to(tl.float32) * seen.to(tl.float32), 1)
        d_score = weight * (d_weight - delta[:, None])
        if LOOKS:
            by = ((m[:, None] == active[None, :]) & valid[None, :]).to(key.dtype)
            d_look += tl.dot(by, d_score.to(key.dtype), input_precision=PRECISION)
        d_score = (d_score * scale).to(key.dtype)
        d_key += tl.dot(tl.trans(d_score), query, input_precision=PRECISION)
        d_query = tl.dot(d_score, key, input_precision=PRECISION)
        d_query += tl.load(D_QUERY + place, mask=valid[:, None], other=0.0).to(tl.float32)
        d_query = d_query.to(key.dtype)
        current = tl.load(CURRENT + row, mask=valid, other=-1)
        at = (n[:, None] == current[None, :]).to(key.dtype)
        d_table += tl.dot(at, d_query, input_precision=PRECISION)
        numbers = tl.load(NUMBERS + row[None, :] * F + f[:, None], mask=valid[None, :] & (f < F)[:, None], other=0.0)
        d_weights += tl.dot(numbers.to(key.dtype), d_query, input_precision=PRECISION)
    tl.store(D_TABLE + nodes, d_table.to(key.dtype), mask=(n < N)[:, None])
    tl.store(D_KEY + nodes, d_key.to(key.dtype), mask=(n < N)[:, None])
    tl.store(D_VALUE + nodes, d_value.to(key.dtype), mask=(n < N)[:, None])
    if LOOKS:
        inside = (m < M)[:, None] & (n < N)[None, :]
        tl.store(D_LOOK + ((b * H + h) * M + m)[:, None] * N + n[None, :], d_look, mask=inside)
    tl.store(D_WEIGHTS + (b * F + f)[:, None] * D + d[None, :], d_weights, mask=(f < F)[:, None])


def forward_launch(padded: int) -> dict[str, int]:
    """Decisions in a tile and warps, for so many nodes."""
    return {"BQ": 32, "num_warps": 4 if padded <= 128 else 8, "num_stages": 2}


def backward_launch(padded: int) -> dict[str, int]:
    """The same of the backward pass."""
    return {"BQ": 32, "num_warps": 4 if padded <= 128 else 8, "num_stages": 2}


class _Glimpse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, table, weights, key, value, look, current, numbers, mask, active, heads):
        batch, queries = current.shape
        _, nodes, width = table.shape
        query = torch.empty(batch, queries, width, dtype=table.dtype, device=table.device)
        seen = torch.empty_like(query)
        normaliser = torch.empty(batch, heads, queries, device=table.device)
        sizes = _sizes(nodes, numbers.shape[-1], width, heads, table.dtype, look)
        scale = (width // heads) ** -0.5
        launch = forward_launch(sizes["BN"])
        grid = (batch, heads, triton.cdiv(queries, launch["BQ"]))
        forward_kernel[grid](
            table, weights, key, value, current, numbers, mask, look, active, query, seen, normaliser,
            queries, nodes, _fleet(look), scale, **sizes, **launch,
        )  # fmt: skip
        ctx.save_for_backward(weights, key, value, current, numbers, mask, look, active, query, seen, normaliser)
        ctx.sizes, ctx.scale = sizes, scale
        return query, seen

    @staticmethod
    def backward(ctx, d_query, d_seen):
        weights, key, _, current, _, _, look, *_ = saved = ctx.saved_tensors
        (batch, queries), nodes = current.shape, key.shape[1]
        d_table, d_key, d_value = (torch.empty_like(key) for _ in range(3))
        d_weights = torch.empty_like(weights, dtype=torch.float32)
        d_look = None if look is None else torch.empty_like(look)
        backward_kernel[batch, ctx.sizes["H"]](
            *saved, d_query.contiguous(), d_seen.contiguous(), d_table, d_weights, d_key, d_value, d_look,
            queries, nodes, _fleet(look), ctx.scale, **ctx.sizes, **backward_launch(ctx.sizes["BN"]),
        )  # fmt: skip
        return d_table, d_weights.to(weights.dtype), d_key, d_value, d_look, *[None] * 5


def fused_glimpse(
    table: Tensor, weights: Tensor, key: Tensor, value: Tensor, current: Tensor, numbers: Tensor, mask: Tensor,
    heads: int, look: Tensor | None = None, active: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """As nco.nn.glimpse.glimpse, for packed masks. Widths of heads must be powers of two from 16."""
    tensors = (part.to(table.dtype).contiguous() for part in (table, weights, key, value))
    current, numbers, mask = (part.contiguous() for part in (current.to(torch.int32), numbers.float(), mask))
    if look is not None and active is not None:
        look, active = look.float().contiguous(), active.to(torch.int32).contiguous()
    query, seen = _Glimpse.apply(*tensors, look, current, numbers, mask, active, heads)
    return query, seen


def _fleet(look):
    """M of a bias [B, H, M, N]; 1 without one."""
    return 1 if look is None else look.shape[2]


def _sizes(nodes, numbers, width, heads, dtype, look):
    """The kernel's sizes that are known when it is compiled."""
    precision = "ieee" if dtype == torch.float32 else "tf32"
    padded, entries = (max(PADDED, triton.next_power_of_2(size)) for size in (nodes, numbers))
    return {"F": numbers, "H": heads, "HD": width // heads, "BN": padded, "BF": entries,
            "BM": max(PADDED, triton.next_power_of_2(_fleet(look))), "LOOKS": look is not None,
            "PRECISION": precision}  # fmt: skip
