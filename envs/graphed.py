"""Rollouts for loops of one's own at the speed of a GPU: a step, the next mask and what is done in one launch."""

from __future__ import annotations

import torch
from tensordict import TensorDict
from torch import Tensor
from torch.utils._pytree import tree_map

from nco.errors import ConfigError, Fault

from .recorded import overwrite, recorded
from .routing import RoutingEnv


class GraphedEnv:
    """S rollouts of each of B problems in fixed tensors; B, S and the attributes of the problems stay the same.

        env = GraphedEnv(preset.env, instances, rollouts)
        mask = env.reset()
        while not env.done.all():
            mask = env.step(choose(mask))

    On a GPU a step is one CUDA graph, recorded here; elsewhere it is RoutingEnv's in the same tensors. Every step and
    reset overwrites `state`, `mask` and `done`: clone what you keep.

    instances: the problems at hand; state, mask [B, S, N], done [B, S]: as RoutingEnv gives them.
    """

    def __init__(self, env: RoutingEnv, instances: TensorDict, rollouts: int) -> None:
        self.env = env
        self.instances = instances.clone()
        self.state = tree_map(torch.clone, env.reset(self.instances, rollouts))  # eager states share tensors
        self.mask, self.done = env.action_mask(self.instances, self.state), env.done(self.state)
        self._action = torch.zeros_like(self.state.current)
        self._advance = recorded(self._eagerly, self._action.device)
        self.reset()

    def reset(self, instances: TensorDict | None = None) -> Tensor:
        """Begin again, with other problems where given; the first mask. Raises ConfigError for other shapes."""
        if instances is not None:
            _require_alike(instances, self.instances)
            self.instances.update_(instances)
        overwrite(self.state, self.env.reset(self.instances, self._action.shape[1]))
        self._look()
        return self.mask

    def step(self, action: Tensor) -> Tensor:
        """Go to node `action` [B, S]; the next mask."""
        self._action.copy_(action)
        self._advance()
        return self.mask

    def _eagerly(self) -> None:
        overwrite(self.state, self.env.step(self.instances, self.state, self._action))
        self._look()

    def _look(self) -> None:
        self.mask.copy_(self.env.action_mask(self.instances, self.state))
        self.done.copy_(self.env.done(self.state))


def _require_alike(instances: TensorDict, known: TensorDict) -> None:
    """Raise ConfigError unless both have the same attributes in the same shapes."""
    shapes, expected = ({key: tuple(t.shape) for key, t in batch.items()} for batch in (instances, known))
    different = sorted(key for key in shapes.keys() | expected.keys() if shapes.get(key) != expected.get(key))
    if different:
        what = f"{', '.join(different)} differ from those of the problems that this GraphedEnv was made for"
        raise ConfigError(Fault("C503", "instances", what, "Make another GraphedEnv for them"))
