"""Which parameters of a policy learn from a rollout."""

import torch
from tensordict import TensorDict

from nco.envs.routing import RoutingEnv
from nco.policies import Policy
from nco.rollout.eager import rollout
from nco.rollout.rescore import log_probability, rebuild


def idle(policy: Policy, env: RoutingEnv, instances: TensorDict, starts: torch.Tensor) -> list[str]:
    """Parameters whose gradients are zero or not finite when one rollout of each problem becomes likelier."""
    actions = rollout(policy, env, instances, starts, torch.Generator().manual_seed(1)).actions
    decisions = rebuild(env, instances, actions, starts.shape[-1])
    log_probability(policy, policy.encode(instances), decisions, starts.shape[1])[0][:, 0].sum().backward()
    sizes = {name: parameter.grad.abs().sum() for name, parameter in policy.named_parameters()}
    return [name for name, size in sizes.items() if not (size > 0 and size.isfinite())]
