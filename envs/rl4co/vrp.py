"""RL4CO's CVRP and multi-task VRP: one depot, as many vehicles as needed, all alike.

RL4CO keeps demands as shares of the capacity; here they become whole numbers again, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import ClassVar

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.errors import ConfigError, Fault

from ..constraints.backhaul import Backhaul
from ..constraints.base import Constraint
from ..constraints.capacity import Capacity
from ..constraints.load import Load
from ..constraints.route_limit import RouteLimit
from ..constraints.time_windows import TimeWindows
from ..instances import NOISE
from ..routing import State
from .words import Words, require


class Cvrp(Words):
    """RL4CO's CVRP: locs [B, n, 2] and depot [B, 2], demand [B, n] as a share, capacity [B, 1]."""

    name: ClassVar[str] = "cvrp"

    def problems(self, instances: TensorDict) -> dict[str, Tensor]:
        locs, capacity = instances["locs"], instances["capacity"]
        return {
            "locs": locs[:, 1:],
            "depot": locs[:, 0],
            "demand": (instances["demand"] / capacity)[:, 1:],
            "capacity": capacity,
        }

    def instances(self, problems: TensorDict) -> TensorDict:
        require(problems, ("locs", "depot", "demand", "capacity"))
        locs, capacity = problems["locs"], problems["capacity"].float().reshape(-1, 1)
        if locs.shape[1] == problems["demand"].shape[1]:  # not yet reset: the depot is apart
            locs = torch.cat([problems["depot"].reshape(-1, 1, 2), locs], dim=1)
        demand = torch.nn.functional.pad(_whole(problems["demand"], capacity, "demand"), (1, 0))
        tensors = {
            "locs": locs,
            "demand": demand,
            "capacity": capacity,
            "scale": torch.ones_like(capacity[:, 0]),
        }
        return TensorDict(tensors, batch_size=problems.batch_size, device=locs.device)

    def reset(self, instances: TensorDict) -> dict[str, Tensor]:
        return {"locs": instances["locs"], "vehicle_capacity": torch.ones_like(instances["capacity"])}

    def state(self, constraints: tuple[Constraint, ...], instances: TensorDict, state: State) -> dict[str, Tensor]:
        return {"used_capacity": 1 - state.vehicles.slots[0] / instances["capacity"]}


class Mtvrp(Words):
    """RL4CO's multi-task VRP, with RouteFinder's backhaul_class [B, 1]: 1 deliveries first, 2 mixed."""

    name: ClassVar[str] = "mtvrp"

    def __init__(self, kinds: Collection[type[Constraint]]) -> None:
        """Constraints of these kinds are looked after."""
        self._kinds = kinds

    def problems(self, instances: TensorDict) -> dict[str, Tensor]:
        demand, capacity = instances["demand"], instances["capacity"]
        zeros, one = torch.zeros_like(demand), torch.ones_like(capacity)
        never = torch.zeros_like(capacity, dtype=torch.bool)
        opens, closes = instances.get("opens", zeros), instances.get("closes", zeros + torch.inf)
        last = instances.get("backhaul_last", never[:, 0])
        return {
            "locs": instances["locs"],
            "demand_linehaul": demand / capacity,
            "demand_backhaul": instances.get("pickup", zeros) / capacity,
            "backhaul_class": torch.where(last, 1, 2)[:, None],
            "vehicle_capacity": one,
            "capacity_original": capacity,
            "open_route": instances.get("open", never),
            "time_windows": torch.stack([opens, closes], dim=-1),
            "service_time": instances.get("service", zeros),
            "distance_limit": instances.get("max_distance", never + torch.inf),
            "speed": one,
        }

    def instances(self, problems: TensorDict) -> TensorDict:
        require(problems, MTVRP_KEYS)
        if (problems["speed"] != 1).any():
            raise ConfigError(Fault("C503", "speed", "it is not 1", "Divide distances and times so that it is"))
        capacity = problems["capacity_original"]
        whole = capacity / problems["vehicle_capacity"]
        backhaul = problems.get("backhaul_class", torch.ones_like(capacity))
        self._require_constraints(problems, backhaul)
        tensors = {
            "locs": problems["locs"],
            "demand": _whole(problems["demand_linehaul"], whole, "demand_linehaul"),
            "pickup": _whole(problems["demand_backhaul"], whole, "demand_backhaul"),
            "backhaul_last": backhaul[:, 0] == 1,
            "capacity": capacity,
            "scale": torch.ones_like(capacity[:, 0]),
            "open": problems["open_route"],
            "opens": problems["time_windows"][..., 0],
            "closes": problems["time_windows"][..., 1],
            "service": problems["service_time"],
            "max_distance": problems["distance_limit"],
        }
        return TensorDict(tensors, batch_size=problems.batch_size, device=capacity.device)

    def _require_constraints(self, problems: TensorDict, backhaul: Tensor) -> None:
        """Raise ConfigError for everything that binds here and that the preset does not look after."""
        picks = (problems["demand_backhaul"] > 0).any(dim=-1, keepdim=True)
        binding = {
            "demand_backhaul": (Load, picks),
            "backhaul_class": (Backhaul, picks & (backhaul == 1)),
            "time_windows": (TimeWindows, problems["time_windows"][..., 1].isfinite()),
            "distance_limit": (RouteLimit, problems["distance_limit"].isfinite()),
        }
        faults = [
            Fault("C503", key, "the preset does not look after it", "Use the preset 'mtvrp'")
            for key, (kind, binds) in binding.items()
            if kind not in self._kinds and bool(binds.any())
        ]
        if faults:
            raise ConfigError(faults)

    def state(self, constraints: tuple[Constraint, ...], instances: TensorDict, state: State) -> dict[str, Tensor]:
        seen = dict.fromkeys(MTVRP_STATE, torch.zeros_like(state.current, dtype=torch.float32))
        for constraint, slot in zip(constraints, state.vehicles.slots, strict=True):
            seen |= MTVRP_VIEWS[type(constraint)](slot, instances["capacity"])
        return seen


MTVRP_KEYS = ("locs", "demand_linehaul", "demand_backhaul", "vehicle_capacity", "capacity_original", "open_route",
              "time_windows", "service_time", "distance_limit", "speed")  # fmt: skip
MTVRP_STATE = ("used_capacity_linehaul", "used_capacity_backhaul", "current_time", "current_route_length")
#: Constraint -> what RL4CO calls its state, from the state and the capacity. The others stay zero.
MTVRP_VIEWS: Mapping[type, Callable[[Tensor, Tensor], dict[str, Tensor]]] = {
    Capacity: lambda slot, capacity: {"used_capacity_linehaul": 1 - slot / capacity},
    Load: lambda slot, capacity: dict(zip(MTVRP_STATE, (slot / capacity[..., None]).unbind(-1), strict=False)),
    Backhaul: lambda slot, capacity: {},
    TimeWindows: lambda slot, capacity: {"current_time": slot},
    RouteLimit: lambda slot, capacity: {"current_route_length": slot},
}


def _whole(share: Tensor, capacity: Tensor, key: str) -> Tensor:
    """Whole demands [B, *] from shares of capacities [B, 1]; raises ConfigError where they are none."""
    amount = share.double() * capacity.double()
    whole = amount.round()
    if ((amount - whole).abs() > NOISE * capacity).any():
        fix = "Divide whole demands by the capacity, and give the capacity"
        raise ConfigError(Fault("C503", key, "times the capacity it is no whole number", fix))
    return whole.float()
