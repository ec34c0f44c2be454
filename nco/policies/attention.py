"""`attention`: transformer encoder, multi-head glimpse and pointer decoder.

Kool et al. (2019), "Attention, Learn to Solve Routing Problems!", with POMO's decoder (Kwon et al. 2020: no graph
context, many starts), pre-norm RMSNorm layers, and the distance from the current node subtracted from the pointer's
score with a learned weight (as in ICAM and ELG: near nodes first, whatever the size of the problem).
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

from nco.envs.instances import has
from nco.nn.glimpse import glimpse
from nco.nn.pointer import Pointing
from nco.nn.transformer import Encoder
from nco.policies.base import Memory, Policy, Query


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class AttentionConfig:
    """Hyper-parameters; defaults are POMO's. The bounds keep a malformed card from filling the memory."""

    width: int = Field(128, ge=1, le=4096)  # D
    heads: int = Field(8, ge=1)
    feedforward: int = Field(512, ge=1, le=16384)
    layers: int = Field(6, ge=1, le=64)
    clip: float = Field(10.0, gt=0)  # logits lie in (-clip, clip) before the mask (Bello et al. 2017)
    features: int = Field(1, ge=1, le=64)  # F: numbers the environment's constraints tell about the state

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}")


@final
class AttentionPolicy(Policy):
    """Encoder-decoder with pointer decoding."""

    name: ClassVar[str] = "attention"
    sees: ClassVar[frozenset[str]] = frozenset({"distance"})

    def __init__(self, **options: Any) -> None:
        """Options are the fields of AttentionConfig."""
        super().__init__()
        self.settings = AttentionConfig(**options)
        width = self.settings.width
        self.embed_depot = nn.Linear(2, width)
        self.embed_client = nn.Linear(3, width)
        self.encoder = Encoder(width, self.settings.heads, self.settings.feedforward, self.settings.layers)
        self.project_memory = nn.Linear(width, 4 * width, bias=False)
        self.project_features = nn.Linear(self.settings.features, width, bias=False)
        self.project_glimpse = nn.Linear(width, width, bias=False)
        self.nearness = nn.Parameter(torch.tensor(1.0))

    @property
    def config(self) -> Mapping[str, Any]:
        return asdict(self.settings)

    def encode(self, instances: TensorDict) -> Memory:
        locs = instances["locs"]
        share = (instances["demand"] / instances["capacity"])[..., None]
        depot = self.embed_depot(locs[:, :1])
        clients = self.embed_client(torch.cat([locs, share], dim=-1)[:, 1:])
        nodes = self.encoder(torch.cat([depot, clients], dim=1))
        query, key, value, pointer = self.project_memory(nodes).chunk(4, dim=-1)
        return Memory(query, key, value, pointer, *distances(instances))

    def point(self, memory: Memory, query: Query) -> Pointing:
        width, batch = self.settings.width, len(memory.query)
        weights = self.project_features.weight.t().expand(batch, -1, -1)
        _, seen = glimpse(
            memory.query, weights, memory.key, memory.value, query.current, query.features, query.mask,
            self.settings.heads,
        )  # fmt: skip
        wanted = self.project_glimpse(seen) / math.sqrt(width)
        nearness = (F.softplus(self.nearness) * memory.unit)[:, None].expand_as(query.current)
        return Pointing(
            wanted, memory.pointer, memory.distance, nearness, query.current, query.mask, self.settings.clip
        )


def distances(instances: TensorDict) -> tuple[Tensor, Tensor]:
    """Distances [B, N, N], of the first vehicle where they differ, and their unit [B].

    A matrix may be in metres where the coordinates are in degrees, and roads are longer than straight lines: times the
    unit, the mean of the distances is that of the straight lines.
    """
    locs = instances["locs"]
    straight: Tensor = (locs[:, :, None] - locs[:, None]).norm(dim=-1)
    if not has(instances, "distance"):
        return straight, torch.ones_like(instances["scale"])
    given: Tensor = instances["distance"]
    given = given[:, 0] if given.dim() == 4 else given
    return given, straight.mean(dim=(1, 2)) / given.mean(dim=(1, 2)).clamp(min=1e-9)
