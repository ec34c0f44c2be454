import pytest

import nco
from nco.checker import rules
from nco.envs.presets import PRESETS, VARIANTS, preset, problems
from nco.errors import ConfigError


def test_an_unknown_preset_is_an_error_that_names_the_nearest():
    with pytest.raises(ConfigError, match=r"C503 preset: 'vrpwt' is unknown\. Did you mean 'vrptw'"):
        preset("vrpwt")


def test_problems_are_the_same_for_the_same_seed():
    first, again = problems("mtvrp", 10, 3, seed=4), problems("mtvrp", 10, 3, seed=4)
    assert [(p.depots, p.clients, p.vehicle_types) for p in first] == [
        (p.depots, p.clients, p.vehicle_types) for p in again
    ]
    assert len(first) == 3
    assert {p.num_clients for p in first} == {10}


def test_the_single_depot_variants_of_routefinder_are_there_by_their_names():
    names = {o + "vrp" + b + l + t for o in ("", "o") for b in ("", "b", "mb") for l in ("", "l") for t in ("", "tw")}  # noqa: E741
    assert names - {"vrp"} == set(VARIANTS)


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("vrptw", lambda p: p.tw[1:, 1].max() < 5 and p.service[1:].min() > 0),
        ("ovrp", lambda p: p.vehicle_types[0].end_depot is None),
        ("vrpl", lambda p: p.vehicle_types[0].max_distance < 3),
        ("vrpb", lambda p: p.backhaul == "last" and p.pickup.any()),
        ("vrpmb", lambda p: p.backhaul == "mixed" and p.pickup.any()),
        ("cvrp", lambda p: not p.pickup.any() and p.vehicle_types[0].end_depot == 0),
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
