"""Precedence with time windows: goods come aboard only if all that is aboard can still be delivered in time.

Whether an order exists in which everything aboard can be delivered is a travelling salesman's question. Here every
vehicle keeps an answer: a plan, the order of deliveries with which it gets home in time whatever else it does not do.
A move is allowed if the plan survives it: a delivery may be brought forward, and for a pickup there must be a place in
the plan for its delivery. So there are no dead ends; but a route that needs another order of the rest of the plan is
not found by every path, and not more than `most` shipments are aboard at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import torch
from tensordict import TensorDict
from torch import Tensor

from ..instances import fleet_size, has, of_vehicle
from .base import Constraint, Move, View, at, per_node, shaved, travel_time


@final
@dataclass(frozen=True)
class TimedPrecedence(Constraint):
    """State [B, *L, 1 + K]: when the vehicle is ready to leave, then the plan: deliveries in order, 0 after the last.

    To be used beside TimeWindows, which knows each client's own window. In problems with pairs no RouteLimit may bind,
    and both ends must be open to the same vehicles.
    """

    most: int = 6  # K: the work of the mask grows with it

    rule: ClassVar[str] = "shipments"
    num_features: ClassVar[int] = 1
    lasting: ClassVar[bool] = True

    def fresh(self, instances: TensorDict, vehicle: Tensor) -> Tensor:
        opens = at(instances["opens"], vehicle)
        return torch.cat([opens[..., None], opens.new_zeros(*vehicle.shape, self.most)], dim=-1)

    def step(self, instances: TensorDict, state: Tensor, move: Move) -> Tensor:
        arrival = state[..., 0] + travel_time(instances, move)
        ready = torch.maximum(arrival, at(instances["opens"], move.node)) + at(instances["service"], move.node)
        plan, number = state[..., 1:], torch.arange(self.most, device=state.device)
        following = torch.nn.functional.pad(plan[..., 1:], (0, 1))
        plan = torch.where((plan == move.node[..., None]).cumsum(dim=-1) > 0, following, plan)  # what is delivered
        target, node = _targets(instances), move.node[..., None]
        place = _Plan.of(instances, plan, move.vehicle).insertion(node, at(target, node), ready[..., None])[1]
        preceding = torch.nn.functional.pad(plan[..., :-1], (1, 0))
        goal = at(target, node)
        longer = torch.where(number < place, plan, torch.where(number == place, goal.to(plan.dtype), preceding))
        return torch.cat([ready[..., None], torch.where(goal > 0, longer, plan)], dim=-1)

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        opens, service, origin = (
            per_node(instances[key], view.current) for key in ("opens", "service", "picked_up_at")
        )
        ready = torch.maximum(state[..., :1] + view.onward_time, opens) + service
        target = per_node(_targets(instances), view.current)
        node = torch.arange(target.shape[-1], device=state.device).expand_as(ready)
        plan = _Plan.of(instances, state[..., 1:], view.vehicle)
        fits = plan.insertion(node, target.expand_as(ready), ready)[0]
        survives = torch.where(target > 0, fits, plan.unchanged(node, ready)) >= 0
        aboard = torch.zeros_like(survives).scatter(-1, plan.node, plan.forward(ready))
        return torch.where(origin > 0, aboard, survives)

    def features(self, instances: TensorDict, state: Tensor, vehicle: Tensor) -> Tensor:
        return (state[..., 1:] > 0).float().mean(dim=-1, keepdim=True)

    def may_end(self, instances: TensorDict, state: Tensor) -> Tensor:
        return state[..., 1] == 0


class _Plan(NamedTuple):
    """Deliveries in order, K of them, then home; where there are fewer, the vehicle waits at home."""

    instances: TensorDict
    vehicle: Tensor  # [B, *L]
    node: Tensor  # [B, *L, K]
    opens: Tensor  # [B, *L, K]
    closes: Tensor  # [B, *L, K]
    service: Tensor  # [B, *L, K]
    leg: Tensor  # [B, *L, K] to the next, or home
    latest: list[Tensor]  # K + 1 times [B, *L] to arrive at each, and at home, with which all the rest is in time

    @classmethod
    def of(cls, instances: TensorDict, plan: Tensor, vehicle: Tensor) -> _Plan:
        """From nodes [B, *L, K], 0 where there is none. Stricter than TimeWindows: sums go the other way round."""
        node = torch.where(plan > 0, plan.long(), vehicle[..., None])
        opens, closes, service = (at(instances[key], node) for key in ("opens", "closes", "service"))
        closes = shaved(shaved(closes))
        leg = _way(instances, node, torch.cat([node[..., 1:], vehicle[..., None]], dim=-1), vehicle)
        latest = [shaved(shaved(at(instances["closes"], vehicle)))]
        for k in reversed(range(plan.shape[-1])):
            latest.append(torch.minimum(closes[..., k], latest[-1] - leg[..., k] - service[..., k]))
        return cls(instances, vehicle, node, opens, closes, service, leg, latest[::-1])

    def unchanged(self, origin: Tensor, ready: Tensor) -> Tensor:
        """Time to spare [B, *L, C] when the vehicle leaves nodes [B, *L, C] when it is ready, and follows the plan."""
        first = self.node[..., :1].expand_as(origin)
        return self.latest[0][..., None] - ready - _way(self.instances, origin, first, self.vehicle)

    def insertion(self, origin: Tensor, client: Tensor, ready: Tensor) -> tuple[Tensor, Tensor]:
        """Most time to spare [B, *L, C] when the vehicle leaves nodes when it is ready, and visits another client
        somewhere on the plan; and that place. All [B, *L, C].
        """
        opens, closes, service = (at(self.instances[key], client) for key in ("opens", "closes", "service"))
        closes, vehicle = shaved(shaved(closes)), self.vehicle
        best, place = torch.full_like(ready, -torch.inf), torch.zeros_like(client)
        spare, possible = torch.full_like(ready, torch.inf), (self.node[..., -1] == vehicle)[..., None]
        for k in range(len(self.latest) - 1):
            here = self.node[..., k, None].expand_as(client)
            if k == 0:
                arrival = ready + _way(self.instances, origin, client, vehicle)
            else:
                arrival = ready + View(self.instances, self.node[..., k - 1], vehicle, ()).onward_time.gather(
                    -1, client
                )
            after = torch.maximum(arrival, opens) + service + _way(self.instances, client, here, vehicle)
            room = torch.minimum(torch.minimum(closes - arrival, self.latest[k][..., None] - after), spare)
            room = room.masked_fill(~possible, -torch.inf)
            place = torch.where(room > best, k, place)
            best = torch.maximum(best, room)
            leg = _way(self.instances, origin, here, vehicle) if k == 0 else self.leg[..., k - 1, None]
            spare = torch.minimum(spare, self.closes[..., k, None] - ready - leg)
            ready = torch.maximum(ready + leg, self.opens[..., k, None]) + self.service[..., k, None]
            possible = possible & (here != vehicle[..., None])
        return best, place

    def forward(self, ready: Tensor) -> Tensor:
        """Whether each delivery [B, *L, K] may be the next one, given when it would be done [B, *L, N]."""
        ready = ready.gather(-1, self.node)
        after = torch.cat([self.leg[..., :1], self._past()], dim=-1)
        allowed = [self.node[..., 0] != self.vehicle]  # the plan itself
        spare = torch.full_like(ready, torch.inf)
        leg = _way(self.instances, self.node, self.node[..., :1].expand_as(self.node), self.vehicle)
        for k in range(1, self.node.shape[-1]):  # of those after the first k, each after these k
            last = k - 1
            if k > 1:
                leg = self.leg[..., k - 2, None]
            spare = torch.minimum(spare, self.closes[..., last, None] - ready - leg)
            ready = torch.maximum(ready + leg, self.opens[..., last, None]) + self.service[..., last, None]
            on_time = torch.minimum(spare[..., k], self.latest[k + 1] - ready[..., k] - after[..., k]) >= 0
            allowed.append(on_time & (self.node[..., k] != self.vehicle))
        return torch.stack(allowed, dim=-1)

    def _past(self) -> Tensor:
        """Ways [B, *L, K - 1] from each but the last past the next, which has been visited, to the one after it."""
        ends = torch.cat([self.node[..., 2:], self.vehicle[..., None]], dim=-1)
        return _way(self.instances, self.node[..., :-1], ends, self.vehicle)


def _targets(instances: TensorDict) -> Tensor:
    """Where what is picked up at each node [B, N] goes; 0 for none."""
    origin: Tensor = instances["picked_up_at"]
    node = torch.arange(origin.shape[1], device=origin.device).expand_as(origin)
    target = torch.zeros_like(origin).scatter(1, origin, node)
    return target * (target > 0) * (node >= fleet_size(instances))


def _way(instances: TensorDict, origin: Tensor, destination: Tensor, vehicle: Tensor) -> Tensor:
    """Travel times [B, *L, C] between nodes [B, *L, C]; none home on an open route."""
    vehicle = vehicle[..., None].expand_as(origin)
    time = travel_time(instances, Move(origin, destination, vehicle, destination == vehicle))
    if has(instances, "open"):
        return time.masked_fill((destination == vehicle) & of_vehicle(instances["open"], vehicle), 0.0)
    return time
