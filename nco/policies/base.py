"""What a policy is: an encoder run once per problem and a decoder that is Markov in the state.

B problems, S rollouts, Q queries (decisions: S for one step, S * T for trajectories), N nodes, M vehicles, D width.
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
    key: Tensor  # [B, N, D] of the glimpse
    value: Tensor  # [B, N, D] of the glimpse
    pointer: Tensor  # [B, N, D] keys of the pointer
    distance: Tensor  # [B, N, N] between nodes
    unit: Tensor  # [B] the same in units of the coordinates is distance * unit
    vehicle: Tensor | None = None  # [B, M, D] contribution of the vehicle to the query
    opens: Tensor | None = None  # [B, N] when nodes open; None where nobody ever waits
    price: Tensor | None = None  # [B, M] of the vehicle's way, relative; None where all vehicles pay the same
    look: Tensor | None = None  # [B, H, M, N] how much each vehicle looks at nodes, by head of the glimpse
    liking: Tensor | None = None  # [B, M, N] how much each vehicle wants nodes
    promise: Tensor | None = None  # [B, M, N] how much a client that is left is worth to each vehicle; positive
    duration: Tensor | None = None  # [B, N, N] travel times at speed 1; None where the distances stand for them
    pace: Tensor | None = None  # [B] the same in units of the coordinates is duration * pace; None: as the distances

    def detach(self) -> Memory:
        """The same without gradients."""
        return Memory._make(None if tensor is None else tensor.detach() for tensor in self)


class Query(NamedTuple):
    """States in which decisions are made, as a policy sees them."""

    current: Tensor  # [B, Q] node of the vehicle
    active: Tensor  # [B, Q] its token
    ready: Tensor  # [B, Q] when it can leave, in units of distance; zero where time does not matter
    features: Tensor  # [B, Q, F] of the constraints' state
    mask: Tensor  # [B, Q, N] allowed nodes: bool, or packed into words of int32 [B, Q, W] (nco.nn.bits)
    left: Tensor | None = None  # [B, Q, N] nodes that are not visited yet, as the mask; None: nobody asks


class Policy(nn.Module, ABC):
    """Maps states to distributions over nodes."""

    name: ClassVar[str]
    sees: ClassVar[frozenset[str]]  # keys of instances, beyond those that all have, that it takes into account
    keeps: ClassVar[int] = 12  # vectors of width D that scoring a decision keeps for the backward pass, at most

    @property
    @abstractmethod
    def config(self) -> Mapping[str, Any]:
        """Plain data from which the registry can make this policy again; "features" is F of a query."""

    @abstractmethod
    def encode(self, instances: TensorDict) -> Memory:
        """Look at each problem once."""

    @abstractmethod
    def point(self, memory: Memory, query: Query) -> Pointing:
        """Compare Q states with all nodes."""

    def logits(self, memory: Memory, query: Query) -> Tensor:
        """Logits [B, Q, N] in float32, minus infinity where the mask forbids."""
        return pointer_logits(self.point(memory, query))
