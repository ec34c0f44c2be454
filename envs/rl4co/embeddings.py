"""Modules with which RL4CO's attention models read any preset, built from what its instances hold.

D width, F numbers about the state of the constraints, K columns about a node.
"""

from __future__ import annotations

from typing import Any

import torch
from tensordict import TensorDict
from torch import Tensor, nn

from ..instances import arcs, fleet_size, has, onward
from .env import PresetEnv
from .words import straight

#: Keys that are drawn on no scale of their own: loads, in units of the largest vehicle.
LOADS = ("demand", "pickup", "capacity")
#: Limits that do not bind, as finite numbers.
INFINITE = 1e9
#: What depends on where the vehicle is: one number for each node.
WAYS = ("distance", "duration")


def embeddings(env: PresetEnv, embed_dim: int = 128) -> dict[str, Any]:
    """Keyword arguments for RL4CO's AttentionModelPolicy, or policy_kwargs for AttentionModel and POMO.

    Every attribute of the instances becomes a column, so problems must have the keys that the preset draws. Where
    coordinates do not tell the costs (matrices, preferences) a dynamic embedding shows those of the next move; it
    costs memory for S x N x 3D numbers a step and problem.
    """
    example = env.reset(env.example)
    dynamic = None
    if has(example["instances"], "penalty") or not straight(example["instances"]):
        dynamic = Moves(_moves(example).shape[-1], embed_dim)
    return {
        "embed_dim": embed_dim,
        "init_embedding": Nodes(_nodes(example).shape[-1], embed_dim),
        "context_embedding": Situation(env.process.num_features, embed_dim),
        "dynamic_embedding": dynamic,
    }


class Nodes(nn.Module):
    """Embeds what is known of each node before the start: [B, N, D]."""

    def __init__(self, columns: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(columns, width)

    def forward(self, td: TensorDict) -> Tensor:
        out: Tensor = self.project(_nodes(td))
        return out


class Situation(nn.Module):
    """The query: where the vehicle is, which one it is, and the state of its constraints: [B, D] or [B, S, D]."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(2 * width + features, width, bias=False)

    def forward(self, embeddings: Tensor, td: TensorDict) -> Tensor:
        batch, _, width = embeddings.shape
        places = [td[key].reshape(batch, -1, 1).expand(-1, -1, width) for key in ("current_node", "active")]
        seen = [embeddings.gather(1, place).reshape(*td.batch_size, width) for place in places]
        out: Tensor = self.project(torch.cat([*seen, td["features"]], dim=-1))
        return out


class Moves(nn.Module):
    """What each move would cost from here, added to glimpse keys, values and pointer keys: [B, N, D] each."""

    def __init__(self, columns: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(columns, 3 * width, bias=False)

    def forward(self, td: TensorDict) -> tuple[Tensor, ...]:
        return tuple(self.project(_moves(td)).chunk(3, dim=-1))


def _nodes(td: TensorDict) -> Tensor:
    """Columns [B, N, K] of each node: every attribute of the instances, as its shape says.

    What belongs to a vehicle stands at its token; what lies between nodes, or between vehicles and nodes, is averaged.
    """
    instances = td["instances"]
    (batch, nodes, _), fleet = instances["locs"].shape, fleet_size(instances)
    place = td["locs"] if has(td, "locs") else instances["locs"]  # augmentation turns RL4CO's, not ours
    columns = [*place.unbind(-1)]
    if not has(td, "first_node"):  # a round tour has no depot
        columns.append((torch.arange(nodes, device=place.device) < fleet).float().expand(batch, -1))
    if has(instances, "picked_up_at"):
        columns += _partners(place, instances["picked_up_at"])
    largest = instances["capacity"].amax(dim=1).clamp(min=1e-9)
    for key in sorted(instances.keys() - {"locs", "scale", "picked_up_at"}):
        values = instances[key].float()
        if key in LOADS:
            values = values / largest.view(-1, *[1] * (values.dim() - 1))
        values = values.clamp(max=INFINITE)
        values = values / (1 + values.abs())
        if values.shape == (batch,):
            columns.append(values[:, None].expand(-1, nodes))
        elif values.shape == (batch, fleet):
            columns.append(nn.functional.pad(values, (0, nodes - fleet)))
        elif values.shape == (batch, nodes):
            columns.append(values)
        else:  # [B, *, N]: what leads to each node; from matrices of nodes also what leads away
            columns.append(values.flatten(1, -2).mean(dim=1))
            if values.shape[-2] == nodes:
                columns.append(values.mean(dim=-1).view(batch, -1, nodes).mean(dim=1))
    return torch.stack(columns, dim=-1)


def _partners(place: Tensor, picked_up_at: Tensor) -> list[Tensor]:
    """Where the goods of each node come from or go to, and whether they come or go: 4 x [B, N]."""
    comes, node = picked_up_at > 0, torch.arange(place.shape[1], device=place.device)
    goes_to = torch.zeros_like(picked_up_at).scatter(1, picked_up_at, node.expand_as(picked_up_at))
    goes_to[:, 0] = 0  # where those that come from nowhere were sent
    partner = torch.where(comes, picked_up_at, torch.where(goes_to > 0, goes_to, node))
    there = place.gather(1, partner[..., None].expand(-1, -1, 2))
    return [*there.unbind(-1), comes.float(), (goes_to > 0).float()]


def _moves(td: TensorDict) -> Tensor:
    """Columns [B, N, K] of each node, as the vehicle sees it from where it is: ways there and home, penalty."""
    instances = td["instances"]
    current, active = (td[key].reshape(-1, 1) for key in ("current_node", "active"))
    every = torch.arange(instances["locs"].shape[1], device=current.device).expand(len(current), -1)
    home, vehicle = active.expand_as(every), active.expand_as(every)
    columns = []
    for key in WAYS:
        if key == "distance" or has(instances, key):
            columns += [onward(instances, current, active, key)[:, 0], arcs(instances, every, home, vehicle, key)]
    if has(instances, "penalty"):
        columns.append(arcs(instances, vehicle, every, vehicle, "penalty"))
    return torch.stack(columns, dim=-1)
