"""`rrnco`: a policy for roads, where ways and travel times depend on the direction.

After RRNCO (Son et al. 2025, arXiv 2503.16159): a node is two vectors, one as a place to leave and one as a place to
go to; each starts from its coordinates and from its distances to the nearest others, blended by a gate; edges bias what
nodes see of each other (nco.nn.edges, nco.nn.streams). The decoder is that of `unified`, with prices of distance, of
travel time and of waiting; queries come from the places to leave, keys and values from the places to go to.

Unlike there the encoder is deterministic: the nearest ones are not sampled. Nothing depends on the units of distances,
of times or of coordinates, nor on where the map begins; coordinates may be unknown.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, final

import torch
import torch.nn.functional as F
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from tensordict import TensorDict
from torch import Tensor, nn

from nco.envs.instances import fleet_size, has
from nco.nn.mixing import Mixing
from nco.nn.streams import StreamEncoder
from nco.policies.base import Memory
from nco.policies.constructive import EPS, ConstructiveConfig, ConstructivePolicy, Prices
from nco.policies.unified import CLIENT, VEHICLE, describe

#: Numbers of an edge.
EDGE = 8
#: Mean of the distances, and of the travel times, in the unit they are brought to: that of straight lines in a square.
MEAN = 0.5
#: Distances are seen as logarithms; those below this look like this.
NEAR = 0.01
#: Times that never come.
NEVER = 1e9


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class RrncoConfig(ConstructiveConfig):
    """Hyper-parameters."""

    nearest: int = Field(16, ge=1, le=256)  # how many of the shortest ways a node starts from
    edge_width: int = Field(32, ge=1, le=1024)  # R: functions of an edge
    mixing: Mixing = "attention"


class Ways(NamedTuple):
    """Distances and travel times [B, N, N] of mean MEAN, the latter at speed 1, and what brings them there [B]."""

    distance: Tensor
    duration: Tensor
    unit: Tensor
    pace: Tensor


class Gate(nn.Module):
    """Two views of a node blended, feature by feature."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.widen = nn.Linear(2 * width, width)
        self.narrow = nn.Linear(width, width)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """[B, N, D] twice -> [B, N, D]."""
        share: Tensor = self.narrow(F.silu(self.widen(torch.cat([one, other], dim=-1)))).sigmoid()
        return other + share * (one - other)


@final
class RrncoPolicy(ConstructivePolicy):
    """Encoder with two streams, decoder with pointer."""

    name: ClassVar[str] = "rrnco"
    sees: ClassVar[frozenset[str]] = frozenset({"distance", "duration", "opens", "closes", "service", "placed"})

    def __init__(self, **options: Any) -> None:
        """Options are the fields of RrncoConfig."""
        config = RrncoConfig(**options)
        super().__init__(config)
        self.nearest, width = config.nearest, config.width
        self.embed_place = nn.Linear(2, width)
        self.nowhere = nn.Parameter(torch.zeros(width))
        self.embed_vehicle = nn.Linear(VEHICLE - 2, 2 * width)
        self.embed_client = nn.Linear(CLIENT - 2, 2 * width)
        self.embed_leaving, self.embed_coming = (nn.Linear(2 * (config.nearest + 1), width) for _ in range(2))
        self.blend_row, self.blend_column = Gate(width), Gate(width)
        self.encoder = StreamEncoder(
            width, config.heads, config.feedforward, config.layers, config.mixing, EDGE, config.edge_width
        )
        self.haste = nn.Parameter(torch.tensor(-2.0))
        self.patience = nn.Parameter(torch.tensor(0.0))

    def prices(self, memory: Memory) -> Prices:
        pace = memory.unit if memory.pace is None else memory.pace
        haste, patience = F.softplus(self.haste) * pace, F.softplus(self.patience) * pace
        return super().prices(memory)._replace(duration=haste, waiting=patience)

    def encode(self, instances: TensorDict) -> Memory:
        fleet, travels, xy = fleet_size(instances), ways(instances), places(instances)
        row, column = self.encoder(*self._begin(instances, travels, xy), edges(instances, travels, xy))
        leave, go = self.project_memory.weight.split([row.shape[-1], 3 * row.shape[-1]])
        query, (key, value, pointer) = F.linear(row, leave), F.linear(column, go).chunk(3, dim=-1)
        opens, duration = (instances[name] if has(instances, name) else None for name in ("opens", "duration"))
        return Memory(
            query, key, value, pointer, lengths(instances), travels.unit, self.project_vehicle(row[:, :fleet]), opens,
            duration=None if duration is None else first(duration), pace=travels.pace,
        )  # fmt: skip

    def _begin(self, instances: TensorDict, travels: Ways, xy: Tensor) -> tuple[Tensor, Tensor]:
        """What both streams begin with: [B, N, D] each."""
        fleet, place = fleet_size(instances), self.embed_place(xy)
        if has(instances, "placed"):
            place = torch.where(instances["placed"][:, None, None], place, self.nowhere.to(place.dtype))
        numbers = describe(timed(instances, travels))
        layers = (self.embed_vehicle, self.embed_client)
        told = torch.cat([layer(part[..., 2:]) for layer, part in zip(layers, numbers, strict=True)], dim=1)
        leaving = self.embed_leaving(shortest(travels, self.nearest, fleet))
        coming = self.embed_coming(shortest(turned(travels), self.nearest, fleet))
        row, column = told.chunk(2, dim=-1)
        return row + self.blend_row(place, leaving), column + self.blend_column(place, coming)


def first(matrix: Tensor) -> Tensor:
    """[B, N, N] of the first vehicle where vehicles have their own [B, M, N, N]."""
    return matrix[:, 0] if matrix.dim() == 4 else matrix


def lengths(instances: TensorDict) -> Tensor:
    """Distances [B, N, N]; straight lines where there are no others."""
    if has(instances, "distance"):
        return first(instances["distance"])
    straight: Tensor = (instances["locs"][:, :, None] - instances["locs"][:, None]).norm(dim=-1)
    return straight


def ways(instances: TensorDict) -> Ways:
    """The ways of problems; travel times are the distances where there are no others."""
    distance = lengths(instances)
    unit = MEAN / distance.mean(dim=(1, 2)).clamp(min=1e-9)
    scaled = distance * unit[:, None, None]
    if not has(instances, "duration"):
        return Ways(scaled, scaled, unit, unit)
    duration = first(instances["duration"])
    pace = MEAN / duration.mean(dim=(1, 2)).clamp(min=1e-9)
    return Ways(scaled, duration * pace[:, None, None], unit, pace)


def turned(travels: Ways) -> Ways:
    """The same ways in the other direction."""
    return travels._replace(distance=travels.distance.mT, duration=travels.duration.mT)


def places(instances: TensorDict) -> Tensor:
    """Coordinates [B, N, 2] around their middle, of mean square one."""
    xy = instances["locs"] - instances["locs"].mean(dim=1, keepdim=True)
    size = xy.square().mean(dim=(1, 2), keepdim=True).sqrt()
    centred: Tensor = xy / size.clamp(min=EPS)
    return centred


def timed(instances: TensorDict, travels: Ways) -> TensorDict:
    """The same problems with times and limits in the units of these ways."""
    same = instances.clone(recurse=False)
    units = dict.fromkeys(("opens", "closes", "service"), travels.pace) | {"max_distance": travels.unit}
    for key, unit in units.items():
        if has(same, key):
            same[key] = same[key] * unit[:, None]
    return same


def shortest(travels: Ways, count: int, fleet: int) -> Tensor:
    """Of every node the `count` shortest ways to others, by distance and by time, and that to the nearest of M tokens,
    as logarithms: [B, N, 2 * (count + 1)]. Where there are fewer others, the last one stands in for the rest.
    """
    found, nodes = [], travels.distance.shape[1]
    itself = torch.eye(nodes, dtype=torch.bool, device=travels.distance.device)
    for matrix in (travels.distance, travels.duration):
        others = matrix.masked_fill(itself, torch.inf)
        near = others.topk(min(count, nodes - 1), dim=-1, largest=False).values
        rest, home = near[..., -1:].expand(-1, -1, count - near.shape[-1]), matrix[..., :fleet].amin(-1, keepdim=True)
        found += [near, rest, home]
    return torch.cat(found, dim=-1).clamp(min=NEAR).log()


def edges(instances: TensorDict, travels: Ways, xy: Tensor) -> Tensor:
    """Numbers [B, EDGE, N, N] of order one of the edges from the first node to the second.

    Distance and travel time, there and back, as logarithms; the direction on the map, zero where that is unknown; how
    long before it closes the second node can be reached at the earliest, and how long one has to wait there at least.
    """
    there, back = travels, turned(travels)
    numbers = [part.clamp(min=NEAR).log() for part in (there.distance, back.distance, there.duration, back.duration)]
    gap = xy[:, None] - xy[:, :, None]
    direction = gap / gap.norm(dim=-1, keepdim=True).clamp(min=EPS)
    if has(instances, "placed"):
        direction = direction * instances["placed"][:, None, None, None]
    numbers += direction.unbind(dim=-1)
    always, never = (torch.full_like(instances["demand"], time) for time in (0.0, NEVER))
    opens, closes, service = (
        instances.get(key, neutral) * travels.pace[:, None]
        for key, neutral in (("opens", always), ("closes", never), ("service", always))
    )
    closes, leg = closes.clamp(max=NEVER), service[:, :, None] + there.duration
    spare, wait = closes[:, None] - opens[:, :, None] - leg, opens[:, None] - closes[:, :, None] - leg
    return torch.stack([*numbers, F.softsign(spare), F.softsign(wait)], dim=1)
