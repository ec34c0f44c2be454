"""The process loses no solution: on tiny problems its best episode is the best solution that the checker accepts."""

from collections.abc import Iterator
from itertools import combinations, permutations, product

import pytest
import torch

import nco
from nco.envs.constraints.capacity import Capacity
from nco.envs.constraints.route_limit import RouteLimit
from nco.envs.constraints.time_windows import TimeWindows
from nco.envs.generators.fleet import Fleet
from nco.envs.generators.profiles import Preferences
from nco.envs.generators.trips import Trips
from nco.envs.instances import fleet_size, to_problems, to_routes
from nco.envs.presets import Preset, preset
from nco.envs.routing import RoutingEnv

NAMES = ("tsp", "atsp", "pdp", "cvrp", "ovrpbltw", "vrpmbtw", "vrptw_shifts", "pcvrp", "pdptw", "rcvrptw", "ratsp")
SMALL = {
    "cvrp_reloads": Preset(RoutingEnv([Capacity(), RouteLimit()]), Trips(vehicles=2)),
    "vrptw_reloads": Preset(RoutingEnv([Capacity(), TimeWindows()]), Trips(timed=True, vehicles=2)),
    "hcvrp_max": Preset(RoutingEnv([Capacity()], "max"), Fleet(vehicles=2, smallest=9, largest=12)),
    "pvrp_p": Preset(RoutingEnv([Capacity()]), Preferences(vehicles=2)),
}


@pytest.mark.parametrize("name", [*NAMES, *SMALL])
def test_the_best_episode_is_the_best_solution(name):
    chosen = SMALL[name] if name in SMALL else preset(name)
    size = 4 if name.startswith("pd") else 3
    instances = chosen.generator(1, size, torch.Generator().manual_seed(2))
    (problem,) = to_problems(instances, chosen.env.objective)
    reports = (nco.check(problem, to_routes(instances, path)) for path in paths(fleet_size(instances), size))
    best = min(report.cost.total for report in reports if report.is_feasible())
    assert float(cheapest(chosen.env, instances) * instances["scale"]) == pytest.approx(best, rel=1e-5)


def paths(fleet: int, size: int) -> Iterator[list[int]]:
    """All orders of all choices of clients, cut into routes in all ways, of all vehicles."""
    for count in range(size + 1):
        for chosen in combinations(range(fleet, fleet + size), count):
            for order in permutations(chosen):
                for tokens in product([None, *range(fleet)], repeat=count):  # who begins a route with each client
                    if not tokens or tokens[0] is not None:
                        legs = zip(tokens, order, strict=True)
                        yield [node for token, client in legs for node in (token, client) if node is not None]


def cheapest(env: RoutingEnv, instances) -> torch.Tensor:
    """Lowest cost [1] of all episodes, found by trying all actions."""
    costs, begun = [], torch.zeros(1, 1, 0, dtype=torch.long)
    for _ in range(env.max_steps(instances) + 1):
        state = env.reset(instances, begun.shape[1])
        for action in begun.unbind(-1):
            state = env.step(instances, state, action)
        over = env.done(state)
        costs.append(env.cost(instances, begun)[over] if begun.shape[-1] else begun.new_zeros(0))
        _, path, node = (env.action_mask(instances, state) & ~over[..., None]).nonzero(as_tuple=True)
        begun = torch.cat([begun[:, path], node[None, :, None]], dim=-1)
    assert not begun.numel()
    return torch.cat(costs).min()
