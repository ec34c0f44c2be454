"""What PyVRP and OR-Tools say about given routes: their own verdict and cost, in the user's unit."""

from collections.abc import Callable
from math import inf

import pyvrp
from ortools.constraint_solver import pywrapcp

from nco import Problem, Route
from nco.shifts import is_usable
from nco.solvers.integers import Integers
from nco.solvers.ortools_model import Model
from nco.solvers.pyvrp import _late, _translate

Evaluate = Callable[[list[Route]], float | None]


def by_pyvrp(problem: Problem) -> Evaluate:
    """A function of routes: their cost by PyVRP's Solution, infinite when infeasible, None when it cannot say."""
    units = Integers(problem)
    kinds = [kind for kind, vehicle in enumerate(problem.vehicle_types) if is_usable(problem, vehicle)]
    if not kinds:
        return lambda routes: inf
    data = _translate(units, kinds)
    evaluator = pyvrp.CostEvaluator([0.0] * problem.num_load_dimensions, 0.0, 0.0)

    prizes = units.prizes()
    left_out = sum(prizes[shipment.pickup] + prizes[shipment.delivery] for shipment in _late(units))
    kind, activities = pyvrp.ActivityType, dict[int, pyvrp.Activity]()
    for number in range(data.num_depots):
        activities[data.depot(number).location] = pyvrp.Activity(kind.DEPOT, number)
    for number in range(data.num_clients):
        activities[data.client(number).location] = pyvrp.Activity(kind.CLIENT, number)
    for number, shipment in enumerate(data.shipments()):
        activities[shipment.pickup.location] = pyvrp.Activity(kind.PICKUP, number)
        activities[shipment.delivery.location] = pyvrp.Activity(kind.DELIVERY, number)

    def evaluate(routes: list[Route]) -> float | None:
        try:
            theirs = [pyvrp.Route(data, [activities[v] for v in r.visits], kinds.index(r.vehicle_type)) for r in routes]
            solution = pyvrp.Solution(data, theirs)
        except (RuntimeError, ValueError, KeyError):  # too many vehicles or trips, vehicles of no use, broken pairs
            return inf
        return units.price(evaluator.cost(solution) + left_out)

    return evaluate


def by_ortools(problem: Problem) -> Evaluate:
    """The same by the assignment that OR-Tools makes from the routes; None when its model has too few reloads."""
    model = Model(Integers(problem), every_vehicle=True)
    if model.kinds:
        model.routing.CloseModelWithParameters(pywrapcp.DefaultRoutingSearchParameters())

    def evaluate(routes: list[Route]) -> float | None:
        free = {kind: [k for k, other in enumerate(model.kinds) if other == kind] for kind in set(model.kinds)}
        copies = [(int(model.places[node]), node) for node in model.copies] if model.kinds else []
        paths: list[list[int]] = [[] for _ in model.kinds]
        for route in routes:
            if not free.get(route.vehicle_type):
                return inf
            path = paths[free[route.vehicle_type].pop(0)]
            for place in route.visits:
                node = place - problem.num_depots
                if node < 0:
                    left = [copy for copy in copies if copy[0] == place]
                    if not left:
                        return None
                    copies.remove(left[0])
                    node = left[0][1]
                path.append(model.manager.NodeToIndex(node))
        assignment = model.routing.ReadAssignmentFromRoutes(paths, False)
        return inf if assignment is None else model.units.price(_objective(model, assignment))

    return evaluate


def _objective(model: Model, assignment: pywrapcp.Assignment) -> int:
    """What the assignment costs; with objective="max" OR-Tools minimises a little more than that."""
    if model.problem.objective == "sum":
        return int(assignment.ObjectiveValue())
    costs, prizes = model.routing.GetDimensionOrDie("cost"), model.units.prizes()
    clients = [model.manager.NodeToIndex(client) for client in range(model.problem.num_clients)]
    left_out = [prizes[k] for k, index in enumerate(clients) if assignment.Value(model.routing.NextVar(index)) == index]
    ends = [costs.CumulVar(model.routing.End(number)) for number in range(len(model.kinds))]
    return sum(left_out) + max(map(assignment.Value, ends))
