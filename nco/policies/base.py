"""What a policy is: an encoder run once per problem and a decoder that is Markov in the state.

B problems, S rollouts, Q queries (decisions: S for one step, S * T for whole trajectories), N nodes, D width.
Because a decision depends on the state alone, the same `point` serves the rollout, one step at a time, and the
learner, all steps at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from tensordict import TensorDict
from torch import Tensor, nn

from nco.nn.pointer import Pointing, pointer_logits


class Memory(NamedTuple):
    """What the decoder keeps of a problem."""

    query: Tensor  # [B, N, D] contribution of each node to the query when the vehicle is there
    key: Tensor  # [B, heads, N, d] of the glimpse
    value: Tensor  # [B, heads, N, d] of the glimpse
    pointer: Tensor  # [B, N, D] keys of the pointer
    distance: Tensor  # [B, N, N] between nodes


class Policy(nn.Module, ABC):
    """Maps states to distributions over nodes."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def config(self) -> Mapping[str, Any]:
        """Plain data from which the registry can make this policy again; "features" is F of `point`."""

    @abstractmethod
    def encode(self, instances: TensorDict) -> Memory:
        """Look at each problem once."""

    @abstractmethod
    def point(self, memory: Memory, current: Tensor, features: Tensor, mask: Tensor) -> Pointing:
        """Compare Q states with all nodes.

        current [B, Q] node of the vehicle, features [B, Q, F] of the constraints' state, mask [B, Q, N].
        """

    def logits(self, memory: Memory, current: Tensor, features: Tensor, mask: Tensor) -> Tensor:
        """Logits [B, Q, N] in float32, minus infinity where the mask forbids; arguments as for `point`."""
        return pointer_logits(self.point(memory, current, features, mask))
