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
from tensordict import TensorDict

from nco.checker import Report, check, exceeds
from nco.envs.generators.unified import completed
from nco.envs.instances import from_problem
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.errors import EmbeddingWarning, Fault, OutOfDistributionWarning
from nco.policies import POLICIES
from nco.policies.card import Card
from nco.policies.weights import find_card, load
from nco.problem import Problem
from nco.rollout.threads import threads
from nco.search.sampling import Candidate, candidates
from nco.solution import Route, Solution
from nco.solvers.base import Outcome, cannot
from nco.solvers.devices import wants_gpu
from nco.solvers.features import refills, unknown
from nco.stop import Running

OTHERS, MIN_MAX = "solver='pyvrp' or solver='ortools'", "solver='search' or solver='ortools'"
#: Weights in the package by preference; the first ones that understand a problem are taken.
FAVOURITES = ("cvrp", "unified", "profiles", "rrnco")
#: The same where distances are given by a matrix.
ON_ROADS = ("rrnco", "cvrp", "unified", "profiles")


class NeuralSolver:
    """Greedy multi-start, 8 symmetries, then sampling until the stop. An iteration is one batch of rollouts.

    weights: shipped name or path; without, the first of the shipped ones whose policy understands the problem;
    device: "auto" takes a GPU when there is one;
    active: the policy learns from the samples of this problem (EAS-Emb), which pays when there are seconds on a GPU.
    """

    name = "neural"

    def __init__(self, weights: str | Path | None = None, device: str = "auto", active: bool = False) -> None:
        self.device = torch.device("cuda" if wants_gpu(device, auto=True) else "cpu")
        self.weights, self.active = weights, active

    def unsupported(self, problem: Problem) -> list[Fault]:
        """Faults for what the weights' policy does not understand; without given weights, what no shipped one does."""
        found = [self._faults(problem, weights) for weights in self._choices(problem)]
        return min(found, key=len)

    def run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        """Roll out until `stop` says so; at least one batch. Clients that no vehicle can serve are left out.

        Ctrl-C stops early and gives the best so far, if there is one; `interrupted` in the provenance tells.
        """
        with threads(1):
            return self._run([problem], stop, seed)[0]

    def run_alike(self, problems: Sequence[Problem], stop: Running, seed: int) -> list[Outcome]:
        """As `run`, in the same batches, for problems that differ in their positive price of preferences only.

        What is found for one counts for all; `stop` hears the sum of the costs.
        """
        with threads(1):
            return self._run(problems, stop, seed)

    def _choices(self, problem: Problem) -> Sequence[str | Path]:
        if self.weights is not None:
            return (self.weights,)
        return favourites(problem)

    def _faults(self, problem: Problem, weights: str | Path) -> list[Fault]:
        """A fault for every feature of the problem that these weights do not understand."""
        return [
            cannot(self.name, name, MIN_MAX if "max" in name else OTHERS)
            for name in not_trained_for(problem, find_card(weights))
        ]

    def _run(self, problems: Sequence[Problem], stop: Running, seed: int) -> list[Outcome]:
        problem, batches = problems[0], 0
        policy, card = load(
            min(self._choices(problem), key=lambda weights: len(self._faults(problem, weights))), self.device
        )
        _warn(problem, card)
        env = preset(card.preset).env
        provenance = {"device": str(self.device), "weights": card.name, "sha256": card.sha256}
        clients, alone = servable(problem, env)
        best = _Bests(tuple(_Best(problem, Solution(alone)) for problem in problems))
        if not clients:
            return best.outcomes(0, provenance)
        instances = completed(torch.cat([seen(problem, clients) for problem in problems])).to(self.device)
        most, generator = most_routes(problem), torch.Generator(self.device).manual_seed(seed)
        stop(best.cost)  # whatever it says: the first batch is always done
        began = time.perf_counter()
        try:
            for found in candidates(policy, env, instances, most, generator, self.active):
                best.offer([_solution(candidate, clients, problem, most, alone) for candidate in found])
                batches += 1
                began, lasted = time.perf_counter(), time.perf_counter() - began
                if stop(best.cost) or stop.seconds_left() < lasted:  # another batch would end too late
                    break
        except KeyboardInterrupt:
            if not all(one.solution.routes for one in best.each):
                raise
            provenance["interrupted"] = "yes"
        return best.outcomes(batches, provenance)


def servable(problem: Problem, env: RoutingEnv) -> tuple[list[int], tuple[Route, ...]]:
    """Clients that the policy may serve, and routes of one client for those that fit to the letter only.

    Masks are a little stricter than the checker.
    """
    vehicles, light = problem.vehicle_types, fitting(problem)
    if not light:
        return [], ()
    instances = completed(from_problem(problem, light))
    could = env.could(instances)[0, :, len(vehicles) :].any(dim=0).tolist()
    strict = [k for k, possible in zip(light, could, strict=True) if possible]
    alone = []
    for k in sorted(set(light) - set(strict)):
        routes = (Route((k + problem.num_depots,), kind) for kind in range(len(vehicles)))
        alone += [route for route in routes if _keeps_rules(problem, route)][:1]
    return strict, tuple(alone)


def not_trained_for(problem: Problem, card: Card) -> list[str]:
    """Names of the problem's features that weights with this card do not understand."""
    return unknown(problem, POLICIES[card.policy].sees, preset(card.preset).env.objective)


def favourites(problem: Problem) -> list[str]:
    """The shipped weights, those first that were trained on problems most like this one."""
    on_roads = any(problem.profiles[vehicle.profile].distance is not None for vehicle in problem.vehicle_types)
    return list(ON_ROADS if on_roads else FAVOURITES)


def _keeps_rules(problem: Problem, route: Route) -> bool:
    """Whether the checker finds nothing wrong with the route."""
    return all(violation.route is None for violation in check(problem, Solution((route,))).violations)


def fitting(problem: Problem) -> list[int]:
    """Clients whose load fits into the largest vehicle."""
    limit = max(vehicle.capacity[0] if vehicle.capacity else math.inf for vehicle in problem.vehicle_types)
    heaviest = np.maximum(problem.delivery, problem.pickup).sum(axis=1).tolist()
    return [k for k, load in enumerate(heaviest) if not exceeds(load, limit)]


def most_routes(problem: Problem) -> float:
    """How many routes the only vehicle type may drive; environments know the numbers of several themselves."""
    first, *others = problem.vehicle_types
    unlimited = others or first.num_available is None or refills(first)
    return math.inf if unlimited or first.num_available is None else first.num_available


@dataclass(slots=True)
class _Best:
    """The best of all solutions offered, for the checker: no rule broken, fewest clients left out, cheapest."""

    problem: Problem
    solution: Solution
    rank: tuple[float, ...] = (math.inf,)
    history: list[tuple[float, float]] = field(default_factory=list)  # (seconds, cost) of feasible improvements
    began: float = field(default_factory=time.perf_counter)

    @property
    def cost(self) -> float:
        return self.history[-1][1] if self.history else math.inf

    def offer(self, solution: Solution) -> Report:
        report = check(self.problem, solution)
        broken = sum(violation.rule != "visits" for violation in report.violations)
        rank = (broken, len(report.unassigned), report.cost.total)
        if rank < self.rank:
            self.solution, self.rank = solution, rank
            if report.is_feasible():
                self.history.append((time.perf_counter() - self.began, report.cost.total))
        return report


@dataclass(frozen=True, slots=True)
class _Bests:
    """The best of each problem; they differ in the price of preferences only."""

    each: tuple[_Best, ...]

    @property
    def cost(self) -> float:
        """Sum over the problems."""
        return sum(one.cost for one in self.each)

    def offer(self, solutions: Sequence[Solution]) -> None:
        """A solution to each problem, and to the others at whose price it is better than what they have."""
        for mine, solution in zip(self.each, solutions, strict=True):
            report, price = mine.offer(solution), mine.problem.preference_weight
            for other in self.each:
                if other is not mine:
                    dearer = (other.problem.preference_weight / price - 1) * report.cost.preference
                    if report.cost.total + dearer < other.cost:
                        other.offer(solution)

    def outcomes(self, batches: int, provenance: dict[str, str]) -> list[Outcome]:
        return [Outcome(one.solution, batches, history=tuple(one.history), provenance=provenance) for one in self.each]


def _solution(
    candidate: Candidate, clients: Sequence[int], problem: Problem, most: float, alone: tuple[Route, ...]
) -> Solution:
    """The candidate's routes over locations and those of single clients; the shortest are dropped when too many."""
    return Solution(at_most(most, [*placed(problem, clients, candidate.routes), *alone]))


def at_most(most: float, routes: Sequence[Route]) -> tuple[Route, ...]:
    """The routes; when they are more than there may be, the longest."""
    if len(routes) > most:
        routes = sorted(routes, key=lambda route: -len(route.visits))[: int(most)]
    return tuple(routes)


def seen(problem: Problem, clients: Sequence[int]) -> TensorDict:
    """A problem with some of its clients as instances [1]; a single route is a tour."""
    instances = from_problem(problem, clients)
    if most_routes(problem) == 1:
        instances["available"] = torch.ones_like(instances["capacity"])
    return instances


def placed(problem: Problem, clients: Sequence[int], routes: Sequence[Route]) -> list[Route]:
    """Routes over the nodes of instances, vehicles then these clients, as routes over locations."""
    places = [vehicle.start_depot for vehicle in problem.vehicle_types]
    places += [client + problem.num_depots for client in clients]
    return [Route(tuple(places[node] for node in route.visits), route.vehicle_type) for route in routes]


def _warn(problem: Problem, card: Card) -> None:
    """Say what the policy was not made for, where nco.solve was called."""
    low, high = card.sizes
    if not low <= problem.num_clients <= high:
        text = f"{problem.num_clients} clients; the weights '{card.name}' were trained on {low} to {high}"
        warnings.warn(text, OutOfDistributionWarning, stacklevel=5)
    if not problem.has_coordinates and "placed" not in POLICIES[card.policy].sees:
        text = "the policy sees places derived from the distances; costs are those of the matrix"
        warnings.warn(text, EmbeddingWarning, stacklevel=5)
