"""Start rules: how every rollout begins, whatever the policy would do."""

from __future__ import annotations

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.envs.instances import fleet_size, has, onward

#: A step of a start that is left to the policy.
FREE = -1
#: Tours to learn from begin at one of so many clients.
NEAR = 12
#: Prices that differ by less, relatively, are equal.
ROUNDING = 1e-5


def first_clients(instances: TensorDict, rollouts: int, could: Tensor | None = None) -> Tensor:
    """Starts [B, min(S, n), P] at the first S clients: all of them when S >= n (POMO's rule).

    Clients of generated problems are in random order, so that the first ones are a random sample.
    """
    (batch, nodes, _), fleet = instances["locs"].shape, fleet_size(instances)
    clients = torch.arange(fleet, fleet + min(rollouts, nodes - fleet), device=instances["locs"].device)
    return starting_at(instances, clients.expand(batch, -1), could)


def first_pairs(instances: TensorDict, could: Tensor) -> Tensor:
    """Starts [B, M * n, P] at every client by every vehicle, vehicle by vehicle; where a vehicle cannot serve a client,
    at that client by the vehicle that `first_clients` takes.

    could [B, M, N]: which clients each vehicle can serve (RoutingEnv.could).
    """
    usual, fleet = first_clients(instances, instances["locs"].shape[1], could), fleet_size(instances)
    if fleet == 1:
        return usual
    clients = torch.arange(fleet, instances["locs"].shape[1], device=usual.device)
    free = torch.full_like(clients, FREE)
    pairs = [
        torch.stack([clients, free] if m == 0 else [torch.full_like(clients, m), clients], -1) for m in range(fleet)
    ]
    allowed = could[..., fleet:, None].unbind(dim=1)
    return torch.cat([torch.where(ok, pair, usual) for ok, pair in zip(allowed, pairs, strict=True)], dim=1)


def free_starts(instances: TensorDict, rollouts: int) -> Tensor:
    """Starts [B, S, 1] that are left to the policy, for vehicles that act at the same time."""
    return torch.full((len(instances["locs"]), rollouts, 1), FREE, device=instances["locs"].device)


def sampled_starts(instances: TensorDict, rollouts: int, could: Tensor | None = None) -> Tensor:
    """Starts [B, min(S, n), P] of rollouts to learn from: as `first_clients`, but where one vehicle makes few routes,
    such as a tour, at the clients nearest to the depot, some in turn.

    A tour that begins with a far client is dear whatever follows: what its policy did would hardly count.
    """
    if fleet_size(instances) > 1 or not has(instances, "available"):
        return first_clients(instances, rollouts, could)
    depot = torch.zeros_like(instances["capacity"], dtype=torch.long)
    ways = onward(instances, depot, depot, "distance")[:, 0, 1:]
    near = ways.topk(min(NEAR, ways.shape[1]), dim=1, largest=False).indices + 1
    turn = torch.arange(min(rollouts, ways.shape[1]), device=near.device) % near.shape[1]
    return near[:, turn, None]


def starting_at(instances: TensorDict, clients: Tensor, could: Tensor | None = None) -> Tensor:
    """Starts [B, S, P] at given clients [B, S], each from the vehicle to which the visit is cheapest of all that can.

    That is the way from its depot and what a visit costs. Equally cheap vehicles take turns.

    could [B, M, N]: which clients each vehicle can serve (RoutingEnv.could); None: all can serve everybody.
    P is 1 with one vehicle. With several it is 2: the vehicle's token, then the client; or, for the first vehicle,
    whose turn it is, the client and whatever the policy does next.
    """
    fleet = fleet_size(instances)
    if fleet == 1:
        return clients[..., None]
    token = torch.arange(fleet, device=clients.device).expand(len(clients), -1)
    ways = onward(instances, token, token, "distance")  # [B, M, N]
    ways = ways * instances["unit_cost"][..., None] if has(instances, "unit_cost") else ways
    ways = ways + instances["penalty"] if has(instances, "penalty") else ways
    ways = ways if could is None else ways.masked_fill(~could, torch.inf)
    price = ways.gather(2, clients[:, None].expand(-1, fleet, -1))
    turn = (torch.arange(fleet, device=clients.device)[:, None] - clients[:, None]) % fleet
    cheapest = torch.where(price <= price.amin(dim=1, keepdim=True) * (1 + ROUNDING), turn, fleet).argmin(dim=1)
    first = cheapest == 0
    return torch.stack([torch.where(first, clients, cheapest), torch.where(first, FREE, clients)], dim=-1)
