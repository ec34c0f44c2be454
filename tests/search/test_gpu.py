"""Ruin & recreate in the kernel, here in Triton's interpreter, beside brute force and the checker."""

from dataclasses import replace

import pytest
from brute_force import best_cost
from random_problems import in_pairs, random_problem, random_routes, with_shipments

import nco
from nco.checker import check
from nco.envs.presets import problems
from nco.reach import Reach
from nco.search import gpu, packing
from nco.search.data import SearchData, from_solution, search_data, to_solution
from nco.search.gpu import improve, judged, search
from nco.search.packing import Routes, pack, unpack, unsupported
from nco.stop import MaxIterations, MaxRuntime

#: Features that together take every branch of the kernel: cases of nco's random problems, with a seed that has them.
CASES = {
    "one load": (3, ("loads",)),
    "two loads": (5, ("two_loads", "fixed")),
    "pickups": (2, ("loads", "pickups")),
    "pickups last": (4, ("loads", "backhaul_last")),
    "windows": (1, ("loads", "windows", "shift")),
    "windows and speeds": (6, ("loads", "windows", "speed", "fleet")),
    "distance": (3, ("loads", "max_distance", "open")),
    "kinds": (5, ("loads", "fleet", "fixed", "depots", "open")),
    "views": (7, ("loads", "fleet", "profiles")),
    "preferences": (2, ("loads", "fleet", "preference", "pickups")),
    "zones": (8, ("loads", "fleet", "allowed")),
    "prices of time": (2, ("loads", "duration_cost", "profiles")),
    "prices of waiting": (3, ("loads", "windows", "duration_cost", "speed")),
    "shifts": (1, ("loads", "windows", "max_duration")),
    "drivers": (4, ("loads", "windows", "shift", "duration_cost", "max_duration", "fleet", "fixed", "depots", "open")),
    "shipments": (1, ("shipments", "loads")),
    "shipments and kinds": (4, ("shipments", "loads", "windows", "fleet", "fixed", "allowed")),
    "shipments with prizes": (3, ("shipments", "loads", "windows", "optional", "max_distance")),
    "prizes": (1, ("loads", "optional", "windows")),
    "prizes and kinds": (3, ("loads", "optional", "fleet", "fixed", "pickups")),
}  # fmt: skip


def drawn(seed: int, features: tuple[str, ...], size: int = 4) -> tuple[nco.Problem, Routes]:
    """The first problem from this seed on that the kernel handles and that has solutions, with a bad one."""
    for number in range(1000 * seed, 1000 * (seed + 1)):
        problem = random_problem(number, features, size)
        if "shipments" in features:
            problem = with_shipments(replace(problem, clients=tuple(map(bare, problem.clients))), number)
        lacking = bool({"pickups", "backhaul_last"} & {*features}) and not problem.pickup.any()
        candidates = [] if lacking or unsupported(problem) else [whole_routes(problem, k) for k in range(60)]
        reports = [report for report in (check(problem, routes) for routes in candidates) if report.is_feasible()]
        worst = max(reports, key=lambda report: report.cost.total, default=None)
        if worst is not None and worst.cost.total > 1.05 * min(report.cost.total for report in reports):
            return problem, from_solution(problem, worst.solution)
    raise LookupError(features)


def bare(client: nco.Client) -> nco.Client:
    """The client without loads of its own."""
    return replace(client, delivery=(), pickup=())


def whole_routes(problem: nco.Problem, seed: int) -> list[nco.Route]:
    """Random ones, shipments mostly whole."""
    return in_pairs(problem, random_routes(problem, seed), seed)


def alone(problem: nco.Problem) -> Routes:
    """Every client or shipment by itself, with the first kind that can serve it."""
    reaches = [Reach(problem, vehicle) for vehicle in problem.vehicle_types]
    goods = {shipment.pickup: shipment.delivery for shipment in problem.shipments}
    trips = [(k, goods[k]) if k in goods else (k,) for k in range(problem.num_clients) if k not in goods.values()]
    return [(next(kind for kind, reach in enumerate(reaches) if reach.failure(trip) is None), list(trip))
            for trip in trips]  # fmt: skip


def cost(problem: nco.Problem, routes: Routes) -> float:
    report = check(problem, to_solution(problem, routes))
    assert report.is_feasible(), report
    return report.cost.total


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_optimum_by_brute_force_is_found_with_every_constraint(case):
    problem, start = drawn(*CASES[case])
    found = search([search_data(problem)], [start], MaxIterations(1), 16, chains=1, seed=1, device="cpu")
    assert cost(problem, found.routes[0]) == pytest.approx(best_cost(problem))
    assert found.costs[0] == pytest.approx(cost(problem, found.routes[0]), rel=1e-6)


@pytest.fixture(autouse=True)
def _few_slots(monkeypatch) -> None:
    """The interpreter takes a while for every empty route."""
    monkeypatch.setattr(packing, "FEWEST", 8)
    monkeypatch.setattr(packing, "SPARE", 1)


@pytest.fixture(scope="module")
def batch() -> tuple[list[nco.Problem], list[Routes]]:
    """Problems with other constraints and of other sizes."""
    found = [drawn(2, ("loads",)), drawn(1, ("loads", "windows", "shift")), drawn(4, ("loads",), 6)]
    return [problem for problem, _ in found], [start for _, start in found]


def prepared(batch: tuple[list[nco.Problem], list[Routes]]) -> tuple[list[SearchData], list[Routes]]:
    return [search_data(problem) for problem in batch[0]], batch[1]


@pytest.mark.slow
def test_a_batch_mixes_constraints_and_sizes_and_a_seed_repeats_itself(batch):
    runs = [search(*prepared(batch), MaxIterations(1), 2, chains=2, seed=seed, device="cpu") for seed in (1, 1, 2)]
    assert runs[0].routes == runs[1].routes
    assert runs[0].routes != runs[2].routes
    assert 0 < runs[0].padding < 1
    for problem, start, routes, price in zip(*batch, runs[0].routes, runs[0].costs, strict=True):
        assert price == pytest.approx(cost(problem, routes), rel=1e-6)
        assert price <= cost(problem, start) * (1 + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("prize", [0.5, 9.0])
def test_a_client_is_left_out_and_comes_back_by_its_prize(square, prize):
    choosy = replace(square, clients=tuple(replace(c, required=False, prize=prize) for c in square.clients))
    for start in ([], [(0, [k]) for k in range(4)]):
        found = search([search_data(choosy)], [start], MaxIterations(1), 8, chains=1, seed=1, device="cpu")
        assert found.costs[0] == pytest.approx(best_cost(choosy))
        assert sum(len(clients) for _, clients in found.routes[0]) == (4 if prize > 1 else 0)


def test_time_is_kept_and_without_any_there_is_one_iteration(batch, monkeypatch):
    monkeypatch.setattr(gpu, "PROBE", 1)
    assert search(*prepared(batch), MaxRuntime(0), chains=1, device="cpu").iterations == 1
    found = search(*prepared(batch), MaxRuntime(0.5), chains=1, device="cpu")
    assert found.iterations >= 1
    assert all(cost(p, new) <= cost(p, old) for p, new, old in zip(batch[0], found.routes, batch[1], strict=True))


def test_nothing_better_gives_the_start_itself(square):
    best = [(0, [0, 1]), (0, [2, 3])]
    assert improve([square], [best], MaxIterations(1), 2, chains=1, device="cpu").routes == [best]


def test_the_checker_has_the_last_word(square):
    start, found = (nco.Solution.of(square, routes) for routes in ([[1], [2], [3], [4]], [[1, 2, 3, 4]]))
    assert judged(square, start, found).solution == start


def test_slots_give_back_the_routes_they_were_made_of(batch):
    for group in pack(*prepared(batch), "cpu"):
        at, _, kind = group.start
        assert unpack(at, kind) == [batch[1][member] for member in group.members]


def test_large_batches_are_split_where_offsets_would_not_fit(batch, monkeypatch):
    monkeypatch.setattr(packing, "ENTRIES", 100)
    assert len(pack(*prepared(batch), "cpu")) == 3


@pytest.mark.parametrize(
    ("features", "name"),
    [
        (("shipments", "loads"), "shipments along with other loads"),
        (("shipments", "two_loads"), "shipments of several loads"),
        (("shipments", "max_duration"), "shipments with prices of waiting or limits of duration"),
        (("two_loads", "pickups"), "pickups of several loads"),
        (("max_distance", "preference"), "limits of distance with preferences"),
        (("max_distance", "duration_cost"), "limits of distance with prices of time"),
    ],
)
def test_what_the_kernel_cannot_do_is_named(features, name):
    named = {feature for seed in range(30) for feature in unsupported(random_problem(seed, features, 5))}
    assert name in named


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("ovrpltw", 3),
        ("mdvrpmb", 3),
        ("rcvrptw", 3),
        ("hcvrp", 3),
        ("pvrp_zc_angle", 3),
        ("pdptw", 5),
        ("vrptw_shifts", 1),
    ],
)
def test_routes_of_presets_become_shorter_and_stay_feasible(name, seed):
    problem = problems(name, 8, 1, seed)[0]
    found = search([search_data(problem)], [alone(problem)], MaxIterations(1), 8, chains=1, seed=1, device="cpu")
    assert cost(problem, found.routes[0]) < 0.9 * cost(problem, alone(problem))
    assert found.costs[0] == pytest.approx(cost(problem, found.routes[0]), rel=1e-6)
