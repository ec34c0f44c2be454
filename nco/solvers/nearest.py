"""Nearest neighbour: always on to the nearest client that the environment allows, home when there is none."""

from __future__ import annotations

import math

import torch
from tensordict import TensorDict

from nco.envs.constraints.backhaul import Backhaul
from nco.envs.constraints.load import Load
from nco.envs.constraints.route_limit import RouteLimit
from nco.envs.constraints.time_windows import TimeWindows
from nco.envs.constraints.zones import Zones
from nco.envs.generators.unified import completed
from nco.envs.instances import fleet_size, onward, to_routes
from nco.envs.routing import RoutingEnv, State
from nco.errors import Fault
from nco.problem import ALWAYS, Problem
from nco.solution import Solution
from nco.solvers.base import Outcome, cannot
from nco.solvers.features import unknown
from nco.solvers.neural import at_most, most_routes, placed, seen, servable
from nco.stop import Running

OTHERS = "solver='pyvrp' or solver='ortools'"
#: What the environment takes into account, as attributes of instances.
SEES = frozenset({"distance", "open", "pickup", "opens", "max_distance", "allowed", "unit_cost", "penalty", "reloads"})


class NearestSolver:
    """One greedy construction by distance alone, a baseline: no seed, no second thought. It is the only iteration.

    The vehicle whose depot is nearest to a client that is left sets out to it. Who is left when no vehicle can go on
    stays unassigned, and the result says so.
    """

    name = "nearest"

    def unsupported(self, problem: Problem) -> list[Fault]:
        """Faults for what the environment has no place for."""
        features = unknown(problem, SEES)
        if _bounded(problem) and any(v.reload_depots for v in problem.vehicle_types):
            features.append("reloads within limits of time or distance")
        return [cannot(self.name, feature, OTHERS) for feature in features]

    def run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        """Construct routes, as far as one gets before the time is up."""
        bounds = [TimeWindows(), RouteLimit()] if _bounded(problem) else []
        env = RoutingEnv([Load(), Backhaul(), Zones(), *bounds])
        clients, alone = servable(problem, env)
        stop(math.inf)
        if not clients:
            return Outcome(Solution(at_most(most_routes(problem), alone)), 1)
        instances = completed(seen(problem, clients))
        routes = placed(problem, clients, to_routes(instances, _path(env, instances, stop)))
        return Outcome(Solution(at_most(most_routes(problem), [*routes, *alone])), 1)


@torch.inference_mode()
def _path(env: RoutingEnv, instances: TensorDict, stop: Running) -> list[int]:
    """Nodes in the order in which vehicles come to them."""
    state, path = env.reset(instances, 1), list[int]()
    token = torch.arange(fleet_size(instances))[None]
    ways = onward(instances, token, token, "distance")[0]  # [M, N] from the depots
    while not bool(env.done(state)) and stop.seconds_left() and len(path) < env.max_steps(instances):
        path.append(_next(env, instances, state, ways))
        state = env.step(instances, state, torch.tensor([[path[-1]]]))
    return path


def _next(env: RoutingEnv, instances: TensorDict, state: State, ways: torch.Tensor) -> int:
    """The nearest client that may be next; from a depot, a vehicle whose depot is nearer to one that it can serve.

    When no client may be next: another vehicle that has one, else the vehicle's own depot.
    """
    fleet = len(ways)
    mask, vehicles = env.action_mask(instances, state)[0, 0], state.vehicles
    way = onward(instances, vehicles.current, vehicles.active, "distance")[0, 0]
    ahead = way.masked_fill(~mask, math.inf)[fleet:]
    useful = state.could[0] & ~state.visited[0, 0]
    nearest = ways.masked_fill(~useful, math.inf)[:, fleet:].amin(dim=1)
    nearest[int(vehicles.active)] = math.inf  # it has its say as the one that is ahead
    nearest = nearest.masked_fill(~mask[:fleet], math.inf)
    if min(ahead.min(), nearest.min()) == math.inf:
        return int(vehicles.active)
    return fleet + int(ahead.argmin()) if ahead.min() <= nearest.min() else int(nearest.argmin())


def _bounded(problem: Problem) -> bool:
    """Whether time or distance may end a route."""
    far = any(vehicle.max_distance < math.inf for vehicle in problem.vehicle_types)
    return far or bool((problem.tw != ALWAYS).any()) or any(v.tw != ALWAYS for v in problem.vehicle_types)
