"""Many problems as tensors for the kernel: those with the same constraints and about the same size make one group.

Arrays of the problems of a group are laid one after the other, so only slots are padded. See nco.search.kernel.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

from nco.problem import ALWAYS, Floats, Problem
from nco.search.data import Flags, Ints, SearchData
from nco.search.data import unsupported as unsupported_by_all
from nco.search.paid_time import time_in_arcs

#: Routes of clients by kind of vehicle, as nco.search.data.from_solution gives them.
Routes = list[tuple[int, list[int]]]

#: Fewest slots of a solution.
FEWEST = 32
#: Most clients: a solution has as many slots again for the starts of routes.
MOST_CLIENTS = 1024
#: Entries of the matrices of a group: the kernel counts their bytes in 32 bits.
ENTRIES = 2**30
#: Routes that may be opened beyond those of the start; what padding leaves is added.
SPARE = 4
#: Nearest clients whose mean distance is the scale of a problem.
NEAREST = 10


#: The kernel's first arguments: problems. Loads of clients and of kinds among them.
TABLES = ("sizes", "scale", "cost", "into", "ride", "ride_into", "near", "demand", "second", "opens", "closes",
          "service", "absence", "mate", "rank", "allowed", "start", "end", "view", "price", "capacity", "capacity2",
          "available", "farthest", "shift", "rate", "lasts")  # fmt: skip
LOADS = ("demand", "second", "capacity", "capacity2")


class Traits(NamedTuple):
    """Flags of the kernel."""

    room2: bool  # a second load
    mixed: bool  # pickups and deliveries in any order
    last: bool  # pickups after all deliveries
    limit: bool  # limits of distance
    time: bool  # windows, or limits of duration
    lasting: bool  # waiting has a price, or durations have limits
    same: bool  # travel times are costs
    fleet: bool  # several kinds
    fixed: bool  # routes have prices
    zones: bool  # not everybody may visit everybody
    optional: bool  # clients that may be left out
    paired: bool  # shipments


@dataclass(frozen=True)
class Group:
    """Problems [B] with the same traits and slots P, on a device. Arguments of the kernel in its order."""

    members: tuple[int, ...]  # which of all problems they are
    traits: Traits
    slots: int
    tables: tuple[Tensor, ...]
    start: tuple[Tensor, ...]  # at, next and kind [B, P]
    clients: int  # of all problems
    filled: int  # slots of clients and of routes of the start


def unsupported(problem: Problem, whole: bool = True) -> list[str]:
    """Features that the kernel does not handle; the number of clients counts if it is given the whole problem."""
    kinds, loads = problem.vehicle_types, problem.num_load_dimensions
    limits = any(v.max_distance < math.inf for v in kinds)
    paid = any(v.unit_duration_cost > 0 for v in kinds)
    pairs, limited = bool(problem.shipments), any(v.max_duration < math.inf for v in kinds)
    liked = problem.preference_weight > 0 and any(p.preference is not None for p in problem.profiles)
    features = {
        "objective='max'": problem.objective == "max",
        "shipments with prices of waiting or limits of duration": pairs
        and (limited or (paid and _keeps_hours(problem))),
        "shipments along with other loads": pairs and bool(problem.delivery.any() or problem.pickup.any()),
        "shipments of several loads": pairs and loads > 1,
        "more than two loads": loads > 2,
        "pickups of several loads": loads > 1 and bool(problem.pickup.any()),
        "limits of distance with preferences": limits and liked,
        "limits of distance with prices of time": limits and paid,
        "limits of distance without prices": limits and any(v.unit_distance_cost == 0 for v in kinds),
        f"more than {MOST_CLIENTS} clients": whole and problem.num_clients > MOST_CLIENTS,
    }
    return unsupported_by_all(problem) + [feature for feature, present in features.items() if present]


def _keeps_hours(problem: Problem) -> bool:
    """Whether anybody has a window."""
    return bool((problem.tw != ALWAYS).any()) or any(v.tw != ALWAYS for v in problem.vehicle_types)


def pack(problems: Sequence[SearchData], starts: Sequence[Routes], device: str | torch.device) -> list[Group]:
    """Groups of problems that `unsupported` finds nothing wrong with, with routes that serve every required client."""
    groups: dict[tuple[Traits, int, int], list[int]] = defaultdict(list)
    entries: dict[tuple[Traits, int], int] = defaultdict(int)
    known = [time_in_arcs(data) for data in problems]
    for index, (data, routes) in enumerate(zip(known, starts, strict=True)):
        traits, slots = _traits(data), _slots(len(data.opens), len(routes))
        entries[traits, slots] += data.cost.size
        groups[traits, slots, entries[traits, slots] // ENTRIES].append(index)
    return [
        _group(members, traits, slots, [known[m] for m in members], [starts[m] for m in members], device)
        for (traits, slots, _), members in groups.items()
    ]


def unpack(at: Tensor, kind: Tensor) -> list[Routes]:
    """Routes from the slots [B, P] of chains."""
    codes, slots = at.sort(dim=1)
    kinds = kind.gather(1, slots)
    found = []
    for row in zip(codes.tolist(), slots.tolist(), kinds.tolist(), strict=True):
        routes: Routes = []
        for code, slot, of in zip(*row, strict=True):
            if code < 0:
                continue
            if code & 0xFFFF == 0:
                routes.append((of, []))
            else:
                routes[-1][1].append(slot)
        found.append([route for route in routes if route[1]])
    return found


def _traits(data: SearchData) -> Traits:
    flags, loads = Flags(*data.flags.tolist()), data.delivery.shape[1]
    picks = bool(data.picks.any())
    limited = bool(np.isfinite(data.longest).any())
    time = limited or bool(data.opens.any() or np.isfinite(data.closes).any() or (data.shift != 2 * ALWAYS).any())
    lasting = time and (limited or bool(data.rate.any()))
    same = time and not lasting and np.array_equal(data.ride, data.cost)
    return Traits(
        picks or loads > 1, picks and not flags.sorted, flags.sorted, flags.far, time, lasting, same,
        len(data.sight) > 1, bool(data.fixed.any()), not data.allowed.all(), flags.optional,
        flags.paired,
    )  # fmt: skip


def _slots(clients: int, routes: int) -> int:
    return int(max(FEWEST, 1 << (clients + routes + SPARE - 1).bit_length()))


def _group(
    members: list[int], traits: Traits, slots: int, problems: list[SearchData], starts: list[Routes],
    device: str | torch.device,
) -> Group:  # fmt: skip
    clients = np.array([len(data.opens) for data in problems])
    kinds = np.array([len(data.sight) for data in problems])
    points = np.array([data.cost.shape[1] for data in problems])
    most = np.array([data.available[0] for data in problems])
    starting = np.where(kinds > 1, slots - clients, np.minimum(slots - clients, most))
    plain = all(len(data.cost) == 1 and data.cost_into is data.cost for data in problems)
    near = [data.cost[0] if plain else data.cost.mean(axis=0) + data.cost.mean(axis=0).T for data in problems]
    matrices = _begins([data.cost.size for data in problems])

    def joined(parts: Iterable[NDArray[Any]], dtype: DTypeLike = np.float32) -> NDArray[Any]:
        return np.concatenate([part.ravel() for part in parts], dtype=dtype, casting="unsafe")

    cost = joined(data.cost for data in problems)
    sizes = [clients, starting, points, kinds, matrices, _begins(clients), _begins(kinds),
             _begins([matrix.size for matrix in near]), _begins([data.allowed.size for data in problems])]  # fmt: skip
    tables: dict[str, NDArray[Any]] = {
        "sizes": np.stack(sizes, axis=1).astype(np.int64),
        "scale": _scales(problems, cost, matrices, points),
        "cost": cost,
        "rank": _ranks(problems, traits, clients),
        "view": joined((data.sight for data in problems), np.int32),
        **{key: joined((getattr(data, key) for data in problems), np.int32) for key in ("start", "end", "available")},
        "price": joined(data.fixed for data in problems),
    }  # fmt: skip
    if not plain:
        tables |= {"into": joined(data.cost_into for data in problems), "near": joined(near)}
    loads = [_loads(data, traits) for data in problems]
    tables |= {key: joined(part) for key, part in zip(LOADS, zip(*loads, strict=True), strict=True)}
    if traits.time:
        # clocks begin with the first shift: single precision has seven digits
        begun = [data.shift[:, 0].min() for data in problems]
        tables |= {"opens": joined(data.opens - since for data, since in zip(problems, begun, strict=True)),
                   "closes": joined(data.closes - since for data, since in zip(problems, begun, strict=True)),
                   "shift": joined(data.shift - since for data, since in zip(problems, begun, strict=True)),
                   "service": joined(data.service for data in problems)}  # fmt: skip
    if traits.lasting:
        tables |= {"rate": joined(data.rate for data in problems), "lasts": joined(data.longest for data in problems)}
    if traits.time and not traits.same:
        tables |= {"ride": joined(data.ride for data in problems),
                   "ride_into": joined(data.ride.transpose(0, 2, 1) for data in problems)}  # fmt: skip
    if traits.optional:
        tables["absence"] = joined(_absence(data) for data in problems)
    if traits.paired:
        mates = (np.where(data.is_pickup | (data.partner < 0), data.partner, -2 - data.partner) for data in problems)
        tables["mate"] = joined(mates, np.int32)
    if traits.zones:
        tables["allowed"] = joined((data.allowed.T for data in problems), np.int8)
    if traits.limit:
        tables["farthest"] = joined(_allowance(data) for data in problems)
    held = {key: torch.from_numpy(table).to(device) for key, table in tables.items()}
    aliases = {"into": "cost", "near": "cost"} if plain else {}
    unused = held["scale"]
    state = (torch.from_numpy(part).to(device) for part in _states(problems, starts, slots, clients, starting))
    total = int(clients.sum())
    return Group(
        tuple(members), traits, slots, tuple(held.get(aliases.get(key, key), unused) for key in TABLES),
        tuple(state), total, total + sum(len(routes) for routes in starts),
    )  # fmt: skip


def _begins(sizes: Sequence[int] | Ints) -> NDArray[np.int64]:
    """Where each of some arrays begins when they are laid one after the other."""
    return np.cumsum([0, *sizes], dtype=np.int64)[:-1]


def _loads(data: SearchData, traits: Traits) -> tuple[Floats, Floats, Floats, Floats]:
    """Both loads of the clients [n] and of the kinds [K]."""
    n, loads = data.delivery.shape
    if loads == 0:
        return np.zeros(n), np.zeros(n), np.full(len(data.sight), np.inf), np.zeros(len(data.sight))
    if traits.paired:
        return data.change[:, 0], np.zeros(n), data.capacity[:, 0], data.capacity[:, 0]
    if traits.last or traits.mixed:
        return data.delivery[:, 0], data.delivery[:, 0] + data.change[:, 0], data.capacity[:, 0], data.capacity[:, 0]
    return data.delivery[:, 0], data.delivery[:, -1], data.capacity[:, 0], data.capacity[:, -1]


def _absence(data: SearchData) -> Floats:
    """Prices of leaving clients out [n]; that of a shipment is its pickup's."""
    both = data.absence + np.where(data.partner >= 0, data.absence[data.partner], 0.0)
    return np.where((data.partner < 0) | data.is_pickup, both, 0.0)


def _ranks(problems: list[SearchData], traits: Traits, clients: Ints) -> Ints:
    """Places of the clients [orders, sum n] within their problem in some orders.

    Most to carry, farthest, nearest; with windows also shortest, first, last window first.
    """
    owner, begins = np.repeat(np.arange(len(problems)), clients), _begins(clients)
    carried = np.concatenate([(data.delivery + np.abs(data.change)).sum(axis=1) for data in problems])
    away = np.concatenate([data.remoteness for data in problems])
    keys = [-carried, -away, away]
    if traits.time:
        opens = np.concatenate([data.opens for data in problems])
        closes = np.concatenate([data.closes for data in problems])
        keys += [closes - opens, opens, -closes]
    ranks = np.empty((len(keys), len(owner)), np.int32)
    for rank, key in zip(ranks, keys, strict=True):
        order = np.lexsort((key, owner))
        rank[order] = np.arange(len(owner)) - begins[owner]
    return ranks


def _scales(
    problems: list[SearchData], cost: NDArray[np.float32], matrices: NDArray[np.int64], points: Ints
) -> NDArray[np.float32]:
    """What an arc costs on average [B] between a client and those nearest to it, for the first kind of vehicle."""
    near = [data.neighbours[:, 1 : NEAREST + 1] for data in problems]
    where = [begin + np.arange(len(rows))[:, None] * width + rows
             for begin, width, rows in zip(matrices, points, near, strict=True)]  # fmt: skip
    counts = np.array([rows.size for rows in near])
    entries = np.concatenate([cost[np.concatenate([rows.ravel() for rows in where]).astype(np.int64)], np.ones(1)])
    sums = np.add.reduceat(entries, _begins(counts))
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1.0).astype(np.float32)


def _allowance(data: SearchData) -> Floats:
    """The limits of distance of the kinds [K] in the unit of their costs."""
    distances = data.distance.sum(axis=(1, 2))
    rate = np.divide(data.cost.sum(axis=(1, 2)), distances, out=np.ones(len(distances)), where=distances > 0)
    allowance: Floats = data.farthest * rate[data.sight]
    return allowance


def _states(
    problems: list[SearchData], starts: list[Routes], slots: int, clients: Ints, starting: Ints
) -> tuple[Ints, NDArray[np.int16], NDArray[np.int16]]:
    """Slots [B, P] of the solutions: at, next and kind."""
    shape, column = (len(problems), slots), np.arange(slots)
    empty = (column >= clients[:, None]) & (column < (clients + starting)[:, None])
    at = np.where(empty, (column - clients[:, None]) << 16, -1).astype(np.int32)
    following = np.where(empty, np.array([data.end[0] for data in problems])[:, None], 0).astype(np.int16)
    kind = np.zeros(shape, np.int16)
    path: list[int] = []
    after: list[int] = []
    lengths, driven, numbers = [], [], []
    for data, routes, n in zip(problems, starts, clients.tolist(), strict=True):
        ends = data.end.tolist()
        for number, (of, visits) in enumerate(routes):
            path += (n + number, *visits)
            after += (*visits, ends[of])
            lengths.append(len(visits) + 1)
            driven.append(of)
            numbers.append(number)
    rows = np.repeat(np.repeat(np.arange(len(problems)), [len(routes) for routes in starts]), lengths)
    position = np.arange(len(path)) - np.repeat(_begins(lengths), lengths)
    at[rows, path] = (np.repeat(np.array(numbers, np.int64), lengths) << 16) + position
    following[rows, path] = after
    kind[rows, path] = np.repeat(driven, lengths)
    return at, following, kind
