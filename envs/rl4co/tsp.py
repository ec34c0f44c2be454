"""RL4CO's TSP and ATSP: round tours of all places, beginning anywhere."""

from __future__ import annotations

from typing import ClassVar

from tensordict import TensorDict
from torch import Tensor

from ..constraints.base import Constraint
from ..routing import RoutingEnv
from .tour import Tour, TourState, from_token
from .words import Words, require


class Tsp(Words):
    """RL4CO's TSP: locs [B, N, 2]."""

    name: ClassVar[str] = "tsp"
    key: ClassVar[str] = "locs"  # RL4CO's name for the only thing that counts
    ours: ClassVar[str] = "locs"

    def problems(self, instances: TensorDict) -> dict[str, Tensor]:
        return {self.key: instances[self.ours]}

    def instances(self, problems: TensorDict) -> TensorDict:
        require(problems, [self.key])
        given = problems[self.key]
        batch, nodes = given.shape[:2]
        one = given.new_ones(batch, 1)
        tensors = {"locs": given.new_zeros(batch, nodes, 2), "demand": given.new_zeros(batch, nodes)}
        tensors |= {"capacity": one, "available": one, "scale": one[:, 0], self.ours: given}
        return TensorDict(tensors, batch_size=problems.batch_size, device=given.device)

    def state(self, constraints: tuple[Constraint, ...], instances: TensorDict, state: TourState) -> dict[str, Tensor]:
        vehicles = state.vehicles
        return {
            "first_node": vehicles.active[:, 0],
            "current_node": vehicles.current[:, 0],
            "i": state.visited.sum(dim=-1),
        }

    def process(self, env: RoutingEnv) -> Tour:
        return Tour(env)

    def path(self, actions: Tensor) -> Tensor:
        return from_token(actions)


class Atsp(Tsp):
    """RL4CO's ATSP: cost_matrix [B, N, N]."""

    name: ClassVar[str] = "atsp"
    key: ClassVar[str] = "cost_matrix"
    ours: ClassVar[str] = "distance"
