"""What the tests of environments share: episodes under simple policies, and the checker's routes of an episode."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from tensordict import TensorDict
from torch import Tensor

from nco.envs.instances import fleet_size, onward, to_routes
from nco.envs.routing import RoutingEnv, State
from nco.solution import Route


class Episode(NamedTuple):
    """Everything that happened: per step the state, the mask and the action; actions once more as [B, S, T]."""

    instances: TensorDict
    states: list[State]
    masks: list[Tensor]
    actions: Tensor

    def routes(self, problem: int, rollout: int) -> list[Route]:
        return to_routes(self.instances, self.actions[problem, rollout].tolist(), problem)


Choose = Callable[[TensorDict, State, Tensor], Tensor]


@pytest.fixture(scope="session")
def play() -> Callable[..., Episode]:
    """Play S rollouts of each problem to the end of the bound on steps, however early they are done."""

    def run(env: RoutingEnv, instances: TensorDict, rollouts: int, choose: Choose) -> Episode:
        state, states, masks, actions = env.reset(instances, rollouts), [], [], []
        for _ in range(env.max_steps(instances)):
            mask = env.action_mask(instances, state)
            action = choose(instances, state, mask)
            states.append(state)
            masks.append(mask)
            actions.append(action)
            state = env.step(instances, state, action)
        states.append(state)
        return Episode(instances, states, masks, torch.stack(actions, dim=-1))

    return run


@pytest.fixture(scope="session")
def at_random() -> Callable[[int], Choose]:
    """A policy that chooses uniformly among the allowed nodes."""

    def seeded(seed: int) -> Choose:
        generator = torch.Generator().manual_seed(seed)

        def choose(instances: TensorDict, state: State, mask: Tensor) -> Tensor:
            return (torch.rand(mask.shape, generator=generator) + 1e-3).mul(mask).argmax(dim=-1)

        return choose

    return seeded


@pytest.fixture(scope="session")
def nearest() -> Choose:
    """A policy that goes to the nearest allowed client, and to the first allowed token when there is none."""

    def choose(instances: TensorDict, state: State, mask: Tensor) -> Tensor:
        distance = onward(instances, state.current, state.vehicles.active, "distance").clone()
        distance[..., : fleet_size(instances)] = 1e9
        return distance.masked_fill(~mask, torch.inf).argmin(dim=-1)

    return choose
