"""Our own keys, for presets that say more than any of RL4CO's problems; `embeddings` reads them."""

from __future__ import annotations

from typing import ClassVar

from tensordict import TensorDict
from torch import Tensor

from ..constraints.base import Constraint
from ..routing import State
from .words import Words, require


class Own(Words):
    """Instances as they are."""

    name: ClassVar[str] = "nco"

    def __init__(self, example: TensorDict) -> None:
        self.keys = sorted(example.keys())

    def problems(self, instances: TensorDict) -> dict[str, Tensor]:
        return {key: instances[key] for key in self.keys}

    def instances(self, problems: TensorDict) -> TensorDict:
        require(problems, self.keys)
        return problems.select(*self.keys)

    def state(self, constraints: tuple[Constraint, ...], instances: TensorDict, state: State) -> dict[str, Tensor]:
        return {}
