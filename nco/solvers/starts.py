"""Routes to begin with: greedy ones of the shipped policies, of many problems at once on a GPU."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import torch
from tensordict import TensorDict

from nco.envs.generators.unified import completed
from nco.envs.instances import fleet_size, to_routes
from nco.envs.presets import preset
from nco.policies.weights import find_card, load, shipped
from nco.problem import Problem
from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import first_clients
from nco.search.sampling import WORK, excess
from nco.solution import Solution
from nco.solvers.neural import favourites, fitting, most_routes, not_trained_for, placed, seen


def policy_starts(problems: Sequence[Problem], device: str | torch.device) -> list[Solution | None]:
    """The best greedy rollout of each problem, over all first clients.

    None where no shipped policy was trained on such a problem, or where its masks, which are stricter than the checker,
    leave clients out.
    """
    choose = _chooser()
    chosen = [choose(problem) for problem in problems]
    known = [k for k, weights in enumerate(chosen) if weights is not None]
    drawn = (seen(problems[k], range(problems[k].num_clients)) for k in known)
    groups: dict[tuple[object, ...], list[tuple[int, TensorDict]]] = defaultdict(list)
    for k, instances in zip(known, drawn, strict=True):
        shapes = tuple(sorted((key, tuple(tensor.shape)) for key, tensor in instances.items()))
        groups[chosen[k], shapes].append((k, instances))
    starts: list[Solution | None] = [None] * len(problems)
    for (weights, _), members in groups.items():
        for k, solution in _greedy(str(weights), problems, members, device):
            starts[k] = solution
    return starts


def _chooser() -> Callable[[Problem], str | None]:
    """What names the first shipped weights that were trained on such a problem."""
    cards = {name: find_card(name) for name in shipped()}

    def choose(problem: Problem) -> str | None:
        for name in (name for name in favourites(problem) if name in cards):
            low, high = cards[name].sizes
            alike = low <= problem.num_clients <= high and len(fitting(problem)) == problem.num_clients
            if alike and not not_trained_for(problem, cards[name]):
                return name
        return None

    return choose


@torch.inference_mode()
def _greedy(
    weights: str, problems: Sequence[Problem], members: Sequence[tuple[int, TensorDict]], device: str | torch.device
) -> Iterable[tuple[int, Solution | None]]:
    """Numbers and solutions of problems whose instances have the same shapes."""
    policy, card = load(weights, device)
    env, kind = preset(card.preset).env, torch.device(device).type
    size = members[0][1]["locs"].shape[1] - fleet_size(members[0][1])
    together = max(1, int(WORK[kind] / (size * (size + 1) * 1.15 * size)))
    for begin in range(0, len(members), together):
        numbers, drawn = zip(*members[begin : begin + together], strict=True)
        instances = completed(torch.cat(drawn).to(device))
        could = env.could(instances)
        most = torch.tensor([[most_routes(problems[k])] for k in numbers], device=device)
        with torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda"):
            done = fastest_rollout(policy, env, instances, first_clients(instances, size, could))
        beyond = excess(done, instances, most)
        best = (done.cost + beyond * (1 + done.cost.max())).argmin(dim=1, keepdim=True)
        complete = (beyond.gather(1, best)[:, 0] == 0).tolist()
        paths = done.actions.gather(1, best[..., None].expand(-1, -1, done.actions.shape[-1]))[:, 0].tolist()
        for row, (k, path, whole) in enumerate(zip(numbers, paths, complete, strict=True)):
            routes = placed(problems[k], range(problems[k].num_clients), to_routes(instances, path, row))
            yield k, Solution(tuple(routes)) if whole else None
