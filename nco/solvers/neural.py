"""The neural solver: a trained policy, rolled out until the time is up; the checker picks the best."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from nco.checker import check, exceeds
from nco.envs.instances import from_problem
from nco.envs.presets import preset
from nco.errors import EmbeddingWarning, Fault, OutOfDistributionWarning, SolverError, did_you_mean
from nco.policies.card import Card
from nco.policies.weights import load
from nco.problem import ALWAYS, Problem
from nco.rollout.threads import threads
from nco.search.sampling import Candidate, candidates
from nco.solution import Route, Solution
from nco.solvers.base import Outcome, cannot
from nco.stop import Running

#: Beyond this many clients one rollout alone takes minutes on a CPU.
MOST_CLIENTS = 2000
OTHERS = "solver='pyvrp' or solver='ortools'"


class NeuralSolver:
    """Greedy multi-start, 8 symmetries, then sampling until the stop. An iteration is one batch of rollouts.

    weights: shipped name or path; device: "auto" takes a GPU when there is one.
    """

    name = "neural"

    def __init__(self, weights: str | Path = "cvrp", device: str = "auto") -> None:
        self.device = _device(device)
        self.weights = weights

    def unsupported(self, problem: Problem) -> list[Fault]:
        """Faults for everything beyond a capacitated problem with one depot and identical vehicles."""
        vehicle = problem.vehicle_types[0]
        profile = problem.profiles[vehicle.profile]
        features = {
            "several depots": problem.num_depots > 1,
            "several vehicle types": len(problem.vehicle_types) > 1,
            "several load dimensions": problem.num_load_dimensions > 1,
            "pickups": bool(problem.pickup.any()),
            "time windows": bool((problem.tw != ALWAYS).any()),
            "optional clients": not problem.required.all(),
            "allowed clients": profile.allowed is not None and not profile.allowed.all(),
            "preferences": profile.preference is not None and problem.preference_weight > 0,
            "fixed costs": vehicle.fixed_cost > 0,
            "costs of time": vehicle.unit_duration_cost > 0,
            "shifts": vehicle.tw != ALWAYS,
            "limits of distance": vehicle.max_distance < math.inf,
            "limits of duration": vehicle.max_duration < math.inf,
            "open routes": vehicle.end_depot is None,
            "reloads": bool(vehicle.reload_depots),
            "shipments": bool(problem.shipments),
            f"more than {MOST_CLIENTS} clients": problem.num_clients > MOST_CLIENTS,
        }
        faults = [cannot(self.name, feature, OTHERS) for feature, present in features.items() if present]
        if problem.objective == "max":
            faults.append(cannot(self.name, "objective='max'", "solver='ortools'"))
        return faults

    def run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        """Roll out until `stop` says so; at least one batch. Clients that fit in no vehicle are left out.

        Ctrl-C stops early and gives the best so far, if there is one; `interrupted` in the provenance tells.
        """
        with threads(1):
            return self._run(problem, stop, seed)

    def _run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        policy, card = load(self.weights, self.device)
        _warn(problem, card)
        best = _Best(problem)
        provenance = {"device": str(self.device), "weights": card.name, "sha256": card.sha256}
        vehicle = problem.vehicle_types[0]
        limit = vehicle.capacity[0] if vehicle.capacity else math.inf
        servable = [k for k in range(problem.num_clients) if not exceeds(sum(problem.delivery[k]), limit)]
        if not servable:
            return Outcome(best.solution, 0, provenance=provenance)
        instances = from_problem(problem, servable, self.device)
        most = math.inf if vehicle.num_available is None else vehicle.num_available
        generator = torch.Generator(self.device).manual_seed(seed)
        stop(best.cost)  # whatever it says: the first batch is always done
        try:
            for candidate in candidates(policy, preset(card.preset).env, instances, most, generator):
                best.offer(_solution(candidate, servable, most))
                if stop(best.cost):
                    break
        except KeyboardInterrupt:
            if not best.solution.routes:
                raise
            provenance["interrupted"] = "yes"
        return Outcome(best.solution, best.offers, history=tuple(best.history), provenance=provenance)


@dataclass(slots=True)
class _Best:
    """The best of all solutions offered: fewest clients left out, then cheapest, as the checker sees them."""

    problem: Problem
    solution: Solution = field(default_factory=lambda: Solution(()))
    offers: int = 0
    rank: tuple[float, float] = (math.inf, math.inf)
    history: list[tuple[float, float]] = field(default_factory=list)  # (seconds, cost) of feasible improvements
    began: float = field(default_factory=time.perf_counter)

    @property
    def cost(self) -> float:
        return self.history[-1][1] if self.history else math.inf

    def offer(self, solution: Solution) -> None:
        report = check(self.problem, solution)
        self.offers += 1
        rank = (len(report.unassigned), report.cost.total)
        if rank < self.rank:
            self.solution, self.rank = solution, rank
            if report.is_feasible():
                self.history.append((time.perf_counter() - self.began, report.cost.total))


def _solution(candidate: Candidate, clients: Sequence[int], most: float) -> Solution:
    """The candidate's routes over locations (one depot first); the shortest are dropped when there are too many."""
    routes = [Route(tuple(clients[node - 1] + 1 for node in route)) for route in candidate.routes]
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
    if not problem.has_coordinates:
        text = "the policy sees places derived from the distances; costs are those of the matrix"
        warnings.warn(text, EmbeddingWarning, stacklevel=5)
