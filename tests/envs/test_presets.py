import numpy as np
import pytest

import nco
from nco.checker import rules
from nco.envs.presets import PRESETS, preset, problems
from nco.errors import ConfigError


def test_an_unknown_preset_is_an_error_that_names_the_nearest():
    with pytest.raises(ConfigError, match=r"C503 preset: 'vrpwt' is unknown\. Did you mean 'vrptw'"):
        preset("vrpwt")


def test_pairs_need_an_even_number_of_clients():
    with pytest.raises(ConfigError, match=r"C503 size: 7 clients do not make pairs.* even number, such as 8"):
        problems("pdp", 7, 1, seed=1)


def test_problems_are_the_same_for_the_same_seed():
    first, again = problems("mtvrp", 10, 3, seed=4), problems("mtvrp", 10, 3, seed=4)
    assert [(p.depots, p.clients, p.vehicle_types) for p in first] == [
        (p.depots, p.clients, p.vehicle_types) for p in again
    ]
    assert len(first) == 3
    assert {p.num_clients for p in first} == {10}


def test_the_forty_eight_variants_of_routefinder_are_there_by_their_names():
    names = {o + "vrp" + b + l + t for o in ("", "o") for b in ("", "b", "mb") for l in ("", "l") for t in ("", "tw")}  # noqa: E741
    single = names - {"vrp"} | {"cvrp"}
    several = {"md" + name for name in single}
    assert len(single | several) == 48
    assert single | several <= set(PRESETS)


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("vrptw", lambda p: p.tw[1:, 1].max() < 5 and p.service[1:].min() > 0),
        ("ovrp", lambda p: p.vehicle_types[0].end_depot is None),
        ("vrpl", lambda p: p.vehicle_types[0].max_distance < 3),
        ("vrpb", lambda p: p.backhaul == "last" and p.pickup.any()),
        ("vrpmb", lambda p: p.backhaul == "mixed" and p.pickup.any()),
        ("cvrp", lambda p: not p.pickup.any() and p.vehicle_types[0].end_depot == 0),
        ("mdcvrp", lambda p: p.num_depots == len(p.vehicle_types) == 3),
        ("tsp", lambda p: p.vehicle_types[0].num_available == 1 and not p.delivery.any()),
        ("atsp", lambda p: not np.array_equal(p.distance_matrix(), p.distance_matrix().T)),
        ("pdp", lambda p: [(s.pickup, s.delivery) for s in p.shipments] == [(k, k + 25) for k in range(25)]),
        ("pdptw", lambda p: len(p.shipments) == 25 and p.shipment_load.min() > 0 and p.tw[1:, 1].max() < 6),
        ("pcvrp", lambda p: not p.required.any() and p.prizes.min() > 0),
        ("cvrp_reloads", lambda p: all(v.num_available == 1 and v.reload_depots for v in p.vehicle_types)),
        ("cvrp_reloads", lambda p: all(v.max_distance < 3 and not p.required.any() for v in p.vehicle_types)),
        ("vrptw_reloads", lambda p: p.tw[5:, 1].max() < 5 and all(v.reload_depots for v in p.vehicle_types)),
        ("vrptw_shifts", lambda p: p.vehicle_types[0].max_duration < 3.2 and p.tw[0, 1] > 4),
        ("hcvrp", lambda p: len({v.capacity for v in p.vehicle_types}) > 1 and p.objective == "sum"),
        ("hcvrp_max", lambda p: p.objective == "max" and len(p.vehicle_types) == 5),
        ("hcvrp_max_3", lambda p: p.objective == "max" and len(p.vehicle_types) == 3),
        ("hcvrp_max_mixed", lambda p: p.objective == "max" and 3 <= len(p.vehicle_types) <= 7),
        ("pvrp_p", lambda p: all(profile.preference is not None for profile in p.profiles)),
        ("pvrp_zc_angle", lambda p: any(not profile.allowed.all() for profile in p.profiles)),
    ],
)
def test_a_preset_has_what_its_name_says(name, holds):
    assert all(holds(problem) for problem in problems(name, 50, 3, seed=1))


@pytest.mark.parametrize("name", PRESETS)
def test_every_constraint_has_a_twin_in_the_checker(name):
    twins = {rule.__name__ for rule in rules.ROUTE_RULES}
    assert {constraint.rule for constraint in preset(name).env.constraints} <= twins


def test_problems_keep_the_numbers_of_their_instances():
    (problem,) = problems("cvrp_x", 20, 1, seed=1)
    grid = problem.xy * 1000
    assert abs(grid - grid.round()).max() < 1e-4
    assert (problem.delivery == problem.delivery.round()).all()
    assert nco.check(problem, [[k] for k in range(1, 21)]).is_feasible()
