"""What exchange, communication and the settling of conflicts do for `camp`.

python scripts/camp_ablation.py runs/camp/camp.safetensors runs/silent/silent.safetensors [...] [--count 256]

The first weights are compared with all others, and with themselves where another rule than theirs says which of several
vehicles that chose one client goes: the surest by default; else the first by number, one drawn at random, the nearest.
PVRP-P (weight 0.2) and PVRP-ZC, random, angle and cluster, of 60, 80 and 100 clients and 5 vehicles, so many problems
of each; the cheapest greedy rollout over all starts, without symmetries, judged by the checker. A line per kind of
problem and one for all: how much dearer than the first weights in per cent, mean over problems and its 95 % interval
(paired).
"""

import argparse
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import torch
from gaps import TOGETHER, judged
from profile_gaps import PATTERNS, Cell
from tensordict import TensorDict
from torch import Tensor

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import arcs, fleet_size, to_problems, to_routes
from nco.envs.parallel import ParallelEnv, ParallelState
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.policies.camp import CampPolicy
from nco.policies.weights import load
from nco.problem import Floats
from nco.rollout.parallel import joined, steps
from nco.rollout.starts import first_clients
from nco.search.data import from_solution

KINDS = tuple(kind for pattern in PATTERNS for kind in (f"p {pattern} 0.2", f"zc {pattern}"))
SIZES, FLEET = (60, 80, 100), 5


class Settled(ParallelEnv, ABC):
    """Conflicts are settled by a rank [B, S, M] of who goes first, before the usual rule finds any; least first."""

    def __init__(self, env: RoutingEnv, instances: TensorDict) -> None:
        super().__init__(env.constraints, env.objective)
        self.instances = instances

    @abstractmethod
    def rank(self, state: ParallelState, action: Tensor) -> Tensor:
        """[B, S, M]"""

    def resolve(self, state: ParallelState, mask: Tensor, action: Tensor, score: Tensor) -> Tensor:
        fleet = action.shape[-1]
        place = self.rank(state, action).argsort(dim=-1, stable=True).argsort(dim=-1)
        same = (action[..., :, None] == action[..., None, :]) & (action >= fleet)[..., None]
        loses = (same & (place[..., None, :] < place[..., :, None])).any(dim=-1)
        return super().resolve(state, mask, torch.where(loses, state.current, action), score)


class First(Settled):
    """The vehicle with the least number goes."""

    def rank(self, state: ParallelState, action: Tensor) -> Tensor:
        return torch.arange(action.shape[-1], device=action.device).expand_as(action)


class AnyOne(Settled):
    """One vehicle goes, whichever."""

    def __init__(self, env: RoutingEnv, instances: TensorDict) -> None:
        super().__init__(env, instances)
        self.draw = torch.Generator(instances["locs"].device).manual_seed(1)

    def rank(self, state: ParallelState, action: Tensor) -> Tensor:
        return torch.rand(action.shape, generator=self.draw, device=action.device)


class Nearest(Settled):
    """The vehicle that is nearest to the client goes."""

    def rank(self, state: ParallelState, action: Tensor) -> Tensor:
        token = torch.arange(action.shape[-1], device=action.device).expand_as(action).contiguous()
        return arcs(self.instances, state.current, action, token, "distance")


def surest(env: RoutingEnv, _: TensorDict) -> ParallelEnv:
    """The usual rule."""
    return ParallelEnv(env.constraints, env.objective)


Rule = Callable[[RoutingEnv, TensorDict], ParallelEnv]
RULES: dict[str, Rule] = {"first": First, "any one": AnyOne, "nearest": Nearest}


@torch.no_grad()
def costs(policy: CampPolicy, env: RoutingEnv, rule: Rule, instances: TensorDict, device: str) -> Floats:
    """The checker's cost [B] of the cheapest rollout of each problem; raises if it objects."""
    found = list[float]()
    for part in instances.split(TOGETHER):
        batch = completed(part).to(device)
        starts = first_clients(batch, batch["locs"].shape[1] - fleet_size(batch), env.could(batch))
        with torch.autocast("cuda", torch.bfloat16, enabled=device == "cuda"):
            done = steps(policy, rule(env, batch), policy.encode(batch), batch, starts, None)
            actions, cost = joined(env, batch, [step.action for step in done])
        best = cost.argmin(dim=1).tolist()
        for row, problem in enumerate(to_problems(part)):
            solution = nco.Solution(tuple(to_routes(part, actions[row, best[row]].tolist(), row)))
            found.append(judged(problem, from_solution(problem, solution)).cost.total)
    return np.array(found)


def line(name: str, dearer: Floats) -> str:
    """Mean of values [k] and half the width of its 95 % interval."""
    half = 1.96 * dearer.std(ddof=1) / np.sqrt(len(dearer))
    return f"  {name:14}{dearer.mean():+8.3f} % +- {half:.3f}  ({len(dearer)} problems)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="+", help="the first ones are those to compare with")
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    told = parser.parse_args()
    torch.set_num_threads(1)
    drawn = {kind: [Cell(kind, size, FLEET).instances(told.count) for size in SIZES] for kind in KINDS}

    def measured(weights: str, rule: Rule) -> dict[str, Floats]:
        """Kind of problem -> cost of each."""
        policy, card = load(weights, told.device)
        if not isinstance(policy, CampPolicy):
            raise SystemExit(f"{weights}: its policy is '{policy.name}'; give weights of 'camp'")
        env = preset(card.preset).env
        return {
            kind: np.concatenate([costs(policy, env, rule, instances, told.device) for instances in batches])
            for kind, batches in drawn.items()
        }

    full, *others = told.weights
    usual = measured(full, surest)
    print(f"{full}: mean cost " + ", ".join(f"{kind} {cost.mean():.4f}" for kind, cost in usual.items()), flush=True)
    variants = [(other, other, surest) for other in others] + [(name, full, rule) for name, rule in RULES.items()]
    for title, weights, rule in variants:
        dearer = {kind: 100 * (cost / usual[kind] - 1) for kind, cost in measured(weights, rule).items()}
        print(f"{title} instead:")
        for kind, values in dearer.items():
            print(line(kind, values))
        print(line("all", np.concatenate(list(dearer.values()))), flush=True)


if __name__ == "__main__":
    main()
