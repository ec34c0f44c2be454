"""RL4CO's PDP: one tour; what client i of the first half gives goes to client i + n / 2."""

from __future__ import annotations

from typing import ClassVar

import torch
from tensordict import TensorDict
from torch import Tensor

from ..constraints.base import Constraint
from ..generators.shipments import pairs
from ..routing import State
from .words import Words, require


class Pdp(Words):
    """RL4CO's PDP: locs [B, n, 2] and depot [B, 2]."""

    name: ClassVar[str] = "pdp"

    def problems(self, instances: TensorDict) -> dict[str, Tensor]:
        return {"locs": instances["locs"][:, 1:], "depot": instances["locs"][:, 0]}

    def instances(self, problems: TensorDict) -> TensorDict:
        require(problems, ("locs", "depot"))
        locs = problems["locs"]
        if locs.shape[1] % 2 == 0:  # not yet reset: the depot is apart
            locs = torch.cat([problems["depot"][:, None], locs], dim=1)
        batch, nodes, _ = locs.shape
        one = locs.new_ones(batch, 1)
        tensors = {"locs": locs, "demand": locs.new_zeros(batch, nodes), "capacity": one, "available": one}
        tensors |= {"scale": one[:, 0], "picked_up_at": pairs(nodes - 1, locs.device).expand(batch, -1)}
        return TensorDict(tensors, batch_size=problems.batch_size, device=locs.device)

    def reset(self, instances: TensorDict) -> dict[str, Tensor]:
        return {"locs": instances["locs"]}

    def state(self, constraints: tuple[Constraint, ...], instances: TensorDict, state: State) -> dict[str, Tensor]:
        return {}


def paired(instances: TensorDict) -> bool:
    """Whether clients are paired as in RL4CO's PDP."""
    given: Tensor = instances["picked_up_at"]
    clients = given.shape[1] - 1
    return clients % 2 == 0 and bool((given == pairs(clients, given.device)).all())
