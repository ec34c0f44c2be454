"""`camp`: vehicles with profiles that talk to each other and act at the same time.

CAMP (Hua et al. 2025, arXiv 2501.02977): one copy of the graph per vehicle, exchange between vehicles and clients in
the encoder (nco.nn.exchange), communication among vehicles at every decision, and a pointer of every vehicle into its
own copy. Vehicles have no numbers, so that any M will do. Beyond the paper: the weights of the objective are inputs,
and the pointer subtracts the exact price of the way and of the visit, each at a learnt rate. Where the largest of the
vehicles' totals counts, all numbers on the state are in mean prices, and a vehicle sees how far it is behind the last.

It acts in nco.envs.parallel. Tensors of Memory and Query have a row for every vehicle: R = B * M rows, problem-major.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar, Literal, final

import torch
import torch.nn.functional as F
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from tensordict import TensorDict
from torch import Tensor, nn

from nco.envs.instances import fleet_size
from nco.nn.bits import unpack
from nco.nn.exchange import Communication, ExchangeBlock
from nco.nn.pointer import Pointing, rows
from nco.nn.transformer import Norm, merge_heads, split_heads
from nco.policies.attention import distances
from nco.policies.base import Memory, Policy, Query
from nco.policies.profiles import CLIENT, PAIR, VEHICLE, describe, price
from nco.policies.unified import squash

#: Numbers on a vehicle's state beside the constraints': the way home, what it has spent, beyond the mean of all, and
#: the share of nodes that are left; and how much earlier than the last one it would be home, coarse and fine.
OWN, BEHIND = 4, 2


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class CampConfig:
    """Hyper-parameters; sizes are the paper's. The bounds keep a malformed card from filling the memory."""

    width: int = Field(128, ge=1, le=4096)  # D
    heads: int = Field(8, ge=1)
    feedforward: int = Field(256, ge=1, le=16384)  # hidden units of the encoder, each with a gate
    layers: int = Field(3, ge=1, le=64)
    talk_feedforward: int = Field(512, ge=1, le=16384)  # hidden units of the communication
    clip: float = Field(10.0, gt=0)  # logits lie in (-clip, clip) before the mask (Bello et al. 2017)
    features: int = Field(1, ge=1, le=64)  # F: numbers the environment's constraints tell about the state
    objective: Literal["sum", "max"] = "sum"  # over vehicles: what is to become small
    communication: bool = True  # among vehicles, at every decision
    exchange: bool = True  # between vehicles and clients, in the encoder

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}")


@final
class CampPolicy(Policy):
    """Encoder of profiles, decoder of joint actions."""

    name: ClassVar[str] = "camp"
    sees: ClassVar[frozenset[str]] = frozenset({"distance", "unit_cost", "penalty", "allowed", "reloads"})
    keeps: ClassVar[int] = 32  # the communication: twelve of width D, two as wide as its hidden units

    def __init__(self, **options: Any) -> None:
        """Options are the fields of CampConfig."""
        super().__init__()
        self.settings = config = CampConfig(**options)
        width = config.width
        self.embed_vehicle = nn.Linear(VEHICLE, width)
        self.embed_client = nn.Linear(CLIENT, width)
        self.embed_pair = nn.Linear(PAIR, width)
        self.of_vehicle = nn.Linear(width, width, bias=False)
        self.of_node = nn.Linear(width, width, bias=False)
        self.blocks = nn.ModuleList(
            ExchangeBlock(width, config.heads, config.feedforward, config.exchange) for _ in range(config.layers)
        )
        self.norm = Norm(width)
        self.project_memory = nn.Linear(width, 4 * width, bias=False)
        self.project_depot = nn.Linear(width, width, bias=False)
        own = OWN + (BEHIND if config.objective == "max" else 0)
        self.project_features = nn.Linear(config.features + own, width, bias=False)
        self.talk = Communication(width, config.heads, config.talk_feedforward) if config.communication else None
        self.project_glimpse = nn.Linear(width, width, bias=False)
        self.nearness = nn.Parameter(torch.tensor(1.0))
        self.reluctance = nn.Parameter(torch.tensor(1.0))

    @property
    def config(self) -> Mapping[str, Any]:
        return asdict(self.settings)

    def encode(self, instances: TensorDict) -> Memory:
        fleet, (distance, unit) = fleet_size(instances), distances(instances)
        pricing = price(instances, unit)
        vehicles, clients, pairs = describe(instances, pricing, unit)
        x = torch.cat([self.embed_vehicle(vehicles), self.embed_client(clients)], dim=1)
        pairs = F.pad(self.embed_pair(pairs), (0, 0, fleet, 0))
        profiles = self.of_vehicle(x[:, :fleet])[:, :, None] + self.of_node(x)[:, None] + pairs
        for block in self.blocks:
            x, profiles = block(x, profiles)
        profiles = self.norm(profiles)
        token = torch.arange(fleet, device=x.device)
        depot = self.project_depot(profiles[:, token, token])  # [B, M, D]
        query, key, value, pointer = self.project_memory(profiles.flatten(0, 1)).chunk(4, dim=-1)
        liking = -F.softplus(self.reluctance) * F.pad(pricing.regret, (fleet, 0)).flatten(0, 1)[:, None]
        # nothing is promised for later: the token itself, which is always left, promises one, and log 1 is added
        promise = F.one_hot(token, x.shape[1]).float().repeat(len(x), 1)[:, None]
        distance, unit = (part.repeat_interleave(fleet, dim=0) for part in (distance, unit))
        prices = pricing.price.flatten()[:, None]
        pace = (unit / pricing.mean.repeat_interleave(fleet)) if self.settings.objective == "max" else None
        return Memory(
            query, key, value, pointer, distance, unit, depot, None, prices, None, liking, promise, pace=pace
        )  # fmt: skip

    def point(self, memory: Memory, query: Query) -> Pointing:
        if memory.vehicle is None or memory.price is None or query.left is None:
            raise ValueError("memory and query must be those of vehicles that act together")
        fleet, nodes = memory.vehicle.shape[1], memory.query.shape[1]
        masks = (query.mask, query.left)
        mask, left = (unpack(part, nodes) if part.dtype == torch.int32 else part for part in masks)
        x = rows(memory.query, query.current) + memory.vehicle.flatten(0, 1)[:, None]
        x = x + self.project_features(self._numbers(memory, query, left).to(x.dtype))
        if self.talk is not None:  # [R, Q, D] -> [B * Q, M, D] and back
            together = x.unflatten(0, (-1, fleet)).transpose(1, 2)
            x = self.talk(together.flatten(0, 1)).unflatten(0, together.shape[:2]).transpose(1, 2).flatten(0, 1)
        asked, known, held = (split_heads(part, self.settings.heads) for part in (x, memory.key, memory.value))
        seen = F.scaled_dot_product_attention(asked, known, held, attn_mask=mask[:, None])
        wanted = self.project_glimpse(merge_heads(seen)) / math.sqrt(self.settings.width)
        nearness = F.softplus(self.nearness) * memory.unit[:, None] * memory.price
        return Pointing(
            wanted, memory.pointer, memory.distance, nearness.expand_as(query.current), query.current, query.mask,
            self.settings.clip, active=torch.zeros_like(query.current), liking=memory.liking, promise=memory.promise,
            left=query.left,
        )  # fmt: skip

    def _numbers(self, memory: Memory, query: Query, left: Tensor) -> Tensor:
        """What the state says in numbers: [R, Q, F + OWN (+ BEHIND)]. `query.ready` is what each vehicle has spent."""
        if memory.vehicle is None or memory.price is None:
            raise ValueError("memory must be that of vehicles that act together")
        fleet = memory.vehicle.shape[1]
        own = torch.arange(fleet, device=query.current.device).repeat(len(memory.vehicle))
        home = memory.distance[torch.arange(len(own), device=own.device)[:, None], query.current, own[:, None]]
        home = home * memory.unit[:, None]
        spent = query.ready * (memory.unit if memory.pace is None else memory.pace)[:, None]
        mean = spent.unflatten(0, (-1, fleet)).mean(dim=1).repeat_interleave(fleet, dim=0)
        share = left.float().mean(dim=-1)
        numbers = [home, squash(spent / 5), torch.tanh(spent - mean), share]
        if self.settings.objective == "max":
            back = spent + home * memory.price
            behind = back.unflatten(0, (-1, fleet)).amax(dim=1).repeat_interleave(fleet, dim=0) - back
            numbers += [squash(behind / 5), squash(5 * behind)]
        return torch.cat([query.features, torch.stack(numbers, dim=-1)], dim=-1)
