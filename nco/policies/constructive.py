"""What the policies that build routes node by node have in common: the decoder that the fused rollout knows.

A residual and a feed-forward layer after the glimpse (ReLD, Huang et al. 2025), vehicles as part of the query, and a
price of distance on the pointer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from nco.nn.glimpse import glimpse
from nco.nn.pointer import Pointing
from nco.policies.base import Memory, Policy, Query

EPS = 1e-6


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ConstructiveConfig:
    """Hyper-parameters. The bounds keep a malformed card from filling the memory."""

    width: int = Field(128, ge=1, le=4096)  # D
    heads: int = Field(8, ge=1)
    feedforward: int = Field(384, ge=1, le=16384)  # hidden units of the encoder, each with a gate
    layers: int = Field(6, ge=1, le=64)
    decoder_heads: int = Field(8, ge=1)
    decoder_feedforward: int = Field(256, ge=0, le=16384)  # hidden units of the decoder
    clip: float = Field(10.0, gt=0)  # logits lie in (-clip, clip) before the mask (Bello et al. 2017)
    features: int = Field(1, ge=1, le=64)  # F: numbers the environment's constraints tell about the state

    def __post_init__(self) -> None:
        if self.width % self.heads or self.width % self.decoder_heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads} and {self.decoder_heads}")


class Prices(NamedTuple):
    """What a decision pays, in logits before they are clipped; never negative."""

    distance: Tensor  # [B, M] by vehicle
    duration: Tensor  # [B]
    waiting: Tensor  # [B]


class ConstructivePolicy(Policy):
    """The decoder; encoders inherit from it."""

    def __init__(self, config: ConstructiveConfig) -> None:
        super().__init__()
        self.settings = config
        width = config.width
        self.project_memory = nn.Linear(width, 4 * width, bias=False)
        self.project_vehicle = nn.Linear(width, width, bias=False)
        self.project_features = nn.Linear(config.features, width, bias=False)
        self.project_glimpse = nn.Linear(width, width, bias=False)
        self.widen = nn.Linear(width, config.decoder_feedforward, bias=False)
        self.narrow = nn.Linear(config.decoder_feedforward, width, bias=False)
        self.nearness = nn.Parameter(torch.tensor(1.0))

    @property
    def config(self) -> Mapping[str, Any]:
        return asdict(self.settings)

    def prices(self, memory: Memory) -> Prices:
        """Of distance; travel time and waiting are free here."""
        vehicles = memory.query[:, :0] if memory.vehicle is None else memory.vehicle
        price = torch.ones_like(vehicles[..., 0], dtype=torch.float32) if memory.price is None else memory.price
        free = torch.zeros_like(memory.unit)
        return Prices(F.softplus(self.nearness) * memory.unit[:, None] * price, free, free)

    def point(self, memory: Memory, query: Query) -> Pointing:
        nearness, haste, patience = self.prices(memory)
        wanted = self._wanted(memory, query) / math.sqrt(self.settings.width)
        return Pointing(
            wanted, memory.pointer, memory.distance, nearness.gather(1, query.active.long()), query.current, query.mask,
            self.settings.clip, query.ready, memory.opens, patience, query.active, memory.liking, memory.promise,
            query.left, memory.duration, haste,
        )  # fmt: skip

    def _wanted(self, memory: Memory, query: Query) -> Tensor:
        """What decisions look for: [B, Q, D]. Vehicles enter the query as one-hot numbers with their own weights."""
        vehicle = memory.vehicle if memory.vehicle is not None else memory.query[:, :0]
        weights = torch.cat([self.project_features.weight.t().expand(len(vehicle), -1, -1), vehicle], dim=1)
        token = torch.arange(vehicle.shape[1], device=vehicle.device)
        numbers = torch.cat([query.features, (query.active[..., None] == token).float()], dim=-1)
        asked, seen = glimpse(
            memory.query, weights, memory.key, memory.value, query.current, numbers, query.mask,
            self.settings.decoder_heads, memory.look, query.active,
        )  # fmt: skip
        x: Tensor = asked + self.project_glimpse(seen)
        if self.settings.decoder_feedforward:
            x = x + self.narrow(F.silu(self.widen(F.rms_norm(x, x.shape[-1:], eps=EPS))))
        return x
