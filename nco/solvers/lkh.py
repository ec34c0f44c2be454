"""LKH (Helsgaun 2017) through elkai: the tour of one vehicle that visits everybody, symmetric or not."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from importlib import metadata
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from nco.checker import exceeds
from nco.errors import Fault
from nco.problem import ALWAYS, Floats, Problem
from nco.solution import Route, Solution
from nco.solvers.base import Outcome, cannot
from nco.solvers.lkh_process import LkhProcess
from nco.solvers.scale import Ints, Scale, power_below, scale
from nco.stop import Running

OTHERS = "solver='search', solver='pyvrp' or solver='ortools'"
#: LKH computes with costs of arcs times its precision in 32 bits, penalties of places and what marks arcs as fixed
#: included: the largest product stays well below.
ROOM = 1e8
#: LKH's own precision, in powers of ten: penalties of places are multiples of a hundredth. Less where costs need room.
PRECISION = 2
#: Tours of so few places are enumerated.
FEW = 4
#: With a time limit, what the first run gets of it, at most, and what the others get of what is left: LKH looks at the
#: clock between trials.
QUICK, IN_TIME = 0.3, 0.95


class LkhSolver:
    """LKH behind our protocol, for tours: one vehicle, one route, home again. An iteration is one of LKH's runs.

    It has to be named: LKH's licence allows no commercial use. Every run has a seed of its own, and the cheapest of all
    tours counts. LKH computes in whole numbers: `unit` in the provenance is what one of them costs, `exact` whether all
    costs are multiples of it. Tours are compared by their costs before any rounding, with that of the nearest neighbour
    among them.

    Runs cannot be stopped, but their process is killed when the time is up, and with it what the last one had found.
    With a time limit the first run therefore leaves out LKH's search for the best candidates, which takes seconds where
    there are hundreds of places, and gets a part of the time only.
    """

    name = "lkh"

    def unsupported(self, problem: Problem) -> list[Fault]:
        """Faults for all that makes a problem more than a tour."""
        first, *others = problem.vehicle_types
        allowed = problem.profiles[first.profile].allowed
        heaviest = (problem.delivery + problem.pickup).sum(axis=0).tolist()
        windows = {problem.depots[first.start_depot].tw, first.tw, *(client.tw for client in problem.clients)}
        mixed = problem.backhaul == "last" and problem.delivery.any() and problem.pickup.any()
        features = {
            "several vehicles": bool(others) or first.num_available != 1,
            "routes that do not end where they start": first.end_depot != first.start_depot,
            "loads that may not fit on one trip": any(map(exceeds, heaviest, first.capacity)),
            "reloads": bool(first.reload_depots),
            "time windows": windows != {ALWAYS},
            "limits of distance": math.isfinite(first.max_distance),
            "limits of duration": math.isfinite(first.max_duration),
            "allowed clients": allowed is not None and not allowed.all(),
            "optional clients": not problem.required.all(),
            "shipments": bool(problem.shipments),
            "deliveries before pickups": bool(mixed),
        }
        return [cannot(self.name, feature, OTHERS) for feature, there in features.items() if there]

    def run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        """Run LKH until `stop` says so or until Ctrl-C."""
        tours, provenance = _Tours(_arcs(problem), _besides(problem)), {"lkh": "enumerated"}
        try:
            if len(tours.arcs) <= FEW:
                tours.enumerate(stop)
            else:
                tours.search(stop, seed)
                provenance["lkh"] = f"elkai {metadata.version('elkai')}"
        except KeyboardInterrupt:
            provenance["interrupted"] = "yes"
        provenance |= {"unit": f"{1 / tours.scale.factor:.9g}", "exact": "yes" if tours.scale.exact else "no"}
        visits = tuple((tours.best[1:] + problem.num_depots - 1).tolist())
        return Outcome(Solution((Route(visits),)), tours.runs, tours.cost, 1e-9, tuple(tours.history), provenance)


class _Tours:
    """The best tour so far through all places, from the depot, 0; `besides`: what any tour costs more than its arcs."""

    def __init__(self, arcs: Floats, besides: float) -> None:
        self.began, self.arcs, self.besides = time.perf_counter(), arcs, besides
        self.runs, self.length, self.history = 0, math.inf, list[tuple[float, float]]()
        self._offer(nearest(arcs))
        self.scale = self._finest()

    @property
    def cost(self) -> float:
        return self.length + self.besides

    def enumerate(self, stop: Running) -> None:
        """All tours; the only iteration."""
        if stop(self.cost):
            return
        for order in permutations(range(1, len(self.arcs))):
            self._offer(np.array((0, *order)))
        self.runs = 1

    def search(self, stop: Running, seed: int) -> None:
        """LKH's tours, run after run."""
        while self._search(stop, seed):
            self.scale = self._finest()

    def _search(self, stop: Running, seed: int) -> bool:
        """Until it is time to stop, or until a tour allows for a finer scale, which is the answer."""
        whole = self.scale.up(self._bounded())
        precision = 10 ** max(0, min(PRECISION, power_below(ROOM, float(whole.max()))))
        with LkhProcess(_as_text(whole)) as lkh:
            while not stop(self.cost):
                seconds, before = stop.seconds_left(), self.length
                found = lkh.run(self._parameters(seed + self.runs, precision, seconds), seconds)
                if found is None:
                    return False
                self.runs += 1
                if len(set(found)) == len(self.arcs):  # else its time was up before its first tour
                    self._offer(np.array(found) - 1)
                if self.length < before and not self.scale.exact and self._finest().factor > self.scale.factor:
                    return True
        return False

    def _bounded(self) -> Floats:
        """Costs of arcs, but none above that of the best tour: it has no place in a better one, dear as it may be."""
        return np.minimum(self.arcs, self.length)

    def _finest(self) -> Scale:
        """The scale for the costs of arcs."""
        bounded = self._bounded()
        largest = float(bounded.max())
        return scale(bounded.ravel(), math.floor(math.log10(ROOM / largest)) if largest else 0)

    def _parameters(self, seed: int, precision: int, seconds: float) -> str:
        lines = {"RUNS": 1, "SEED": seed, "PRECISION": precision, "PROBLEM_FILE": ":stdin:"}
        if math.isfinite(seconds):
            first = {"SUBGRADIENT": "NO", "TIME_LIMIT": QUICK * seconds}
            lines |= {"TOTAL_TIME_LIMIT": IN_TIME * seconds} if self.runs else first
        return "".join(f"{name} = {value}\n" for name, value in lines.items())

    def _offer(self, tour: NDArray[np.intp]) -> None:
        length = float(self.arcs[tour, np.roll(tour, -1)].sum())
        if length < self.length:
            self.length, self.best = length, np.roll(tour, -int(tour.argmin()))
            self.history.append((time.perf_counter() - self.began, self.cost))


def nearest(arcs: Floats) -> NDArray[np.intp]:
    """The tour [N] from place 0 that always goes on to the nearest place that is left."""
    tour, left = [0], np.where(np.arange(len(arcs)) == 0, np.inf, 0.0)
    for _ in range(len(arcs) - 1):
        tour.append(int((arcs[tour[-1]] + left).argmin()))
        left[tour[-1]] = np.inf
    return np.array(tour)


def _arcs(problem: Problem) -> Floats:
    """Cost [1 + n, 1 + n] of the ways between the vehicle's depot and the clients; nobody waits."""
    vehicle = problem.vehicle_types[0]
    places = np.r_[vehicle.start_depot, problem.num_depots : problem.num_locations]
    ends = places[:, None], places[None, :], vehicle.profile
    arcs = vehicle.unit_distance_cost * problem.distance(*ends)
    if vehicle.unit_duration_cost:
        arcs = arcs + vehicle.unit_duration_cost / vehicle.speed * problem.duration(*ends)
    arcs[np.diag_indices_from(arcs)] = 0.0
    return np.asarray(arcs)


def _besides(problem: Problem) -> float:
    """What any tour costs beside its arcs: the vehicle, service, and visits to clients it does not like."""
    vehicle = problem.vehicle_types[0]
    liking = problem.profiles[vehicle.profile].preference
    dislike = 0.0 if liking is None else problem.preference_weight * float((1.0 - liking).sum())
    return vehicle.fixed_cost + vehicle.unit_duration_cost * float(problem.service.sum()) + dislike


def _as_text(matrix: Ints) -> str:
    """The problem as LKH reads it (TSPLIB)."""
    kind = "TSP" if (matrix == matrix.T).all() else "ATSP"
    rows: Iterable[str] = (" ".join(map(str, row)) for row in matrix.tolist())
    header = f"TYPE : {kind}\nDIMENSION : {len(matrix)}\nEDGE_WEIGHT_TYPE : EXPLICIT\nEDGE_WEIGHT_FORMAT : FULL_MATRIX"
    return "\n".join((header, "EDGE_WEIGHT_SECTION", *rows, ""))
