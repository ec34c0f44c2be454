"""The fused rollout: all steps of all rollouts in one kernel, for the policies and environments that it covers.

It also records what every decision saw, so that the learner need not go through the steps again.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import torch
import torch.nn.functional as F
from tensordict import TensorDict
from torch import Generator, Tensor

from nco.envs.constraints.backhaul import Backhaul
from nco.envs.constraints.base import shaved, ways_home
from nco.envs.constraints.capacity import Capacity
from nco.envs.constraints.load import Load
from nco.envs.constraints.route_limit import RouteLimit
from nco.envs.constraints.time_windows import TimeWindows
from nco.envs.constraints.zones import Zones
from nco.envs.generators.host import fresh_seed
from nco.envs.instances import fleet_size, has
from nco.envs.routing import RoutingEnv
from nco.nn.bits import words
from nco.policies.base import Memory, Policy, Query
from nco.policies.constructive import ConstructivePolicy
from nco.rollout.eager import Trajectory
from nco.rollout.rescore import Decisions

#: Constraints that the kernel knows.
KNOWN = (Capacity, Load, Backhaul, TimeWindows, RouteLimit, Zones)
#: Fewest and most nodes in registers: few sizes, so that few kernels are compiled; masks must fit.
FEWEST, MOST = 64, 1024
#: Numbers of a state are padded to what a matrix unit needs.
PADDED = 16


def covers(policy: Policy, env: RoutingEnv, instances: TensorDict) -> TypeGuard[ConstructivePolicy]:
    """Whether the kernel can run this policy in this environment."""
    kinds = [type(constraint) for constraint in env.constraints]
    return (
        isinstance(policy, ConstructivePolicy)
        and all(kind in KNOWN for kind in kinds)
        and sum(kind in (Capacity, Load) for kind in kinds) == 1
        and not has(instances, "prize")
        and not (has(instances, "available") and (has(instances, "reloads") or fleet_size(instances) > 1))
        and not (has(instances, "reloads") and any(constraint.lasting for constraint in env.constraints))
        and not any(has(instances, key) and instances[key].dim() == 4 for key in ("distance", "duration"))
        and instances["locs"].shape[1] <= MOST
        and _in_tiles(policy)
    )


def _in_tiles(policy: ConstructivePolicy) -> bool:
    """Whether the sizes of the decoder are powers of two that a matrix unit can handle."""
    width, heads, hidden = policy.settings.width, policy.settings.decoder_heads, policy.settings.decoder_feedforward
    sizes = (width, width // heads, hidden or PADDED)
    return all(size >= PADDED and size.bit_count() == 1 for size in sizes)


def fused_rollout(
    policy: ConstructivePolicy,
    env: RoutingEnv,
    instances: TensorDict,
    starts: Tensor,
    generator: Generator | None = None,
    *,
    memory: Memory | None = None,
) -> Trajectory:
    """Roll out S trajectories of each of B problems, as nco.rollout.eager.rollout does."""
    memory = policy.encode(instances) if memory is None else memory
    return _launch(policy, env, instances, starts, generator, memory, record=False)[0]


def recorded_rollout(
    policy: ConstructivePolicy, env: RoutingEnv, instances: TensorDict, starts: Tensor, generator: Generator,
    memory: Memory,
) -> tuple[Trajectory, Decisions]:  # fmt: skip
    """A sampled rollout with all its decisions, whose masks are packed into bits."""
    return _recorded(memory, _launch(policy, env, instances, starts, generator, memory, record=True))


def recorded_replay(
    policy: ConstructivePolicy, env: RoutingEnv, instances: TensorDict, actions: Tensor, memory: Memory
) -> tuple[Trajectory, Decisions]:
    """Rollouts whose actions [B, S, T] are known, with what every decision but the first saw."""
    return _recorded(memory, _launch(policy, env, instances, actions, None, memory, record=True, replay=True))


def _recorded(memory: Memory, launched: tuple[Trajectory, tuple[Tensor, ...]]) -> tuple[Trajectory, Decisions]:
    trajectory, (active, ready, numbers, masks, left) = launched
    actions = trajectory.actions.transpose(1, 2).int()
    current, action = actions[:, :-1].flatten(1), actions[:, 1:].flatten(1)
    query = Query(current, active[:, 1:].flatten(1), ready[:, 1:].flatten(1), numbers[:, 1:].flatten(1, 2),
                  masks[:, 1:].flatten(1, 2), None if memory.liking is None else left[:, 1:].flatten(1, 2))  # fmt: skip
    return trajectory, Decisions(query, action)


@torch.no_grad()
def _launch(
    policy: ConstructivePolicy, env: RoutingEnv, instances: TensorDict, starts: Tensor, generator: Generator | None,
    memory: Memory, record: bool, replay: bool = False,
) -> tuple[Trajectory, tuple[Tensor, ...]]:  # fmt: skip
    """Run the kernel; then active, ready [B, T, S], numbers [B, T, S, F], masks and what is left [B, T, S, W]."""
    from nco.rollout.episode import episode_kernel

    (batch, rollouts, begun), nodes, fleet = starts.shape, instances["locs"].shape[1], fleet_size(instances)
    steps, device = env.max_steps(instances), starts.device
    flags = _flags(policy, env, instances) | _wishes(memory) | _trips(env, instances, memory)
    kept = (batch, steps if record else 0, rollouts)
    actions = torch.empty(batch, steps, rollouts, dtype=torch.int16, device=device)
    active = torch.zeros(kept, dtype=torch.int32, device=device)
    ready = torch.zeros(kept, device=device)
    numbers = torch.zeros(*kept, flags["F"], device=device)
    masks = torch.zeros(*kept, words(nodes), dtype=torch.int32, device=device)
    left = torch.zeros_like(masks) if flags["WISHES"] else masks[..., :0]
    shape = launch(flags["BN"], flags["AT_TIME"] >= 0)
    lengths = torch.empty(batch, -(-rollouts // shape["BS"]), dtype=torch.int32, device=device)
    seed = 0 if generator is None else fresh_seed(generator)
    episode_kernel[lengths.shape](
        *_weights(policy, memory), *_problems(env, instances, memory), starts.to(torch.int32).contiguous(),
        actions, active, ready, numbers, masks, left, lengths,
        nodes, fleet, rollouts, steps, begun, nodes - fleet, seed, policy.settings.clip,
        SAMPLE=generator is not None, RECORD=record, REPLAY=replay, **shape, **flags,
    )  # fmt: skip
    longest = int(lengths.max())
    done = actions[:, :longest].transpose(1, 2).long()
    records = tuple(part[:, :longest] for part in (active, ready, numbers, masks, left))
    return Trajectory(done, env.cost(instances, done)), records


def launch(padded: int, timed: bool) -> dict[str, int]:
    """Rollouts in a tile, warps and stages, for so many nodes: what fits into registers."""
    if padded == 128 and timed:  # measured by scripts/tune_kernels.py
        return {"BS": 16, "num_warps": 4, "num_stages": 2}
    return {"BS": 32 if padded <= 256 else 16, "num_warps": 4 if padded <= 128 and not timed else 8}


def _flags(policy: ConstructivePolicy, env: RoutingEnv, instances: TensorDict) -> dict[str, Any]:
    """What is known when the kernel is compiled."""
    at, count = {}, 0
    for constraint in env.constraints:
        at[type(constraint)] = count
        count += constraint.num_features
    nodes, settings = instances["locs"].shape[1], policy.settings
    heads, hidden = settings.decoder_heads, settings.decoder_feedforward
    precision = "ieee" if policy.project_glimpse.weight.dtype == torch.float32 else "tf32"
    return {
        "F": env.num_features, "LOAD": Load in at, "AT_LOAD": at.get(Load, at.get(Capacity)),
        "AT_BACKHAUL": at.get(Backhaul, -1), "AT_TIME": at.get(TimeWindows, -1), "AT_LIMIT": at.get(RouteLimit, -1),
        "ZONES": Zones in at, "FLEET": fleet_size(instances) > 1, "SPEEDS": has(instances, "speed"),
        "LIMITED": has(instances, "available"),
        "H": heads, "HD": settings.width // heads, "HIDDEN": hidden, "CHUNK": min(64, hidden),
        "BN": max(FEWEST, 1 << (nodes - 1).bit_length()), "PRECISION": precision,
    }  # fmt: skip


def _wishes(memory: Memory) -> dict[str, Any]:
    """Whether vehicles want different nodes, and M padded to what a matrix unit needs."""
    fleet = 1 if memory.liking is None else memory.liking.shape[1]
    return {"WISHES": memory.liking is not None, "BM": max(PADDED, 1 << (fleet - 1).bit_length())}


def _trips(env: RoutingEnv, instances: TensorDict, memory: Memory) -> dict[str, Any]:
    """Whether there are travel times, and whether the policy looks at them."""
    looks = memory.duration is not None
    matter = looks or any(isinstance(constraint, TimeWindows) for constraint in env.constraints)
    return {"TRIPS": looks, "TIMES": matter and has(instances, "duration")}


def _weights(policy: ConstructivePolicy, memory: Memory) -> list[Tensor | None]:
    """The first arguments of the kernel: all in the precision of the memory, weights as [in, out]."""
    dtype = memory.key.dtype
    numbers = F.pad(policy.project_features.weight.t(), (0, 0, 0, PADDED - policy.project_features.in_features))
    layers = (policy.project_glimpse, policy.widen, policy.narrow)
    tables = (memory.query, memory.vehicle, memory.key, memory.value, memory.pointer)
    tensors = [*tables, numbers, *(layer.weight.t() for layer in layers)]
    prices = policy.prices(memory)
    patience = torch.zeros_like(prices.waiting) if memory.opens is None else prices.waiting
    singles = (prices.distance, prices.duration, patience, memory.look, memory.liking, memory.promise)
    halves = (tensor.to(dtype).contiguous() for tensor in tensors if tensor is not None)
    return [*halves, *(None if tensor is None else tensor.float().contiguous() for tensor in singles)]


def _problems(env: RoutingEnv, instances: TensorDict, memory: Memory) -> list[Tensor | None]:
    """The kernel's next arguments; None for what it does not look at."""
    kinds, fleet = {type(constraint) for constraint in env.constraints}, fleet_size(instances)

    def when(needed: bool, key: str) -> Tensor | None:
        return instances[key].contiguous() if needed else None

    timed, limited, collects = TimeWindows in kinds, RouteLimit in kinds, bool({Load, Backhaul} & kinds)
    locs = instances["locs"]
    distance = instances["distance"] if has(instances, "distance") else (locs[:, :, None] - locs[:, None]).norm(dim=-1)
    duration = (instances["duration"] if has(instances, "duration") else distance).contiguous()
    home = ways_home(instances)
    last = when(Backhaul in kinds, "backhaul_last")
    return [
        distance.contiguous(), duration if timed or memory.duration is not None else None,
        home.distance.contiguous() if limited else None, home.time.contiguous() if timed else None,
        when(True, "demand"), when(collects, "pickup"), None if last is None else last.int(), when(timed, "opens"),
        shaved(instances["closes"]).contiguous() if timed else None, when(timed, "service"),
        shaved(instances["max_distance"]).contiguous() if limited else None, when(True, "capacity"),
        instances["closes"][:, :fleet].contiguous() if timed else None, when(limited, "max_distance"),
        when(has(instances, "speed"), "speed"), when(has(instances, "available"), "available"),
        instances["allowed"].to(torch.int8) if Zones in kinds else None,
        env.reset(instances, 1).could.to(torch.int8) if fleet > 1 else None,
    ]  # fmt: skip
