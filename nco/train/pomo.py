"""The peer: POMO as RL4CO 0.7 trains it (Kwon et al. 2020), with its own environment, network and defaults."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import torch

from nco.train.ceilings import seconds
from nco.train.phases import mixed_precision


def is_there() -> bool:
    """Whether RL4CO is installed."""
    return find_spec("rl4co") is not None


class Pomo:
    """RL4CO's POMO on CVRP, one rollout from every client. Its problems are drawn beforehand: it is given that time."""

    def __init__(self, clients: int, device: torch.device) -> None:
        from rl4co.envs import CVRPEnv
        from rl4co.models import POMO

        with torch.random.fork_rng(), warnings.catch_warnings():  # RL4CO's environments seed the global generator
            warnings.simplefilter("ignore")
            self.env = CVRPEnv(generator_params={"num_loc": clients}, check_solution=False, device=device)
            self.policy = POMO(self.env).policy.to(device)
        self.clients, self.device = clients, device
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=1e-4)

    def step_seconds(self, batch: int, repeats: int) -> float:
        """Time of a training step; on a GPU the better of TensorFloat-32 and bfloat16."""
        problems = self._problems(batch)

        def step() -> None:
            out = self._play(problems, "train", "multistart_sampling")
            reward, log_p = (out[key].view(self.clients, batch) for key in ("reward", "log_likelihood"))
            (-(reward - reward.mean(dim=0)) * log_p).mean().backward()
            torch.nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()

        def mixed() -> None:
            with mixed_precision(self.device):
                step()

        return min(seconds(work, self.device, repeats, warm=1) for work in (step, mixed))

    def greedy_seconds(self, batch: int, repeats: int) -> float:
        """Time of greedy rollouts, the encoder included."""
        problems = self._problems(batch)

        @torch.no_grad()
        def rollout() -> None:
            with mixed_precision(self.device):
                self._play(problems, "test", "multistart_greedy")

        return seconds(rollout, self.device, repeats, warm=1)

    def _problems(self, batch: int) -> Any:
        return self.env.generator(batch).to(self.device)

    def _play(self, problems: Any, phase: str, decoding: str) -> Any:
        state = self.env.reset(problems.clone())
        return self.policy(state, self.env, phase=phase, decode_type=decoding, num_starts=self.clients)
