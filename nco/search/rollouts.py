"""Rollouts of generated problems, improved by ruin & recreate on the device they are on: what policies learn from.

The same tables as nco.search.packing makes of problems, here of a batch of instances that all have the same size.
Limits are those of the environment's masks, so that it allows what comes out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tensordict import TensorDict
from torch import Tensor

from nco.envs.constraints.base import shaved
from nco.envs.constraints.zones import Zones
from nco.envs.instances import fleet_size, has
from nco.envs.routing import RoutingEnv, who_drives
from nco.search.gpu import Chains
from nco.search.packing import NEAREST, SPARE, TABLES, Group, Traits

#: First and last temperature in units of an arc between neighbours: rollouts are no bad start.
HEAT = (0.1, 0.01)
#: Fewest slots of a solution: few sizes, so that few kernels are compiled.
FEWEST = 128
#: Attributes that the search does not know here.
UNKNOWN = ("max_duration", "picked_up_at", "prize")


def unsupported(env: RoutingEnv, instances: TensorDict) -> list[str]:
    """What keeps rollouts of these problems from being improved here."""
    features = {
        "objective='max'": env.objective == "max",
        **{f"'{key}'": has(instances, key) for key in UNKNOWN},
        "reloads within limits": has(instances, "reloads") and any(rule.lasting for rule in env.constraints),
    }
    return [feature for feature, present in features.items() if present]


@torch.no_grad()
def improved_rollouts(env: RoutingEnv, instances: TensorDict, actions: Tensor, iterations: int, seed: int) -> Tensor:
    """Actions [B, E, T] of rollouts no dearer than those with the given ones [B, E, T], route by route in their order.

    iterations: of ruin & recreate, on every rollout.
    """
    last = instances["backhaul_last"] if has(instances, "backhaul_last") else None
    parts = [torch.arange(len(actions), device=actions.device)]
    if last is not None and 0 < int(last.sum()) < len(last):  # the order of pickups is a flag of the kernel
        parts = [last.nonzero()[:, 0], (~last).nonzero()[:, 0]]
    searches = [_Search(env, instances[part], actions[part], iterations, seed) for part in parts]
    better = actions.new_empty(*actions.shape[:2], env.max_steps(instances))
    for part, search in zip(parts, searches, strict=True):
        better[part] = search.actions()
    return better[..., : int(_lengths(better).max())]


class _Search:
    """A search that has begun, on a GPU beside what else is done there."""

    def __init__(self, env: RoutingEnv, instances: TensorDict, actions: Tensor, iterations: int, seed: int) -> None:
        self.shape = (*actions.shape[:2], env.max_steps(instances))
        self.fleet, self.clients = fleet_size(instances), instances["locs"].shape[1] - fleet_size(instances)
        stream = torch.cuda.Stream(actions.device) if actions.is_cuda else None
        self.chains = Chains(packed(env, instances, actions), actions.shape[1], stream)
        if stream is not None:
            stream.wait_stream(torch.cuda.current_stream(actions.device))
        self.chains.launch(seed, iterations, HEAT[0], (HEAT[1] / HEAT[0]) ** (1 / iterations))

    def actions(self) -> Tensor:
        """What came out [B, E, T]."""
        at, _, kind = self.chains.best_of
        if self.chains.stream is not None:
            torch.cuda.current_stream(at.device).wait_stream(self.chains.stream)
        return to_actions(at, kind, self.fleet, self.clients, self.shape[-1]).view(self.shape)


def packed(env: RoutingEnv, instances: TensorDict, actions: Tensor) -> Group:
    """A group of all instances [B], with a start [B * E, P] for every rollout."""
    (batch, nodes, _), fleet, device = instances["locs"].shape, fleet_size(instances), actions.device
    n, points = nodes - fleet, nodes + 1
    token = actions < fleet
    begins = ~token & F.pad(token[..., :-1], (1, 0), value=True)
    routes = int(begins.sum(dim=-1).max())
    slots = max(FEWEST, 1 << (n + routes + SPARE - 1).bit_length())

    views = _views(instances)
    cost = _points(_cost(instances, views), fleet)
    near = cost.mean(dim=1) + cost.mean(dim=1).transpose(1, 2)
    end = (n + torch.arange(fleet, device=device)).expand(batch, -1)
    if has(instances, "open"):
        end = torch.where(instances["open"], n + fleet, end)
    available = torch.full((batch, fleet), n, device=device)
    if has(instances, "available") and not has(instances, "reloads"):
        available = instances["available"].clamp(max=n).long()
    starting = available[:, 0].clamp(max=slots - n) if fleet == 1 else torch.full((batch,), slots - n, device=device)
    row, one = torch.arange(batch, device=device), torch.ones(batch, dtype=torch.long, device=device)
    sizes = (one * n, starting, one * points, one * fleet, row * cost[0].numel(), row * n, row * fleet,
             row * points**2, row * n * fleet)  # fmt: skip
    demand = instances["demand"][:, fleet:]
    tables: dict[str, Tensor] = {
        "sizes": torch.stack(sizes, dim=1), "scale": _scales(cost[:, 0], near, n), "cost": cost,
        "into": cost.transpose(-1, -2), "near": near, "demand": demand, "capacity": instances["capacity"],
        "start": (n + torch.arange(fleet, device=device)).int().expand(batch, -1), "end": end.int(),
        "view": (torch.arange(fleet, device=device) % views).int().expand(batch, -1), "available": available.int(),
    }  # fmt: skip
    picks = has(instances, "pickup") and bool(instances["pickup"].any())
    ordered = picks and has(instances, "backhaul_last") and bool(instances["backhaul_last"].any())
    if picks:
        tables |= {"second": instances["pickup"][:, fleet:], "capacity2": instances["capacity"]}
    if timed := has(instances, "closes") and bool(instances["closes"].isfinite().any()):
        tables |= _times(instances, views)
    same = timed and torch.equal(tables["ride"], cost)
    if limited := has(instances, "max_distance") and bool(instances["max_distance"].isfinite().any()):
        unit = instances["unit_cost"] if has(instances, "unit_cost") else 1.0
        tables["farthest"] = shaved(instances["max_distance"]) * unit
    if fixed := has(instances, "fixed_cost"):
        tables["price"] = instances["fixed_cost"]
    if zoned := any(isinstance(constraint, Zones) for constraint in env.constraints):
        tables["allowed"] = instances["allowed"][..., fleet:].transpose(1, 2).to(torch.int8)
    loads = instances["pickup"][:, fleet:] - demand if picks else demand
    away = _matrix(instances, "distance", 1)[:, 0, :fleet, fleet:].amin(dim=1)
    tables["rank"] = _ranks(instances, demand + loads.abs(), away)
    traits = Traits(picks, picks and not ordered, ordered, limited, timed, False, same, fleet > 1, fixed, zoned,
                    False, False)  # fmt: skip
    start = _slots(actions, begins, end, starting, slots, n)
    known = tuple(tables.get(key, tables["scale"]).contiguous() for key in TABLES)
    return Group(tuple(range(batch)), traits, slots, known, start, batch * n, batch * (n + routes))


def to_actions(at: Tensor, kind: Tensor, fleet: int, clients: int, steps: int) -> Tensor:
    """Actions [R, T] of solutions in slots [R, P], T = `steps`: the shorter ones end at their last depot."""
    code, slot = at.sort(dim=1)
    vehicle, node = kind.long().gather(1, slot), slot + fleet
    client = (code >= 0) & (slot < clients)
    leads = (code >= 0) & ~client & F.pad(client[:, 1:], (0, 1))  # starts of routes that are not empty
    place = torch.where(client, torch.arange(code.shape[1], device=at.device), -1)
    before = F.pad(place[:, :-1], (1, 0), value=-1).cummax(dim=1).values  # the last client so far
    former = vehicle.gather(1, before.clamp(min=0)).masked_fill(before < 0, 0)
    returns, changes = leads & (before >= 0), leads & (vehicle != former)
    after = (client.long() + returns.long() + changes.long()).cumsum(dim=1)
    final = vehicle.gather(1, place.amax(dim=1, keepdim=True))
    actions = final.repeat(1, steps + 1)  # what nobody does goes to the last column
    for does, goes_to, step in ((returns, former, after - 1 - changes.long()), (changes, vehicle, after - 1),
                                (client, node, after - 1)):  # fmt: skip
        actions.scatter_(1, step.where(does, steps), goes_to)
    return actions[:, :steps]


def _lengths(actions: Tensor) -> Tensor:
    """How many actions [...] it takes until nobody moves any more."""
    moves = F.pad(actions[..., 1:] != actions[..., :-1], (1, 0), value=True)
    return torch.where(moves, torch.arange(1, actions.shape[-1] + 1, device=actions.device), 0).amax(dim=-1)


def _slots(
    actions: Tensor, begins: Tensor, end: Tensor, starting: Tensor, slots: int, clients: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Slots [B * E, P] of the rollouts: at, next and kind."""
    (_, rollouts, steps), fleet, device = actions.shape, end.shape[1], actions.device
    nodes, driver = actions.flatten(0, 1), who_drives(actions, fleet).flatten(0, 1)
    begins, client = begins.flatten(0, 1), nodes >= fleet
    time = torch.arange(steps, device=device)
    route = begins.long().cumsum(dim=1) - 1
    position = time - torch.where(begins, time, -1).cummax(dim=1).values + 1
    goes_on = F.pad(client[:, 1:], (0, 1))
    home = end.long().repeat_interleave(rollouts, 0).gather(1, driver)
    following = torch.where(goes_on, F.pad(nodes[:, 1:], (0, 1)) - fleet, home)

    column = torch.arange(slots + 1, device=device)
    empty = (column >= clients) & (column < clients + starting.repeat_interleave(rollouts)[:, None])
    at = torch.where(empty, (column - clients) << 16, -1)
    onward = torch.where(empty, end[:, :1].long().repeat_interleave(rollouts, 0), 0)
    kind = torch.zeros_like(at)
    slot = (nodes - fleet).where(client, slots)  # the last one is cut off
    start = (clients + route).where(begins, slots)
    for state, of_client, of_start in ((at, (route << 16) + position, route << 16), (onward, following, nodes - fleet),
                                       (kind, driver, driver)):  # fmt: skip
        state.scatter_(1, slot, of_client).scatter_(1, start, of_start)
    return at[:, :slots].int(), onward[:, :slots].short(), kind[:, :slots].short()


def _views(instances: TensorDict) -> int:
    """How many vehicles see ways of their own: all or one."""
    own = ("unit_cost", "penalty", "speed")
    differ = any(has(instances, key) for key in own) or any(
        has(instances, key) and instances[key].dim() == 4 for key in ("distance", "duration")
    )
    return fleet_size(instances) if differ else 1


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


def _scales(cost: Tensor, near: Tensor, clients: int) -> Tensor:
    """What an arc costs on average [B] between a client and those nearest to it, for the first vehicle."""
    between = near[:, :clients, :clients].clone()
    between.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    nearest = between.topk(min(NEAREST, clients - 1), dim=2, largest=False).indices
    return cost[:, :clients].gather(2, nearest).mean(dim=(1, 2))


def _ranks(instances: TensorDict, carried: Tensor, away: Tensor) -> Tensor:
    """Places of the clients [orders, B * n] within their problem in some orders, as nco.search.packing has them."""
    keys = [-carried, -away, away]
    if has(instances, "closes"):
        opens, closes = (instances[key][:, fleet_size(instances) :] for key in ("opens", "closes"))
        keys += [closes - opens, opens, -closes]
    return torch.stack([key.argsort(dim=1, stable=True).argsort(dim=1).int().flatten() for key in keys])
