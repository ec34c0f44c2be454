"""What the scripts that measure gaps have in common: construction by a policy, and what the checker says of it."""

import argparse
from collections.abc import Callable, Sequence

import torch
from tensordict import TensorDict
from torch import Tensor

import nco
from nco.checker import Report
from nco.envs.generators.unified import completed
from nco.envs.instances import symmetries, to_routes
from nco.envs.routing import RoutingEnv
from nco.policies.base import Policy
from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import first_clients
from nco.search.data import from_solution, to_solution
from nco.search.packing import Routes

#: Problems in a batch of rollouts from every start.
TOGETHER = 250
#: From problems and who could serve whom to starts [B, S, P].
Starts = Callable[[TensorDict, Tensor], Tensor]


def options(description: str | None, weights: str, seconds: float) -> argparse.ArgumentParser:
    """What scripts with references of their own can be told; weights, seconds: the defaults."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make-references", action="store_true")
    parser.add_argument("--seconds", type=float, default=seconds, help="for the reference of each problem")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--weights", default=weights)
    parser.add_argument("--improve", action="store_true", help="the references, where ours are better")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser


def searching(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The same for scripts that can go on with the search on a GPU."""
    parser.add_argument("--search", type=float, help="seconds: see above")
    parser.add_argument("--chains", type=int, default=1, help="of the search, on each problem")
    return parser


def every_client(instances: TensorDict, could: Tensor) -> Tensor:
    """One start for each client."""
    return first_clients(instances, instances["locs"].shape[1], could)


def best_paths(
    policy: Policy, env: RoutingEnv, instances: TensorDict, rule: Starts = every_client
) -> tuple[Tensor, list[list[int]]]:
    """Cost [B] and actions of the cheapest greedy rollout of each problem, over all starts of a rule."""
    memory, starts = policy.encode(instances), rule(instances, env.could(instances))
    found = [
        fastest_rollout(policy, env, instances, part, memory=memory)
        for part in starts.split(instances["locs"].shape[1], dim=1)
    ]
    cost, part = torch.stack([costs.amin(dim=1) for _, costs in found]).min(dim=0)
    best = [found[k] for k in part.tolist()]
    return cost, [actions[row, costs[row].argmin()].tolist() for row, (actions, costs) in enumerate(best)]


@torch.no_grad()
def construct(
    policy: Policy, env: RoutingEnv, instances: TensorDict, problems: Sequence[nco.Problem], device: str,
    rule: Starts = every_client,
) -> tuple[Tensor, list[Routes]]:  # fmt: skip
    """Costs [B] without symmetries, in units of the instances, and the best routes over the eight."""
    costs, routes = [], list[Routes]()
    for begin in range(0, len(problems), TOGETHER):
        part = instances[begin : begin + TOGETHER]
        with torch.autocast("cuda", torch.bfloat16, enabled=device == "cuda"):
            plain, paths = _over_symmetries(policy, env, completed(part).to(device), rule)
        costs.append(plain.cpu())
        for row, (problem, path) in enumerate(zip(problems[begin:], paths, strict=False)):
            routes.append(from_solution(problem, nco.Solution(tuple(to_routes(part, path, row)))))
    return torch.cat(costs), routes


def _over_symmetries(
    policy: Policy, env: RoutingEnv, instances: TensorDict, rule: Starts
) -> tuple[Tensor, list[list[int]]]:
    plain, paths = best_paths(policy, env, instances, rule)
    best = plain
    for copy in symmetries(instances).chunk(8)[1:]:
        cost, found = best_paths(policy, env, copy, rule)
        paths = [new if c < b else old for new, old, c, b in zip(found, paths, cost, best, strict=True)]
        best = torch.minimum(best, cost)
    return plain, paths


def judged(problem: nco.Problem, routes: Routes) -> Report:
    """The checker's report; raises if it objects."""
    report = nco.check(problem, to_solution(problem, routes))
    if not report.is_feasible():
        raise SystemExit(f"{problem.name}: {report}")
    return report
