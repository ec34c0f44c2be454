"""Active search: a policy that adapts to one problem while it samples.

EAS-Emb of Hottung, Kwon and Tierney (2022, "Efficient active search for combinatorial optimization problems"): of all
that the policy knows only the keys of its pointer change, [C, N, D] numbers for the problem's C copies. A step makes
the better of the samples likelier, and the best rollout so far likelier still.
"""

from __future__ import annotations

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from nco.envs.instances import fleet_size
from nco.envs.routing import RoutingEnv
from nco.policies.base import Policy
from nco.rollout.eager import Trajectory
from nco.rollout.fastest import fastest_rollout
from nco.rollout.rescore import log_probability, memory_budget, rebuild
from nco.rollout.starts import starting_at

#: Step size of Adam in units of a key's root mean square, and weight of the imitation of the best rollout.
RATE, IMITATION = 0.02, 0.1


class Adaptation:
    """The keys of a policy's pointer for the copies [C] of one problem, and the best rollout of each copy so far."""

    def __init__(self, policy: Policy, env: RoutingEnv, copies: TensorDict) -> None:
        self.policy, self.env, self.copies, self.fleet = policy, env, copies, fleet_size(copies)
        with torch.no_grad():
            self.memory = policy.encode(copies)
        self.keys = self.memory.pointer.float().clone().requires_grad_()
        self.optimizer = torch.optim.Adam([self.keys], lr=RATE * float(self.keys.detach().square().mean().sqrt()))
        self.best: Trajectory | None = None  # [C, 1]

    def step(self, clients: Tensor, could: Tensor, generator: Generator) -> Trajectory:
        """Sample rollouts that begin at clients [C, S], learn from them, and return them."""
        memory = self.memory._replace(pointer=self.keys.detach().to(self.memory.pointer.dtype))
        starts = starting_at(self.copies, clients, could.expand(len(clients), -1, -1))
        done = fastest_rollout(self.policy, self.env, self.copies, starts, generator, memory=memory)
        together = done if self.best is None else _joined(done, self.best, self.fleet)
        cheapest = together.cost.argmin(dim=1, keepdim=True)
        path = cheapest[..., None].expand(-1, -1, together.actions.shape[-1])
        self.best = Trajectory(together.actions.gather(1, path), together.cost.gather(1, cheapest))
        self._learn(_joined(done, self.best, self.fleet), starts.shape[-1])
        return done

    def _learn(self, done: Trajectory, begun: int) -> None:
        """One step on samples and, the last of each copy, the rollout to imitate: done [C, S + 1]."""
        advantage = done.cost[:, :-1] - done.cost[:, :-1].mean(dim=1, keepdim=True)
        advantage = advantage / (advantage.std(dim=1, keepdim=True, correction=0) + 1e-9)
        decisions = rebuild(self.env, self.copies, done.actions, begun)
        with torch.enable_grad():
            memory = self.memory._replace(pointer=self.keys.to(self.memory.pointer.dtype))
            log_p, _ = log_probability(
                self.policy, memory, decisions, done.cost.shape[1], memory_budget(done.cost.device)
            )
            loss = (advantage * log_p[:, :-1]).mean(dim=1).sum() - IMITATION * log_p[:, -1].sum()
            (self.keys.grad,) = torch.autograd.grad(loss, [self.keys])
        self.optimizer.step()


def _joined(first: Trajectory, second: Trajectory, fleet: int) -> Trajectory:
    """Rollouts [C, S] and [C, S'] as [C, S + S']; those that end earlier wait at their depots."""
    steps = max(first.actions.shape[-1], second.actions.shape[-1])
    parts = [_lasting(done.actions, steps, fleet) for done in (first, second)]
    return Trajectory(torch.cat(parts, dim=1), torch.cat([first.cost, second.cost], dim=1))


def _lasting(actions: Tensor, steps: int, fleet: int) -> Tensor:
    """Actions [C, S, T] and stays at the depot of the vehicle that came last, up to so many steps."""
    time = torch.arange(1, actions.shape[-1] + 1, device=actions.device)
    latest = ((actions < fleet) * time).argmax(dim=-1, keepdim=True)  # the first step where there is none
    token = torch.where(actions.gather(-1, latest) < fleet, actions.gather(-1, latest), 0)
    return torch.cat([actions, token.expand(-1, -1, steps - actions.shape[-1])], dim=-1)
