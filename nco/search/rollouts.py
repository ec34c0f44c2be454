"""Rollouts of generated problems, improved by ruin & recreate on the device they are on: what policies learn from.

A rollout's actions become a chain's start, and the best that the chain has found actions again.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tensordict import TensorDict
from torch import Tensor

from nco.envs.instances import fleet_size, has
from nco.envs.routing import RoutingEnv, who_drives
from nco.search.gpu import Chains
from nco.search.packing import SPARE, TABLES, Group
from nco.search.tables import tables

#: First and last temperature in units of an arc between neighbours: rollouts are no bad start.
HEAT = (0.1, 0.01)
#: Fewest slots of a solution: few sizes, so that few kernels are compiled.
FEWEST = 128


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
    clients, points = nodes - fleet, nodes + 1
    token = actions < fleet
    begins = ~token & F.pad(token[..., :-1], (1, 0), value=True)
    routes = int(begins.sum(dim=-1).max())
    slots = max(FEWEST, 1 << (clients + routes + SPARE - 1).bit_length())
    traits, known = tables(env, instances)
    starting = torch.full_like(known["available"][:, 0], slots - clients)
    starting = starting if fleet > 1 else torch.minimum(starting, known["available"][:, 0])
    views, row = known["cost"].shape[1], torch.arange(batch, device=device)
    counts = (torch.full_like(row, clients), starting.long(), torch.full_like(row, points), torch.full_like(row, fleet))
    steps = (views * points**2, clients, fleet, points**2, clients * fleet)  # from one problem to the next
    known["sizes"] = torch.stack([*counts, *(row * step for step in steps)], dim=1)
    start = _slots(actions, begins, known["end"], starting, slots, clients)
    unused = known["scale"]
    arguments = tuple(known.get(key, unused).contiguous() for key in TABLES)
    return Group(tuple(range(batch)), traits, slots, arguments, start, batch * clients, batch * (clients + routes))


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
