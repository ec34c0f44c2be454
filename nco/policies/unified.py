"""`unified`: one policy for all variants of the routing environment.

An attention encoder-decoder as `attention`, with what the unified solvers of the literature found to matter: gated
feed-forward layers and global attributes in the depots' tokens (RouteFinder, Berto et al. 2024), a residual and a
feed-forward layer in the decoder (ReLD, Huang et al. 2025), and prices of distance and of waiting on the pointer.
Times and limits are in units of distance; those that do not bind are infinite, and numbers that a network can see.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar, final

import torch
import torch.nn.functional as F
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from tensordict import TensorDict
from torch import Tensor, nn

from nco.envs.instances import fleet_size, has
from nco.nn.glimpse import glimpse
from nco.nn.pointer import Pointing
from nco.nn.transformer import Encoder
from nco.policies.attention import distances
from nco.policies.base import Memory, Policy, Query

#: Numbers that describe a client and a vehicle.
CLIENT, VEHICLE = 9, 8
EPS = 1e-6


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class UnifiedConfig:
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


@final
class UnifiedPolicy(Policy):
    """Encoder-decoder with pointer decoding for problems with any of the attributes of nco.envs.instances."""

    name: ClassVar[str] = "unified"
    sees: ClassVar[frozenset[str]] = frozenset(
        {"distance", "pickup", "backhaul_last", "opens", "closes", "service", "max_distance", "open"}
    )

    def __init__(self, **options: Any) -> None:
        """Options are the fields of UnifiedConfig."""
        super().__init__()
        self.settings = config = UnifiedConfig(**options)
        width = config.width
        self.embed_vehicle = nn.Linear(VEHICLE, width)
        self.embed_client = nn.Linear(CLIENT, width)
        self.encoder = Encoder(width, config.heads, config.feedforward, config.layers, gated=True)
        self.project_memory = nn.Linear(width, 4 * width, bias=False)
        self.project_vehicle = nn.Linear(width, width, bias=False)
        self.project_features = nn.Linear(config.features, width, bias=False)
        self.project_glimpse = nn.Linear(width, width, bias=False)
        self.widen = nn.Linear(width, config.decoder_feedforward, bias=False)
        self.narrow = nn.Linear(config.decoder_feedforward, width, bias=False)
        self.nearness = nn.Parameter(torch.tensor(1.0))
        self.patience = nn.Parameter(torch.tensor(0.0))

    @property
    def config(self) -> Mapping[str, Any]:
        return asdict(self.settings)

    def prices(self, memory: Memory) -> tuple[Tensor, Tensor]:
        """Of distance and of waiting, [B] each; never negative."""
        return F.softplus(self.nearness) * memory.unit, F.softplus(self.patience) * memory.unit

    def encode(self, instances: TensorDict) -> Memory:
        vehicles, clients = describe(instances)
        nodes = torch.cat([self.embed_vehicle(vehicles), self.embed_client(clients)], dim=1)
        nodes = self.encoder(nodes)
        query, key, value, pointer = self.project_memory(nodes).chunk(4, dim=-1)
        vehicle = self.project_vehicle(nodes[:, : fleet_size(instances)])
        waits = has(instances, "opens") and not has(instances, "duration")  # times are distances
        opens = instances["opens"] if waits else None
        return Memory(query, key, value, pointer, *distances(instances), vehicle, opens)

    def point(self, memory: Memory, query: Query) -> Pointing:
        nearness, patience = self.prices(memory)
        wanted = self._wanted(memory, query) / math.sqrt(self.settings.width)
        return Pointing(
            wanted, memory.pointer, memory.distance, nearness, query.current, query.mask, self.settings.clip,
            query.ready, memory.opens, patience,
        )  # fmt: skip

    def _wanted(self, memory: Memory, query: Query) -> Tensor:
        """What decisions look for: [B, Q, D]. Vehicles enter the query as one-hot numbers with their own weights."""
        vehicle = memory.vehicle if memory.vehicle is not None else memory.query[:, :0]
        weights = torch.cat([self.project_features.weight.t().expand(len(vehicle), -1, -1), vehicle], dim=1)
        token = torch.arange(vehicle.shape[1], device=vehicle.device)
        numbers = torch.cat([query.features, (query.active[..., None] == token).float()], dim=-1)
        asked, seen = glimpse(
            memory.query, weights, memory.key, memory.value, query.current, numbers, query.mask,
            self.settings.decoder_heads,
        )  # fmt: skip
        x: Tensor = asked + self.project_glimpse(seen)
        if self.settings.decoder_feedforward:
            x = x + self.narrow(F.silu(self.widen(F.rms_norm(x, x.shape[-1:], eps=EPS))))
        return x


def describe(instances: TensorDict) -> tuple[Tensor, Tensor]:
    """Numbers of order one on vehicles [B, M, VEHICLE] and clients [B, n, CLIENT]; neutral where they are absent."""
    locs, demand, capacity = instances["locs"], instances["demand"], instances["capacity"]
    fleet, zeros = fleet_size(instances), torch.zeros_like(demand)
    never = torch.full_like(demand, torch.inf)
    pickup, opens, service = (instances.get(key, zeros) for key in ("pickup", "opens", "service"))
    closes = instances.get("closes", never)
    largest = capacity.amax(dim=1, keepdim=True)
    horizon = closes[:, :fleet].amax(dim=1, keepdim=True)
    clients = [
        *locs.unbind(-1), demand / largest, pickup / largest, _squash(opens), _squash(closes), _squash(service),
        opens / horizon, torch.where(closes < horizon, closes / horizon, 1.0),
    ]  # fmt: skip
    x, y = locs[:, :fleet].unbind(-1)
    load = ((demand + pickup).sum(dim=1, keepdim=True) / (demand.shape[1] - fleet)).expand_as(capacity)
    last = instances.get("backhaul_last", demand[:, 0] > torch.inf)[:, None].expand_as(capacity)
    vehicles = [
        x, y, capacity / largest, _squash(capacity / load.clamp(min=EPS) / 10), last.float(),
        instances.get("open", torch.zeros_like(capacity)).float(),
        _squash(instances.get("max_distance", never[:, :fleet])), _squash(closes[:, :fleet]),
    ]  # fmt: skip
    return torch.stack(vehicles, dim=-1), torch.stack(clients, dim=-1)[:, fleet:]


def _squash(value: Tensor) -> Tensor:
    """[0, inf] -> [0, 1]."""
    return 1 - 1 / (1 + value)
