"""The glimpse: every decision looks at the nodes it may choose, with several heads.

Its query is the sum of a row of a table, where the vehicle is, and of a linear map of the state's numbers.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nco.nn.pointer import of_vehicles, rows
from nco.nn.transformer import merge_heads, split_heads


def glimpse(
    table: Tensor, weights: Tensor, key: Tensor, value: Tensor, current: Tensor, numbers: Tensor, mask: Tensor,
    heads: int, look: Tensor | None = None, active: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Queries [B, Q, D] and what they see [B, Q, D].

    table [B, N, D]: query by node; weights [B, F, D] times numbers [B, Q, F] is added; key, value [B, N, D];
    current [B, Q]; mask [B, Q, N], or packed into words [B, Q, W]: then one Triton kernel does it all.
    look [B, H, M, N]: what is added to the scores of vehicles active [B, Q].
    """
    if mask.dtype == torch.int32:
        from nco.nn.glimpse_kernel import fused_glimpse

        return fused_glimpse(table, weights, key, value, current, numbers, mask, heads, look, active)
    query = rows(table, current) + torch.bmm(numbers.to(weights.dtype), weights).to(table.dtype)
    asked, known, held = (split_heads(part, heads) for part in (query, key, value))
    bias = mask[:, None]
    if look is not None and active is not None:
        scores = of_vehicles(look.to(asked.dtype), active[:, None].expand(-1, heads, -1))
        bias = scores.masked_fill(~bias, -torch.inf)
    return query, merge_heads(F.scaled_dot_product_attention(asked, known, held, attn_mask=bias))
