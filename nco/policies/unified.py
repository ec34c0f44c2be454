"""`unified`: one policy for all variants of the routing environment.

An attention encoder-decoder as `attention`, with what the unified solvers of the literature found to matter: gated
feed-forward layers and global attributes in the depots' tokens (RouteFinder, Berto et al. 2024). Waiting has a price.
Times and limits are in units of distance; those that do not bind are infinite, and numbers that a network can see.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import torch
import torch.nn.functional as F
from tensordict import TensorDict
from torch import Tensor, nn

from nco.envs.instances import fleet_size, has
from nco.nn.transformer import Encoder
from nco.policies.attention import distances
from nco.policies.base import Memory
from nco.policies.constructive import EPS, ConstructiveConfig, ConstructivePolicy, Prices

#: Numbers that describe a client and a vehicle.
CLIENT, VEHICLE = 9, 8


@final
class UnifiedPolicy(ConstructivePolicy):
    """Encoder-decoder with pointer decoding for problems with any of the attributes of nco.envs.instances."""

    name: ClassVar[str] = "unified"
    sees: ClassVar[frozenset[str]] = frozenset(
        {"distance", "pickup", "backhaul_last", "opens", "closes", "service", "max_distance", "open"}
    )

    def __init__(self, **options: Any) -> None:
        """Options are the fields of ConstructiveConfig."""
        config = ConstructiveConfig(**options)
        super().__init__(config)
        self.embed_vehicle = nn.Linear(VEHICLE, config.width)
        self.embed_client = nn.Linear(CLIENT, config.width)
        self.patience = nn.Parameter(torch.tensor(0.0))
        self.encoder = Encoder(config.width, config.heads, config.feedforward, config.layers, gated=True)

    def prices(self, memory: Memory) -> Prices:
        return super().prices(memory)._replace(waiting=F.softplus(self.patience) * memory.unit)

    def encode(self, instances: TensorDict) -> Memory:
        vehicles, clients = describe(instances)
        nodes = torch.cat([self.embed_vehicle(vehicles), self.embed_client(clients)], dim=1)
        nodes = self.encoder(nodes)
        query, key, value, pointer = self.project_memory(nodes).chunk(4, dim=-1)
        vehicle = self.project_vehicle(nodes[:, : fleet_size(instances)])
        waits = has(instances, "opens") and not has(instances, "duration")  # times are distances
        opens = instances["opens"] if waits else None
        return Memory(query, key, value, pointer, *distances(instances), vehicle, opens)


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
        *locs.unbind(-1), demand / largest, pickup / largest, squash(opens), squash(closes), squash(service),
        opens / horizon, (closes / horizon).masked_fill(closes >= horizon, 1.0),  # torch.where would wait for a GPU
    ]  # fmt: skip
    x, y = locs[:, :fleet].unbind(-1)
    load = ((demand + pickup).sum(dim=1, keepdim=True) / (demand.shape[1] - fleet)).expand_as(capacity)
    last = instances.get("backhaul_last", demand[:, 0] > torch.inf)[:, None].expand_as(capacity)
    vehicles = [
        x, y, capacity / largest, squash(capacity / load.clamp(min=EPS) / 10), last.float(),
        instances.get("open", torch.zeros_like(capacity)).float(),
        squash(instances.get("max_distance", never[:, :fleet])), squash(closes[:, :fleet]),
    ]  # fmt: skip
    return torch.stack(vehicles, dim=-1), torch.stack(clients, dim=-1)[:, fleet:]


def squash(value: Tensor) -> Tensor:
    """[0, inf] -> [0, 1]."""
    return 1 - 1 / (1 + value)
