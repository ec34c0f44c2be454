"""Validation: fixed problems per preset and size, solved greedily, once and with the eight symmetries."""

from __future__ import annotations

import torch
from tensordict import TensorDict

from nco.envs.generators.unified import completed
from nco.envs.instances import symmetries
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.policies.base import Policy
from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import first_clients


def validation_set(name: str, size: int, count: int, seed: int, device: torch.device) -> TensorDict:
    """The same problems on every device: drawn on the CPU, with all attributes, so that any environment runs them."""
    return completed(preset(name).generator(count, size, torch.Generator().manual_seed(seed))).to(device)


@torch.no_grad()
def greedy_costs(policy: Policy, env: RoutingEnv, instances: TensorDict, starts: int) -> tuple[float, float]:
    """Mean cost of the best of S greedy rollouts, and of the best over S starts and 8 symmetries, in the problems' own
    units.
    """
    plain = _best(policy, env, instances, starts)
    best = plain
    for copy in symmetries(instances).chunk(8)[1:]:
        best = torch.minimum(best, _best(policy, env, copy, starts))
    return float(plain.mean()), float(best.mean())


def _best(policy: Policy, env: RoutingEnv, instances: TensorDict, starts: int) -> torch.Tensor:
    begin = first_clients(instances, starts, env.could(instances))
    best: torch.Tensor = fastest_rollout(policy, env, instances, begin).cost.amin(dim=1) * instances["scale"]
    return best
