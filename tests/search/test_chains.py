import time
from dataclasses import replace
from math import inf

import pytest
from brute_force import best_cost
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import any_problem, good_routes
from random_problems import random_problem

import nco
from nco import Client, Depot, Problem, Solution, VehicleType, check
from nco.search import chains
from nco.search.chains import HEAT, HEAT_OF_KINDS, Search
from nco.search.data import to_solution, unsupported
from nco.stop import MaxIterations, MaxRuntime

NOTHING = Solution(())


def many(size: int) -> Problem:
    """Clients with demands, and as many vehicles of several kinds as they need."""
    problem = random_problem(7, ("loads", "fleet", "fixed"), size)
    return replace(problem, vehicle_types=tuple(replace(v, num_available=None) for v in problem.vehicle_types))


@pytest.fixture(scope="module")
def town() -> Problem:
    return many(60)


def costs(search: Search, iterations: int) -> list[float]:
    return list(search.run(MaxIterations(iterations).start()))


@pytest.mark.parametrize("features", [("loads", "fleet", "depots"), ("loads", "fleet", "reloads", "profiles")])
@pytest.mark.parametrize("seed", range(3))
def test_the_least_largest_total_by_brute_force_is_found(seed, features):
    drawn = (replace(random_problem(k, features, 5), objective="max") for k in range(100 * seed, 100 * seed + 100))
    problem = next(problem for problem in drawn if not unsupported(problem) and best_cost(problem) < inf)
    search = Search(problem, NOTHING, 1, 2)
    assert costs(search, 3)[-1] == pytest.approx(best_cost(problem))
    assert check(problem, search.best()).cost.total == pytest.approx(best_cost(problem))


def test_vehicles_share_the_work_where_the_largest_total_counts():
    clients = tuple(Client(x, 1.0, (1.0,)) for x in (-3.0, -2.0, 2.0, 3.0))
    fleet = tuple(VehicleType(1, (1.0,), reload_depots=(0,), unit_distance_cost=price) for price in (1.0, 1.2))
    problem = Problem((Depot(0.0, 0.0),), clients, fleet)
    used = [{route.vehicle_type for route in nco.solve(p, "search", MaxIterations(2)).routes}
            for p in (problem, replace(problem, objective="max"))]  # fmt: skip
    assert used == [{0}, {0, 1}]


def test_the_same_seed_and_number_of_chains_give_the_same_solution_and_others_another_one():
    first, again, seed, more = (Search(many(150), NOTHING, *choice) for choice in ((1, 2), (1, 2), (2, 2), (1, 3)))
    history = costs(first, 3)
    assert costs(again, 3) == history
    assert again.best() == first.best()
    assert costs(seed, 3) != history
    assert costs(more, 3) != history


def test_costs_fall_to_that_of_the_checker(town):
    search = Search(town, NOTHING, 1, 2)
    found = costs(search, 4)
    assert found == sorted(found, reverse=True)
    report = check(town, search.best())
    assert report.is_feasible()
    assert found[-1] == search.cost == pytest.approx(report.cost.total)
    assert search.rounds == 4
    assert search.ruins == 4 * 2 * chains.ROUND


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_a_start_is_never_made_worse(seed):
    problem = any_problem(seed)
    start = to_solution(problem, good_routes(problem, seed))
    search = Search(problem, start, seed, 1)
    before = search.cost
    costs(search, 1)
    assert search.cost <= before + 1e-9
    report = check(problem, search.best())
    assert {violation.rule for violation in report.violations} <= {"visits"}
    assert search.cost == inf if report.violations else search.cost == pytest.approx(report.cost.total)


def test_a_good_solution_is_where_the_next_search_goes_on(town):
    found = Search(town, NOTHING, 1, 2)
    costs(found, 5)
    assert Search(town, found.best(), 2, 1).cost == pytest.approx(found.cost)


def test_however_dear_vehicles_are_the_cost_of_a_complete_solution_is_told():
    clients = tuple(Client(1.0, float(k), (1.0,)) for k in range(30))
    dear = Problem((Depot(0.0, 0.0),), clients, (VehicleType(fixed_cost=1e6, capacity=(1.0,)),))
    assert 30e6 < costs(Search(dear, NOTHING, 1, 1), 1)[-1] < 31e6


def test_clients_without_a_vehicle_make_the_cost_infinite(town):
    few = replace(town, vehicle_types=(replace(town.vehicle_types[0], num_available=1),))
    search = Search(few, NOTHING, 1, 1)
    assert costs(search, 1) == []
    assert search.cost == inf
    assert len(search.best().routes) == 1


@pytest.mark.parametrize(("prices", "heat"), [([(1.0, 0.0)], HEAT), ([(0.0, 1.0)], HEAT),
                                              ([(1.0, 0.0), (0.0, 1.0)], HEAT_OF_KINDS)])  # fmt: skip
def test_temperatures_fall_from_hot_to_cold_in_the_unit_of_what_has_a_price(monkeypatch, prices, heat):
    kinds = tuple(VehicleType(unit_distance_cost=way, unit_duration_cost=time) for way, time in prices)
    street = Problem((Depot(0.0, 0.0),), tuple(Client(3.0 * k, 0.0) for k in range(3)), kinds)
    heats = []
    monkeypatch.setattr(chains, "anneal", lambda chain, size, heat: heats.append(heat))
    costs(Search(street, NOTHING, 1, 1), 101)
    assert heats == sorted(heats, reverse=True)
    unit = (3 + 6 + 3 + 3 + 6 + 3) / 6
    assert (heats[0], heats[-1]) == pytest.approx((unit * heat[0], unit * heat[1]), rel=0.05)


def test_the_worst_chain_goes_on_from_the_best(monkeypatch, town):
    found = Search(town, NOTHING, 1, 1)
    costs(found, 1)
    search = Search(town, NOTHING, 1, 3)
    chains._load(search.chains[1], chains._routes(found.chains[0]))
    before = [chains._cost(chain) for chain in search.chains]
    monkeypatch.setattr(chains, "anneal", lambda chain, size, heat: None)
    costs(search, 2)
    after = [chains._cost(chain) for chain in search.chains]
    assert sum(cost == pytest.approx(found.cost) for cost in before) == 1
    assert sum(cost == pytest.approx(found.cost) for cost in after) == 2


class Clock:
    """A time of its own, and a stop by it."""

    def __init__(self, limit: float) -> None:
        self.now, self.limit = 0.0, limit

    def perf_counter(self) -> float:
        return self.now

    def seconds_left(self) -> float:
        return max(0.0, self.limit - self.now)

    def progress(self) -> float:
        return self.now / self.limit

    def __call__(self, best_cost: float) -> bool:
        return self.seconds_left() < 1e-9


def test_rounds_are_as_long_as_the_time_that_is_left(monkeypatch, town):
    clock, sizes = Clock(0.35), []

    def anneal(chain, size, heat):
        sizes.append(size)
        clock.now += size * 2e-4

    monkeypatch.setattr(chains, "anneal", anneal)
    monkeypatch.setattr(chains, "time", clock)
    list(Search(town, NOTHING, 1, 1).run(clock))
    assert sizes[:4] == [chains.ROUND, chains.ROUND, chains.ROUND, pytest.approx(chains.ROUND / 2, abs=1)]
    assert clock.now == pytest.approx(0.35, abs=3e-4)


def test_the_time_limit_holds_with_a_thousand_clients():
    large = many(1000)
    search, began = Search(large, NOTHING, 1), time.perf_counter()
    list(search.run(MaxRuntime(1.0).start()))
    assert 0.9 <= time.perf_counter() - began <= 2.0  # other programs want the cores too
    assert check(large, search.best()).is_feasible()


def test_there_is_a_chain_for_each_core_by_default(monkeypatch, town):
    monkeypatch.setattr(chains, "cores", lambda: 3)
    assert len(Search(town, NOTHING, 1).chains) == 3
