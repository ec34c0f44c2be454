"""Instances as tables of the kernel, on the device they are on: what nco.search.packing makes of problems one by one.

Limits are those of the environment's masks, so that it allows what the search finds.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tensordict import TensorDict
from torch import Tensor

from nco.envs.constraints.base import shaved
from nco.envs.constraints.zones import Zones
from nco.envs.instances import fleet_size, has
from nco.envs.routing import RoutingEnv
from nco.search.packing import NEAREST, Traits

#: Attributes that are not known here.
UNKNOWN = ("max_duration", "picked_up_at", "prize")


def unsupported(env: RoutingEnv, instances: TensorDict) -> list[str]:
    """What these problems have that is not known here."""
    features = {
        "objective='max'": env.objective == "max",
        **{f"'{key}'": has(instances, key) for key in UNKNOWN},
        "reloads within limits": has(instances, "reloads") and any(rule.lasting for rule in env.constraints),
    }
    return [feature for feature, present in features.items() if present]


def tables(env: RoutingEnv, instances: TensorDict) -> tuple[Traits, dict[str, Tensor]]:
    """Flags of the kernel, and the tables [B, ...] that it needs for them, without "sizes".

    Instances with pickups in any order and those with pickups last do not go together.
    """
    fleet, views = fleet_size(instances), _views(instances)
    known = _ways(instances, views) | _loads(instances) | _vehicles(instances, views)
    picks = "second" in known
    last = picks and has(instances, "backhaul_last") and bool(instances["backhaul_last"].any())
    timed = has(instances, "closes") and bool(instances["closes"].isfinite().any())
    limited = has(instances, "max_distance") and bool(instances["max_distance"].isfinite().any())
    zones = any(isinstance(constraint, Zones) for constraint in env.constraints)
    if timed:
        known |= _times(instances, views)
    if limited:  # in the unit of costs
        unit = instances["unit_cost"] if has(instances, "unit_cost") else 1.0
        known["farthest"] = shaved(instances["max_distance"]) * unit
    if zones:
        known["allowed"] = instances["allowed"][..., fleet:].transpose(1, 2).to(torch.int8)
    known["rank"] = _ranks(instances, known)
    same = timed and torch.equal(known["ride"], known["cost"])
    traits = Traits(
        room2=picks, mixed=picks and not last, last=last, limit=limited, time=timed, lasting=False, same=same,
        fleet=fleet > 1, fixed="price" in known, zones=zones, optional=False, paired=False,
    )  # fmt: skip
    return traits, known


def _views(instances: TensorDict) -> int:
    """How many vehicles see ways of their own: all or one."""
    own = ("unit_cost", "penalty", "speed")
    differ = any(has(instances, key) for key in own) or any(
        has(instances, key) and instances[key].dim() == 4 for key in ("distance", "duration")
    )
    return fleet_size(instances) if differ else 1


def _ways(instances: TensorDict, views: int) -> dict[str, Tensor]:
    """Costs of arcs [B, V, P, P] there and back, how near clients are to each other, what an arc costs on average."""
    fleet = fleet_size(instances)
    cost = _points(_cost(instances, views), fleet)
    near = cost.mean(dim=1)
    near = near + near.transpose(1, 2)
    scale = _scales(cost[:, 0], near, instances["locs"].shape[1] - fleet)
    return {"cost": cost, "into": cost.transpose(-1, -2), "near": near, "scale": scale}


def _matrix(instances: TensorDict, key: str, views: int) -> Tensor:
    """Ways [B, V, N, N] by view."""
    matrix = instances[key] if has(instances, key) else torch.cdist(
        instances["locs"], instances["locs"], compute_mode="donot_use_mm_for_euclid_dist"
    )  # fmt: skip
    return matrix if matrix.dim() == 4 else matrix[:, None].expand(-1, views, -1, -1)


def _cost(instances: TensorDict, views: int) -> Tensor:
    """Costs of arcs [B, V, N, N], with what visiting their ends costs."""
    cost = _matrix(instances, "distance", views)
    cost = cost * instances["unit_cost"][..., None, None] if has(instances, "unit_cost") else cost
    return cost + instances["penalty"][:, :, None] if has(instances, "penalty") else cost


def _points(matrix: Tensor, fleet: int) -> Tensor:
    """A matrix [..., N, N] over nodes in the order of points: clients, depots, nowhere."""
    nodes = matrix.shape[-1]
    order = torch.arange(fleet, nodes + fleet, device=matrix.device) % nodes
    return F.pad(matrix[..., order, :][..., order], (0, 1, 0, 1))


def _scales(cost: Tensor, near: Tensor, clients: int) -> Tensor:
    """What an arc costs on average [B] between a client and those nearest to it, for the first vehicle."""
    between = near[:, :clients, :clients].clone()
    between.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    nearest = between.topk(min(NEAREST, clients - 1), dim=2, largest=False).indices
    return cost[:, :clients].gather(2, nearest).mean(dim=(1, 2))


def _loads(instances: TensorDict) -> dict[str, Tensor]:
    """Deliveries, pickups where there are some, and capacities for them."""
    fleet = fleet_size(instances)
    loads = {"demand": instances["demand"][:, fleet:], "capacity": instances["capacity"]}
    if has(instances, "pickup") and bool(instances["pickup"].any()):
        loads |= {"second": instances["pickup"][:, fleet:], "capacity2": instances["capacity"]}
    return loads


def _vehicles(instances: TensorDict, views: int) -> dict[str, Tensor]:
    """Where the kinds [B, K] begin and end, what they see, how many there are and what they cost."""
    batch, fleet = instances["capacity"].shape
    clients, device = instances["locs"].shape[1] - fleet, instances["locs"].device
    kind = torch.arange(fleet, dtype=torch.int32, device=device).expand(batch, -1)
    end = (clients + kind).where(~instances["open"], clients + fleet) if has(instances, "open") else clients + kind
    available = torch.full_like(kind, clients)
    if has(instances, "available") and not has(instances, "reloads"):
        available = instances["available"].clamp(max=clients).int()
    vehicles = {"start": clients + kind, "end": end, "view": kind % views, "available": available}
    return vehicles | ({"price": instances["fixed_cost"]} if has(instances, "fixed_cost") else {})


def _times(instances: TensorDict, views: int) -> dict[str, Tensor]:
    """Travel times, windows, service and shifts."""
    fleet = fleet_size(instances)
    ride = _matrix(instances, "duration" if has(instances, "duration") else "distance", views)
    ride = _points(ride / instances["speed"][..., None, None] if has(instances, "speed") else ride, fleet)
    opens, closes = instances["opens"], shaved(instances["closes"])
    shift = torch.stack([opens[:, :fleet], closes[:, :fleet]], dim=-1).repeat(1, 1, 2)
    return {
        "ride": ride, "ride_into": ride.transpose(-1, -2), "opens": opens[:, fleet:], "closes": closes[:, fleet:],
        "service": instances["service"][:, fleet:], "shift": shift,
    }  # fmt: skip


def _ranks(instances: TensorDict, known: dict[str, Tensor]) -> Tensor:
    """Places of the clients [orders, B * n] within their problem in some orders, as nco.search.packing has them."""
    fleet, demand = fleet_size(instances), known["demand"]
    away = _matrix(instances, "distance", 1)[:, 0, :fleet, fleet:].amin(dim=1)
    carried = demand + ((known["second"] - demand).abs() if "second" in known else demand)
    keys = [-carried, -away, away]
    if "closes" in known:
        opens, closes = known["opens"], known["closes"]
        keys += [closes - opens, opens, -closes]
    return torch.stack([key.argsort(dim=1, stable=True).argsort(dim=1).int().flatten() for key in keys])
