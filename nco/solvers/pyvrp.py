"""PyVRP (Wouda, Lan and Kool 2024): iterated local search on our problem, in whole numbers."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import numpy as np
import pyvrp
from numpy.typing import NDArray
from pyvrp.exceptions import PenaltyBoundWarning

from nco.errors import Fault
from nco.problem import Floats, Problem, Shipment, VehicleType
from nco.shifts import is_usable
from nco.solution import Route, Solution
from nco.solvers.base import Outcome, cannot, without_idle_reloads
from nco.solvers.integers import Integers
from nco.solvers.scale import SLACK, Ints
from nco.stop import Running

#: PyVRP's word for a window that does not close: it then leaves time out of its moves.
NEVER = np.iinfo(np.int64).max
#: All violations of a kind times their penalty stay below.
PENALTY_ROOM = 1e18

VERSION = {"pyvrp": metadata.version("pyvrp")}


class PyvrpSolver:
    """PyVRP behind our protocol. An iteration is one of its iterated local search.

    PyVRP keeps two sums along a route: one with a price and a limit (distance), one with windows, a price and a limit
    (duration). The first is the cost of the arcs here. What must not be driven (into a client that is not allowed, from
    a pickup to a delivery with backhaul="last") costs more than any solution. An open end is a depot that is nowhere.
    A shipment of PyVRP stands for both its clients.
    """

    name = "pyvrp"

    def unsupported(self, problem: Problem) -> list[Fault]:
        """Faults for the four things that PyVRP's model has no room for."""
        delivers, picks = _loaded(problem)
        ends = [end for shipment in problem.shipments for end in (shipment.pickup, shipment.delivery)]
        features = {
            "objective='max'": problem.objective == "max",
            "a maximum distance along with preferences": any(
                math.isfinite(v.max_distance) and _prefers(problem, v) for v in problem.vehicle_types
            ),
            "a client without a load of its own along with backhaul='last'": problem.backhaul == "last"
            and bool(delivers.any() and picks.any() and not (delivers | picks).all()),
            "a delivery or pickup of its own at an end of a shipment": bool((delivers | picks)[ends].any()),
        }
        return [cannot(self.name, feature, "solver='ortools'") for feature, present in features.items() if present]

    def run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        """Solve until `stop` says so, or until Ctrl-C once there is a solution, which may be infeasible."""
        units = Integers(problem)
        kinds = [kind for kind, vehicle in enumerate(problem.vehicle_types) if is_usable(problem, vehicle)]
        if not kinds:
            return Outcome(Solution(()), 0, provenance=VERSION)
        data, search = _translate(units, kinds), _Search(units, stop)
        ils = pyvrp.IteratedLocalSearchParams(callbacks=search)
        params = pyvrp.SolveParams(ils=ils, penalty=_penalties(units))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PenaltyBoundWarning)  # the checker says what is infeasible
                pyvrp.solve(data, search, seed, collect_stats=False, display=False, params=params)
        except KeyboardInterrupt:
            if search.best is None:
                raise
        solution = _routes(problem, data, search.best, kinds)
        return Outcome(
            solution,
            search.iterations,
            search.cost if math.isfinite(search.cost) else None,
            units.tolerance(solution, search.cost),
            tuple(search.history),
            VERSION,
        )


class _Search(pyvrp.IteratedLocalSearchCallbacks):
    """Follows PyVRP's search: the best solution, its cost and when it was found. Called, it says when to stop."""

    def __init__(self, units: Integers, running: Running) -> None:
        self.began, self.units, self.running = time.perf_counter(), units, running
        self.best: Any = None
        self.cost, self.iterations = math.inf, 0
        self.history: list[tuple[float, float]] = []
        self._evaluator = pyvrp.CostEvaluator([0.0] * units.problem.num_load_dimensions, 0.0, 0.0)
        prizes = units.prizes()
        self._left_out = sum(prizes[shipment.pickup] + prizes[shipment.delivery] for shipment in _late(units))

    def __call__(self, best_cost: int) -> bool:
        return self.running(self.units.price(best_cost + self._left_out))

    def on_start(self, ils: Any) -> None:
        self.on_best(ils.initial_solution)

    def on_best(self, best: Any) -> None:
        self.best, self.cost = best, self.units.price(self._evaluator.cost(best) + self._left_out)
        if math.isfinite(self.cost):
            self.history.append((time.perf_counter() - self.began, self.cost))

    def on_iteration(self, *_: Any) -> None:
        self.iterations += 1


def _prefers(problem: Problem, vehicle: VehicleType) -> bool:
    return problem.preference_weight > 0 and problem.profiles[vehicle.profile].preference is not None


def _penalties(units: Integers) -> pyvrp.PenaltyParams:
    """PyVRP's own, but as large beside costs as they are when costs, times and loads have units of like size.

    No violation times its penalty may leave 64 bits: PyVRP's search would then never end.
    """
    usual = pyvrp.PenaltyParams.max_penalty
    return pyvrp.PenaltyParams(max_penalty=min(usual * units.fineness, PENALTY_ROOM / max(1.0, *units.largest_sums)))


def _translate(units: Integers, kinds: Sequence[int]) -> pyvrp.ProblemData:
    """The problem with vehicles of these kinds in PyVRP's terms.

    Our locations and depots keep their numbers; one more of each is where open ends go.
    """
    problem, fleet = units.problem, [units.problem.vehicle_types[kind] for kind in kinds]
    sights = {_sight(vehicle): vehicle for vehicle in fleet}
    numbers = {sight: number for number, sight in enumerate(sights)}
    return pyvrp.ProblemData(
        [pyvrp.Location(x, y) for x, y in [*np.nan_to_num(problem.xy).tolist(), (0.0, 0.0)]],
        _clients(units),
        _depots(units),
        [_vehicle(units, vehicle, numbers[_sight(vehicle)]) for vehicle in fleet],
        [_with_nowhere(_distances(units, vehicle)) for vehicle in sights.values()],
        [_with_nowhere(units.travel(vehicle)) for vehicle in sights.values()],
        shipments=_shipments(units),
    )


def _sight(vehicle: VehicleType) -> tuple[int, float, float, float]:
    """Vehicles that agree in this share their matrices."""
    return vehicle.profile, vehicle.unit_distance_cost, vehicle.speed, vehicle.max_distance


def _clients(units: Integers) -> list[pyvrp.Client]:
    """The clients that belong to no shipment."""
    problem, first = units.problem, units.problem.num_depots
    delivery, pickup = units.loads(problem.delivery).tolist(), units.loads(problem.pickup).tolist()
    service, prizes = units.time.up(problem.service).tolist(), units.prizes()
    windows = _windows(units, problem.tw, units.lateness)
    return [
        pyvrp.Client(
            first + k,
            delivery[k],
            pickup[k],
            service[first + k],
            *windows[first + k],
            prize=0 if client.required else prizes[k],
            required=client.required,
        )
        for k, client in enumerate(problem.clients)
        if first + k not in problem.shipment_at
    ]


def _shipments(units: Integers) -> list[pyvrp.Shipment]:
    """The shipments that are not late; leaving one out costs the prizes of both its clients."""
    problem, prizes, late = units.problem, units.prizes(), _late(units)
    service, windows = units.time.up(problem.service).tolist(), _windows(units, problem.tw, units.lateness)
    shipments = []
    for shipment, load in zip(problem.shipments, units.loads(problem.shipment_load).tolist(), strict=True):
        if shipment in late:
            continue
        start, end = (problem.num_depots + client for client in (shipment.pickup, shipment.delivery))
        times = *windows[start], service[start], *windows[end], service[end]
        required = problem.clients[shipment.pickup].required
        prize = 0 if required else prizes[shipment.pickup] + prizes[shipment.delivery]
        shipments.append(pyvrp.Shipment(start, end, *times, load, prize, required))
    return shipments


def _late(units: Integers) -> list[Shipment]:
    """Shipments whose delivery closes before their pickup opens: no route serves them, and PyVRP does not take them."""
    first, windows = units.problem.num_depots, _windows(units, units.problem.tw, units.lateness)
    return [s for s in units.problem.shipments if windows[first + s.delivery][1] < windows[first + s.pickup][0]]


def _depots(units: Integers) -> list[pyvrp.Depot]:
    count = units.problem.num_depots
    windows = _windows(units, units.problem.tw[:count])
    return [*(pyvrp.Depot(k, *windows[k]) for k in range(count)), pyvrp.Depot(units.problem.num_locations)]


def _vehicle(units: Integers, vehicle: VehicleType, profile: int) -> pyvrp.VehicleType:
    problem, options = units.problem, dict[str, Any]()
    if math.isfinite(vehicle.max_distance):
        options["max_distance"] = _farthest(units, vehicle)
        options["unit_distance_cost"] = int(vehicle.unit_distance_cost > 0)
    if math.isfinite(vehicle.max_duration):
        options["shift_duration"] = units.time.limit(vehicle.max_duration, units.latest)
    if vehicle.max_reloads is not None:
        options["max_reloads"] = vehicle.max_reloads
    early, late = _windows(units, np.array([vehicle.tw]))[0]
    return pyvrp.VehicleType(
        min(vehicle.num_available or problem.num_clients, problem.num_clients),
        units.capacity(vehicle),
        vehicle.start_depot,
        problem.num_depots if vehicle.end_depot is None else vehicle.end_depot,
        int(units.cost.up(vehicle.fixed_cost)),
        early,
        late,
        unit_duration_cost=units.rate(vehicle),
        profile=profile,
        reload_depots=list(vehicle.reload_depots),
        **options,
    )


def _farthest(units: Integers, vehicle: VehicleType) -> int:
    """The limit of the route's distance in PyVRP's sense: the arcs' costs, or lengths where they cost nothing."""
    if vehicle.unit_distance_cost > 0:
        return units.cost.limit(vehicle.max_distance, units.farthest, vehicle.unit_distance_cost)
    return units.distance.limit(vehicle.max_distance, units.farthest)


def _distances(units: Integers, vehicle: VehicleType) -> Ints:
    """What PyVRP takes for distances [N, N]: costs of arcs, or their lengths where they only count for a limit."""
    limited = math.isfinite(vehicle.max_distance)
    matrix = units.lengths(vehicle) if limited and not vehicle.unit_distance_cost else units.arcs(vehicle)
    matrix[_forbidden(units.problem, vehicle)] = _farthest(units, vehicle) + 1 if limited else units.big
    np.fill_diagonal(matrix, 0)
    return matrix


def _forbidden(problem: Problem, vehicle: VehicleType) -> NDArray[np.bool_]:
    """Arcs [N, N] bool that this vehicle must not drive."""
    first = problem.num_depots
    forbidden = np.zeros((problem.num_locations, problem.num_locations), dtype=bool)
    permitted = problem.profiles[vehicle.profile].allowed
    if permitted is not None:
        forbidden[:, first:] = ~permitted
    if problem.backhaul == "last":
        delivers, picks = _loaded(problem)
        forbidden[first:, first:] |= picks[:, None] & delivers[None, :]
    return forbidden


def _loaded(problem: Problem) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which clients [n] get a delivery, and which have something picked up."""
    delivers, picks = ((amounts > 0).sum(axis=1) > 0 for amounts in (problem.delivery, problem.pickup))
    return delivers, picks


def _windows(units: Integers, windows: Floats, late: Floats | float = SLACK) -> list[tuple[int, int]]:
    """Whole windows from [k, 2], closing `late`; one that rounding would turn round keeps its opening time."""
    opens = units.time.up(windows[:, 0])
    closes = np.maximum(opens, units.time.closing(windows[:, 1], units.latest, late))
    closes[np.isinf(windows[:, 1])] = NEVER
    return list(zip(opens.tolist(), closes.tolist(), strict=True))


def _with_nowhere(matrix: Ints) -> Any:
    """The matrix and one more location at distance zero from all."""
    return np.pad(matrix, (0, 1))


def _routes(problem: Problem, data: pyvrp.ProblemData, best: Any, kinds: Sequence[int]) -> Solution:
    """Our solution from PyVRP's; locations have the same numbers in both."""
    routes = []
    for route in best.routes():
        visits = tuple(_location(data, stop) for stop in list(route)[1:-1])
        routes.append(without_idle_reloads(problem, Route(visits, kinds[route.vehicle_type()])))
    return Solution(tuple(routes))


def _location(data: pyvrp.ProblemData, stop: Any) -> int:
    if stop.is_shipment():
        shipment = data.shipment(stop.idx)
        return int((shipment.pickup if stop.is_pickup() else shipment.delivery).location)
    return int((data.client(stop.idx) if stop.is_client() else data.depot(stop.idx)).location)
