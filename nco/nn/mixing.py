"""How the nodes of one stream look at those of another, weighed by what the edges between them say.

B problems, H heads, N nodes that look, S nodes they look at, d width of a head.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

#: Sums of weights below this count as this.
LEAST = 1e-30


def attention(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None = None) -> Tensor:
    """Softmax attention of query [B, H, N, d] over key, value [B, H, S, d] with bias [B, H, N, S]: [B, H, N, d]."""
    return F.scaled_dot_product_attention(query, key, value, bias)


def attention_free(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None = None) -> Tensor:
    """sigmoid(Q) * [exp(A) (exp(K) * V)] / [exp(A) exp(K)], shapes as in `attention`: by channel, a mean of values.

    AAFM of ICAM (Zhou et al. 2024) as the paper of RRNCO has it (Son et al. 2025), here by heads. The largest A of a
    row and the largest K of a channel are subtracted before the exponential, which changes nothing but the overflow.
    RRNCO's code takes the softmax of both before the exponential, so that no weight exceeds another by more than e * e.
    """
    bias = query.new_zeros(1, 1, query.shape[-2], key.shape[-2]) if bias is None else bias
    edge = (bias.float() - bias.amax(dim=-1, keepdim=True).float().detach()).exp()
    node = (key.float() - key.amax(dim=-2, keepdim=True).float().detach()).exp()
    sums = edge.to(value.dtype) @ torch.cat([node * value, node], dim=-1).to(value.dtype)
    seen, weight = sums.float().chunk(2, dim=-1)
    return (query.float().sigmoid() * seen / weight.clamp(min=LEAST)).to(value.dtype)


#: Name -> how.
Mixing = Literal["attention", "aafm"]
MIXINGS: dict[Mixing, Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]] = {
    "attention": attention,
    "aafm": attention_free,
}
