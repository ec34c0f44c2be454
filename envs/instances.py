"""Batches of problems as tensors: what environments and policies work on.

Instances are a TensorDict of batch size [B]. Node 0 is the depot, nodes 1..n are the clients, N = n + 1. Keys:

locs      [B, N, 2]  coordinates, scaled to the unit square with one factor for both axes
demand    [B, N]     whole numbers in float32 (exact below 2**24), zero at the depot
capacity  [B]        of every vehicle, in the same unit
distance  [B, N, N]  only when distances are not the Euclidean ones of `locs`; in units of `scale`
scale     [B]        length of the unit square's side in the problem's own unit
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tensordict import TensorDict
from torch import Tensor

from nco.places import map_coordinates
from nco.problem import Client, Depot, Floats, Problem, VehicleType

#: Whole numbers are exact in float32 up to here.
EXACT = 2**24


def from_problem(problem: Problem, clients: Sequence[int], device: str | torch.device = "cpu") -> TensorDict:
    """Instances [1] from a problem with one depot and one vehicle type; node k + 1 is client `clients[k]`.

    Coordinates derived from the distances stand in where the problem has none. Demands that are not whole numbers are
    scaled to such, rounded up where that cannot be exact: masks may be stricter than the checker, never looser.
    """
    chosen = np.asarray(clients, dtype=np.intp)
    nodes = np.concatenate([[0], chosen + problem.num_depots])
    xy = map_coordinates(problem)[0][nodes]
    low = xy.min(axis=0)
    scale = float((xy.max(axis=0) - low).max()) or 1.0
    demand, capacity = whole_demands(problem, chosen)
    tensors = {
        "locs": torch.from_numpy((xy - low) / scale).float()[None],
        "demand": torch.from_numpy(np.concatenate([[0.0], demand])).float()[None],
        "capacity": torch.tensor([capacity], dtype=torch.float32),
        "distance": torch.from_numpy(problem.distance(nodes[:, None], nodes[None, :]) / scale).float()[None],
        "scale": torch.tensor([scale], dtype=torch.float32),
    }
    return TensorDict(tensors, batch_size=[1], device=device)


def whole_demands(problem: Problem, clients: NDArray[np.intp]) -> tuple[Floats, float]:
    """Deliveries of some clients and the capacity, in the only load dimension, as whole numbers exact in float32."""
    if not problem.num_load_dimensions:
        return np.zeros(len(clients)), 1.0
    demand, capacity = problem.delivery[clients, 0], problem.vehicle_types[0].capacity[0]
    capacity = min(capacity, float(demand.sum())) or 1.0  # more is never used
    for factor in 10.0 ** np.arange(8):
        scaled = demand * factor
        if np.abs(scaled - scaled.round()).max() < 1e-6 and capacity * factor < EXACT:
            return _fitting(scaled.round(), np.floor(capacity * factor + 1e-6))
    factor = EXACT / 2 / capacity
    return _fitting(np.ceil(demand * factor), np.floor(capacity * factor))


def _fitting(demand: Floats, capacity: float) -> tuple[Floats, float]:
    """A demand that the checker's tolerance lets fit into a vehicle fills it."""
    return np.minimum(demand, capacity), float(capacity)


def to_problems(instances: TensorDict) -> list[Problem]:
    """The problems of a batch of generated instances, with their exact float32 coordinates."""
    batch = instances.cpu()
    return [_to_problem(*row) for row in zip(batch["locs"].double().numpy(), batch["demand"].double().numpy(),
                                             batch["capacity"].tolist(), strict=True)]  # fmt: skip


def _to_problem(locs: Floats, demand: Floats, capacity: float) -> Problem:
    clients = tuple(Client(float(x), float(y), (float(d),)) for (x, y), d in zip(locs[1:], demand[1:], strict=True))
    return Problem((Depot(float(locs[0, 0]), float(locs[0, 1])),), clients, (VehicleType(capacity=(capacity,)),))


def arcs(instances: TensorDict, origin: Tensor, destination: Tensor) -> Tensor:
    """Distances between nodes: origin and destination [B, *L] -> [B, *L], in units of `scale`."""
    shape = origin.shape
    batch = shape[0]
    i, j = origin.reshape(batch, -1), destination.reshape(batch, -1)
    if "distance" in instances.keys():  # noqa: SIM118 (a TensorDict is not a dict)
        matrix = instances["distance"]
        return matrix.flatten(1).gather(1, i * matrix.shape[-1] + j).reshape(shape)
    locs = instances["locs"]
    gap = locs.gather(1, i[..., None].expand(-1, -1, 2)) - locs.gather(1, j[..., None].expand(-1, -1, 2))
    return gap.norm(dim=-1).reshape(shape)


def symmetries(instances: TensorDict) -> TensorDict:
    """The eight rotations and reflections of the square, stacked: [B] -> [8 * B], symmetry-major (POMO, eq. 7).

    Costs do not change; policies that see coordinates give different routes for each.
    """
    copies = []
    for flip in range(8):
        copy = instances.clone(recurse=False)
        x, y = instances["locs"].unbind(-1)
        x, y = (1 - x if flip & 1 else x), (1 - y if flip & 2 else y)
        copy["locs"] = torch.stack((y, x) if flip & 4 else (x, y), dim=-1)
        copies.append(copy)
    return torch.cat(copies)
