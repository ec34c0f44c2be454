"""Many problems as tensors for the kernel: those with the same constraints and about the same size make one group.

Arrays of the problems of a group are laid one after the other, so only slots are padded. See nco.search.kernel.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nco.problem import Floats, Problem
from nco.search.data import Flags, Ints, SearchData
from nco.search.data import unsupported as unsupported_by_all

#: Routes of clients by kind of vehicle, as nco.search.data.from_solution gives them.
Routes = list[tuple[int, list[int]]]

#: Fewest and most slots of a solution.
FEWEST, MOST = 32, 2048
#: Routes that may be opened beyond those of the start; what padding leaves is added.
SPARE = 4
#: Nearest clients whose mean distance is the scale of a problem.
NEAREST = 10


class Traits(NamedTuple):
    """Flags of the kernel."""

    room2: bool  # a second load
    mixed: bool  # pickups and deliveries in any order
    last: bool  # pickups after all deliveries
    limit: bool  # limits of distance
    time: bool  # windows
    same: bool  # travel times are costs
    fleet: bool  # several kinds
    fixed: bool  # routes have prices
    zones: bool  # not everybody may visit everybody


@dataclass(frozen=True)
class Group:
    """Problems [B] with the same traits and slots P, on a device. Arguments of the kernel in its order."""

    members: tuple[int, ...]  # which of all problems they are
    traits: Traits
    slots: int
    tables: tuple[Tensor, ...]
    at: Tensor  # [B, P] the start
    next: Tensor  # [B, P]
    kind: Tensor  # [B, P]
    cost: Tensor  # [B]
    clients: int  # of all problems
    filled: int  # slots of clients and of routes of the start


def unsupported(problem: Problem) -> list[str]:
    """Features that the kernel does not handle."""
    kinds, loads = problem.vehicle_types, problem.num_load_dimensions
    limits = any(v.max_distance < math.inf for v in kinds)
    liked = problem.preference_weight > 0 and any(p.preference is not None for p in problem.profiles)
    features = {
        "prices or limits of duration": any(v.unit_duration_cost > 0 or v.max_duration < math.inf for v in kinds),
        "shipments": bool(problem.shipments),
        "prizes": not problem.required.all(),
        "more than two loads": loads > 2,
        "pickups of several loads": loads > 1 and bool(problem.pickup.any()),
        "limits of distance with preferences": limits and liked,
        "limits of distance without prices": limits and any(v.unit_distance_cost == 0 for v in kinds),
        f"more than {MOST // 2} clients": problem.num_clients > MOST // 2,
    }
    return unsupported_by_all(problem) + [feature for feature, present in features.items() if present]


def pack(problems: Sequence[SearchData], starts: Sequence[Routes], device: str | torch.device) -> list[Group]:
    """Groups of problems that `unsupported` finds nothing wrong with, with routes that serve every client."""
    groups: dict[tuple[Traits, int], list[int]] = defaultdict(list)
    for index, (data, routes) in enumerate(zip(problems, starts, strict=True)):
        groups[_traits(data), _slots(len(data.opens), len(routes))].append(index)
    return [
        _group(members, *key, [problems[m] for m in members], [starts[m] for m in members], torch.device(device))
        for key, members in groups.items()
    ]


def unpack(at: NDArray[np.int32], kind: NDArray[np.int16]) -> Routes:
    """Routes from the slots [P] of one chain."""
    routes: Routes = []
    for slot in np.argsort(at, kind="stable").tolist():
        if at[slot] < 0:
            continue
        if at[slot] & 0xFFFF == 0:
            routes.append((int(kind[slot]), []))
        else:
            routes[-1][1].append(slot)
    return [route for route in routes if route[1]]


def _traits(data: SearchData) -> Traits:
    flags, loads = Flags(*data.flags.tolist()), data.delivery.shape[1]
    picks = bool(data.picks.any())
    same = flags.time and np.array_equal(data.ride, data.cost)
    return Traits(
        picks or loads > 1, picks and not flags.backhaul, flags.backhaul, flags.distance, flags.time, same,
        len(data.view) > 1, bool(data.fixed.any()), not data.allowed.all(),
    )  # fmt: skip


def _slots(clients: int, routes: int) -> int:
    return int(max(FEWEST, 1 << (clients + routes + SPARE - 1).bit_length()))


def _group(
    members: list[int], traits: Traits, slots: int, problems: list[SearchData], starts: list[Routes],
    device: torch.device,
) -> Group:  # fmt: skip
    clients = [len(data.opens) for data in problems]
    kinds = [len(data.view) for data in problems]
    points = [data.cost.shape[1] for data in problems]
    starting = [slots - n if k > 1 else min(slots - n, int(d.available[0])) for n, k, d in
                zip(clients, kinds, problems, strict=True)]  # fmt: skip
    plain = all(len(data.cost) == 1 and np.array_equal(data.cost, data.cost_into) for data in problems)
    near = [data.cost[0] if plain else data.cost.mean(axis=0) + data.cost.mean(axis=0).T for data in problems]
    sizes = np.stack(
        [clients, starting, points, kinds, _begins([d.cost.size for d in problems]), _begins(clients), _begins(kinds),
         _begins([m.size for m in near]), _begins([d.allowed.size for d in problems])], axis=1
    )  # fmt: skip

    def flat(needed: bool, parts: Sequence[NDArray[np.generic]], dtype: type[np.generic]) -> Tensor:
        array = np.concatenate([part.ravel() for part in parts]) if needed else np.zeros(0)
        return torch.from_numpy(array.astype(dtype, copy=False)).to(device)

    def floats(needed: bool, *parts: Floats) -> Tensor:
        return flat(needed, parts, np.float32)

    cost = floats(True, *(data.cost for data in problems))
    pairs = [_loads(data, traits) for data in problems]
    begun = [float(data.shift[:, 0].min()) for data in problems]  # clocks begin here: float32 has seven digits
    shifts = [data.shift[:, [0, 3]] - origin for data, origin in zip(problems, begun, strict=True)]
    windows = [(data.opens - origin, data.closes - origin) for data, origin in zip(problems, begun, strict=True)]
    ranks = np.concatenate([_ranks(data, traits) for data in problems], axis=1)
    tables = (
        torch.from_numpy(sizes.astype(np.int64)).to(device),
        floats(True, np.array([_scale(data) for data in problems])),
        cost,
        cost if plain else floats(True, *(data.cost_into for data in problems)),
        floats(traits.time and not traits.same, *(data.ride for data in problems)),
        floats(traits.time and not traits.same, *(data.ride.transpose(0, 2, 1) for data in problems)),
        cost if plain else floats(True, *near),
        floats(True, *(pair[0] for pair in pairs)),
        floats(traits.room2, *(pair[1] for pair in pairs)),
        floats(traits.time, *(opens for opens, _ in windows)),
        floats(traits.time, *(closes for _, closes in windows)),
        floats(traits.time, *(data.service for data in problems)),
        flat(True, [ranks], np.int32),
        flat(traits.zones, [data.allowed.T for data in problems], np.int8),
        flat(True, [data.start for data in problems], np.int32),
        flat(True, [data.end for data in problems], np.int32),
        flat(True, [data.view for data in problems], np.int32),
        floats(True, *(data.fixed for data in problems)),
        floats(True, *(pair[2] for pair in pairs)),
        floats(traits.room2, *(pair[3] for pair in pairs)),
        flat(True, [data.available for data in problems], np.int32),
        floats(traits.limit, *(_allowance(data) if traits.limit else data.fixed for data in problems)),
        floats(traits.time, *shifts),
    )
    states = [_state(data, routes, slots, r) for data, routes, r in zip(problems, starts, starting, strict=True)]
    at, following, kind, costs = (np.stack(part) for part in zip(*states, strict=True))
    return Group(
        tuple(members), traits, slots, tables,
        *(torch.from_numpy(part).to(device) for part in (at, following, kind, costs)),
        clients=sum(clients), filled=sum(clients) + sum(len(routes) for routes in starts),
    )  # fmt: skip


def _begins(sizes: Sequence[int]) -> Ints:
    """Where each of some arrays begins when they are laid one after the other."""
    return np.cumsum([0, *sizes[:-1]])


def _loads(data: SearchData, traits: Traits) -> tuple[Floats, Floats, Floats, Floats]:
    """Both loads of the clients [n] and of the kinds [K]."""
    n, loads = data.delivery.shape
    if loads == 0:
        return np.zeros(n), np.zeros(n), np.full(len(data.view), np.inf), np.zeros(0)
    delivery, pickup = data.delivery, data.delivery + data.change
    if traits.last or traits.mixed:
        return delivery[:, 0], pickup[:, 0], data.capacity[:, 0], data.capacity[:, 0]
    return delivery[:, 0], delivery[:, -1], data.capacity[:, 0], data.capacity[:, -1]


def _ranks(data: SearchData, traits: Traits) -> Ints:
    """Places of the clients in four orders [4, n]: most to carry, farthest, nearest, shortest window first."""
    carried = (data.delivery + np.abs(data.change)).sum(axis=1)
    width = data.closes - data.opens if traits.time else carried
    return np.stack([np.argsort(np.argsort(order, kind="stable"), kind="stable")
                     for order in (-carried, -data.remoteness, data.remoteness, width)])  # fmt: skip


def _scale(data: SearchData) -> float:
    """What an arc costs on average between a client and those nearest to it."""
    n = len(data.opens)
    between = data.cost[:, np.arange(n)[:, None], data.neighbours[:, 1 : NEAREST + 1]]
    return float(between.mean()) if n > 1 else 1.0


def _allowance(data: SearchData) -> Floats:
    """The limits of distance of the kinds [K] in the unit of their costs."""
    distances = data.distance.sum(axis=(1, 2))
    rate = np.divide(data.cost.sum(axis=(1, 2)), distances, out=np.ones(len(distances)), where=distances > 0)
    allowance: Floats = data.farthest * rate[data.view]
    return allowance


def _state(
    data: SearchData, routes: Routes, slots: int, starting: int
) -> tuple[Ints, NDArray[np.int16], NDArray[np.int16], np.float32]:
    """Slots [P] of a solution and its cost."""
    n = len(data.opens)
    at, following, kind = np.full(slots, -1, np.int32), np.zeros(slots, np.int16), np.zeros(slots, np.int16)
    at[n : n + starting] = np.arange(starting) << 16
    following[n : n + starting] = data.end[0]
    cost = 0.0
    for index, (of, clients) in enumerate(routes):
        path = [n + index, *clients]
        at[path] = (index << 16) + np.arange(len(path))
        following[path] = [*clients, data.end[of]]
        kind[path] = of
        arcs = data.cost[data.view[of], [data.start[of], *clients], [*clients, data.end[of]]]
        cost += float(arcs.sum() + data.fixed[of])
    return at, following, kind, np.float32(cost)
