"""The neural solver: a trained policy, rolled out until the time is up; the checker picks the best."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from nco.checker import check, exceeds
from nco.envs.generators.unified import completed
from nco.envs.instances import from_problem
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.errors import EmbeddingWarning, Fault, OutOfDistributionWarning, SolverError, did_you_mean
from nco.policies import POLICIES
from nco.policies.card import Card
from nco.policies.weights import find_card, load, shipped
from nco.problem import Problem
from nco.reach import Reach
from nco.rollout.threads import threads
from nco.search.sampling import Candidate, candidates
from nco.solution import Route, Solution
from nco.solvers.base import Outcome, cannot
from nco.solvers.features import refills, unknown
from nco.stop import Running

OTHERS, MIN_MAX = "solver='pyvrp' or solver='ortools'", "solver='ortools'"
#: Weights in the package by preference; the first ones that understand a problem are taken.
FAVOURITES = ("cvrp", "unified", "profiles")


class NeuralSolver:
    """Greedy multi-start, 8 symmetries, then sampling until the stop. An iteration is one batch of rollouts.

    weights: shipped name or path; without, the first of the shipped ones whose policy understands the problem;
    device: "auto" takes a GPU when there is one.
    """

    name = "neural"

    def __init__(self, weights: str | Path | None = None, device: str = "auto") -> None:
        self.device = _device(device)
        self.weights = weights

    def unsupported(self, problem: Problem) -> list[Fault]:
        """Faults for what the weights' policy does not understand; without given weights, what no shipped one does."""
        found = [self._faults(problem, weights) for weights in self._choices()]
        return min(found, key=len)

    def run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        """Roll out until `stop` says so; at least one batch. Clients that no vehicle can serve are left out.

        Ctrl-C stops early and gives the best so far, if there is one; `interrupted` in the provenance tells.
        """
        with threads(1):
            return self._run(problem, stop, seed)

    def _choices(self) -> Sequence[str | Path]:
        return [name for name in FAVOURITES if name in shipped()] if self.weights is None else (self.weights,)

    def _faults(self, problem: Problem, weights: str | Path) -> list[Fault]:
        """A fault for every feature of the problem that these weights do not understand."""
        sees = POLICIES[find_card(weights).policy].sees
        return [cannot(self.name, name, MIN_MAX if "max" in name else OTHERS) for name in unknown(problem, sees)]

    def _run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        policy, card = load(min(self._choices(), key=lambda weights: len(self._faults(problem, weights))), self.device)
        _warn(problem, card)
        env = preset(card.preset).env
        provenance = {"device": str(self.device), "weights": card.name, "sha256": card.sha256}
        clients, alone = _servable(problem, env)
        best = _Best(problem, Solution(alone))
        if not clients:
            return Outcome(best.solution, 0, provenance=provenance)
        instances = completed(from_problem(problem, clients, self.device))
        first, *others = problem.vehicle_types
        limited = not others and first.num_available is not None and not refills(first)
        most = first.num_available if limited and first.num_available is not None else math.inf
        if most == 1:  # a tour: home once, at the end
            instances["available"] = torch.ones_like(instances["capacity"])
        generator = torch.Generator(self.device).manual_seed(seed)
        stop(best.cost)  # whatever it says: the first batch is always done
        began = time.perf_counter()
        try:
            for candidate in candidates(policy, env, instances, most, generator):
                best.offer(_solution(candidate, clients, problem, most, alone))
                began, lasted = time.perf_counter(), time.perf_counter() - began
                if stop(best.cost) or stop.seconds_left() < lasted:  # another batch would end too late
                    break
        except KeyboardInterrupt:
            if not best.solution.routes:
                raise
            provenance["interrupted"] = "yes"
        return Outcome(best.solution, best.offers, history=tuple(best.history), provenance=provenance)


def _servable(problem: Problem, env: RoutingEnv) -> tuple[list[int], tuple[Route, ...]]:
    """Clients that the policy may serve, and routes of one client for those that fit to the letter only.

    Masks are a little stricter than the checker.
    """
    vehicles = problem.vehicle_types
    limit = max(vehicle.capacity[0] if vehicle.capacity else math.inf for vehicle in vehicles)
    heaviest = np.maximum(problem.delivery, problem.pickup).sum(axis=1)
    fitting = [k for k in range(problem.num_clients) if not exceeds(float(heaviest[k]), limit)]
    if not fitting:
        return [], ()
    instances = completed(from_problem(problem, fitting))
    could = env.could(instances)[0, :, len(vehicles) :].any(dim=0).tolist()
    strict = [k for k, possible in zip(fitting, could, strict=True) if possible]
    reaches = [Reach(problem, vehicle) for vehicle in vehicles]
    alone = []
    for k in sorted(set(fitting) - set(strict)):
        kinds = [kind for kind, reach in enumerate(reaches) if reach.failure((k,)) is None]
        alone += [Route((k + problem.num_depots,), kind) for kind in kinds[:1]]
    return strict, tuple(alone)


@dataclass(slots=True)
class _Best:
    """The best of all solutions offered, for the checker: no rule broken, fewest clients left out, cheapest."""

    problem: Problem
    solution: Solution
    offers: int = 0
    rank: tuple[float, ...] = (math.inf,)
    history: list[tuple[float, float]] = field(default_factory=list)  # (seconds, cost) of feasible improvements
    began: float = field(default_factory=time.perf_counter)

    @property
    def cost(self) -> float:
        return self.history[-1][1] if self.history else math.inf

    def offer(self, solution: Solution) -> None:
        report = check(self.problem, solution)
        self.offers += 1
        broken = sum(violation.rule != "visits" for violation in report.violations)
        rank = (broken, len(report.unassigned), report.cost.total)
        if rank < self.rank:
            self.solution, self.rank = solution, rank
            if report.is_feasible():
                self.history.append((time.perf_counter() - self.began, report.cost.total))


def _solution(
    candidate: Candidate, clients: Sequence[int], problem: Problem, most: float, alone: tuple[Route, ...]
) -> Solution:
    """The candidate's routes over locations and those of single clients; the shortest are dropped when too many."""
    places = [vehicle.start_depot for vehicle in problem.vehicle_types]
    places += [client + problem.num_depots for client in clients]
    routes = [Route(tuple(places[node] for node in route.visits), route.vehicle_type) for route in candidate.routes]
    routes += alone
    if len(routes) > most:
        routes = sorted(routes, key=lambda route: -len(route.visits))[: int(most)]
    return Solution(tuple(routes))


def _device(name: str) -> torch.device:
    """A device by name; raises SolverError for one that is unknown or not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise SolverError(Fault("U305", "device", f"'{name}' is unknown", did_you_mean(name, ["auto", "cpu", "cuda"])))
    if name == "cuda" and not torch.cuda.is_available():
        raise SolverError(
            Fault("U305", "device", "this machine or this PyTorch has no CUDA device", "Use device='cpu'")
        )
    return torch.device(name)


def _warn(problem: Problem, card: Card) -> None:
    """Say what the policy was not made for, where nco.solve was called."""
    low, high = card.sizes
    if not low <= problem.num_clients <= high:
        text = f"{problem.num_clients} clients; the weights '{card.name}' were trained on {low} to {high}"
        warnings.warn(text, OutOfDistributionWarning, stacklevel=5)
    if not problem.has_coordinates and "placed" not in POLICIES[card.policy].sees:
        text = "the policy sees places derived from the distances; costs are those of the matrix"
        warnings.warn(text, EmbeddingWarning, stacklevel=5)
