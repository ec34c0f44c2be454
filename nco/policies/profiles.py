"""`profiles`: one policy for problems whose vehicles differ in what they cost, carry, prefer and may visit.

The decoder of `unified`, which moves one vehicle at a time. What CAMP (Hua et al. 2025, arXiv 2501.02977) does with
one copy of the graph per vehicle is done with pairs: a narrow vector for every vehicle and client travels through the
encoder (nco.nn.pairs) and ends as a bias on the glimpse, as a score on the pointer and as what a client that is left
promises to a vehicle that could be next. The weights of the objective are in unit costs and penalties, which are
inputs: one model serves the whole Pareto front.

Only differences between vehicles count: a client's penalty is taken as the regret, what it exceeds that of the vehicle
that suits it best. Prices are relative to kappa, mean unit cost plus mean regret, so that their scale does not matter.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, final

import torch
import torch.nn.functional as F
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from tensordict import TensorDict
from torch import Tensor, nn

from nco.envs.instances import fleet_size, has, onward
from nco.nn.pairs import PairEncoder
from nco.policies.attention import distances
from nco.policies.base import Memory
from nco.policies.constructive import EPS, ConstructiveConfig, ConstructivePolicy
from nco.policies.unified import squash

#: Numbers that describe a client, a vehicle and a pair of them.
CLIENT, VEHICLE, PAIR = 5, 7, 3
#: A client that is left promises exp(h) with h in this range, around a value at which 100 clients promise little.
LEAST, USUAL, MOST = -8.0, -4.0, 8.0


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ProfilesConfig(ConstructiveConfig):
    """Hyper-parameters."""

    pair_width: int = Field(32, ge=1, le=1024)  # P


class Pricing(NamedTuple):
    """What vehicles cost, in units that do not depend on the scale of prices or of places."""

    price: Tensor  # [B, M] of the vehicle's way
    regret: Tensor  # [B, M, n] what a visit costs more than by the vehicle that suits best; zero where it is forbidden
    allowed: Tensor  # [B, M, n] bool
    mean: Tensor  # [B] kappa, the unit of both


@final
class ProfilesPolicy(ConstructivePolicy):
    """Encoder of nodes and pairs, decoder with pointer."""

    name: ClassVar[str] = "profiles"
    sees: ClassVar[frozenset[str]] = frozenset({"distance", "unit_cost", "penalty", "allowed", "reloads"})

    def __init__(self, **options: Any) -> None:
        """Options are the fields of ProfilesConfig."""
        config = ProfilesConfig(**options)
        super().__init__(config)
        self.embed_vehicle = nn.Linear(VEHICLE, config.width)
        self.embed_client = nn.Linear(CLIENT, config.width)
        self.embed_pair = nn.Linear(PAIR, config.pair_width)
        self.encoder = PairEncoder(config.width, config.heads, config.feedforward, config.layers, config.pair_width)
        self.project_pair = nn.Linear(config.pair_width, config.decoder_heads + 2, bias=False)
        self.reluctance = nn.Parameter(torch.tensor(1.0))

    def encode(self, instances: TensorDict) -> Memory:
        fleet, (distance, unit) = fleet_size(instances), distances(instances)
        pricing = price(instances, unit)
        numbers = describe(instances, pricing, unit)
        layers = (self.embed_vehicle, self.embed_client, self.embed_pair)
        vehicles, clients, pairs = (layer(part) for layer, part in zip(layers, numbers, strict=True))
        nodes, pairs = self.encoder(torch.cat([vehicles, clients], dim=1), pairs)
        query, key, value, pointer = self.project_memory(nodes).chunk(4, dim=-1)
        opinion = F.pad(self.project_pair(pairs).float().permute(0, 3, 1, 2), (fleet, 0))  # [B, H + 2, M, N]
        look, (liking, promise) = opinion[:, :-2], opinion[:, -2:].unbind(1)
        liking = liking - F.softplus(self.reluctance) * F.pad(pricing.regret, (fleet, 0))
        promise = F.pad((promise[..., fleet:] + USUAL).clamp(LEAST, MOST).exp() * pricing.allowed, (fleet, 0))
        vehicle = self.project_vehicle(nodes[:, :fleet])
        return Memory(query, key, value, pointer, distance, unit, vehicle, None, pricing.price, look, liking, promise)


def price(instances: TensorDict, unit: Tensor) -> Pricing:
    """The prices of a problem; `unit` [B] is that of its distances, in units of the coordinates."""
    (batch, nodes, _), fleet = instances["locs"].shape, fleet_size(instances)
    capacity, shape = instances["capacity"], (batch, fleet, nodes)
    unit_cost = instances["unit_cost"] if has(instances, "unit_cost") else torch.ones_like(capacity)
    penalty = instances["penalty"] if has(instances, "penalty") else capacity.new_zeros(shape)
    allowed = instances["allowed"] if has(instances, "allowed") else torch.ones_like(penalty, dtype=torch.bool)
    penalty, allowed = penalty[..., fleet:] * unit[:, None, None], allowed[..., fleet:]
    best = penalty.masked_fill(~allowed, torch.inf).amin(dim=1, keepdim=True)
    regret = (penalty - best).masked_fill(~allowed, 0.0)
    kappa = unit_cost.mean(dim=1) + regret.mean(dim=(1, 2)) + EPS
    return Pricing(unit_cost / kappa[:, None], regret / kappa[:, None, None], allowed, kappa)


def describe(instances: TensorDict, pricing: Pricing, unit: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers of order one on vehicles [B, M, VEHICLE], clients [B, n, CLIENT] and pairs [B, M, n, PAIR]."""
    locs, demand, capacity, fleet = instances["locs"], instances["demand"], instances["capacity"], fleet_size(instances)
    largest, allowed = capacity.amax(dim=1, keepdim=True), pricing.allowed.float()
    mean_demand = demand[:, fleet:].mean(dim=1, keepdim=True)
    vehicles = [
        *locs[:, :fleet].unbind(-1), capacity / largest, squash(capacity / mean_demand.clamp(min=EPS) / 10),
        pricing.price, pricing.regret.mean(dim=2), allowed.mean(dim=2),
    ]  # fmt: skip
    clients = [
        *locs[:, fleet:].unbind(-1), demand[:, fleet:] / largest, pricing.regret.mean(dim=1), allowed.mean(dim=1),
    ]  # fmt: skip
    token = torch.arange(fleet, device=locs.device).expand(len(locs), -1)
    way = onward(instances, token, token, "distance")[..., fleet:] * unit[:, None, None]
    pairs = [allowed, pricing.regret, way * pricing.price[..., None]]
    return torch.stack(vehicles, dim=-1), torch.stack(clients, dim=-1), torch.stack(pairs, dim=-1)
