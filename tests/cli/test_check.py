import json
from dataclasses import replace

import nco


def test_a_feasible_solution_is_answered_with_its_cost_and_0(run, file, tmp_path):
    (tmp_path / "x.sol").write_text("Route #1: 1 2\nRoute #2: 3 4\nCost 9.66\n")
    result = run("check", file, tmp_path / "x.sol")
    assert result.exit_code == 0
    assert "4 of 4 clients on 2 routes" in result.stdout
    assert result.stdout.count("9.656854") == 2
    assert "feasible: no rule is broken" in result.stdout


def test_an_infeasible_solution_is_answered_with_every_broken_rule_and_3(run, file, tmp_path):
    (tmp_path / "x.sol").write_text("Route #1: 1 2 3\n")
    result = run("check", file, tmp_path / "x.sol")
    assert result.exit_code == 3
    assert "infeasible: rules broken 2 times" in result.stdout
    assert "capacity: " in result.stdout
    assert "visits: " in result.stdout


def test_the_cost_is_split_by_term(run, tmp_path, judged):
    model = nco.Model("terms")
    model.add_depot(x=0, y=0)
    model.add_client(x=3, y=4)
    model.add_client(x=9, y=9, required=False, prize=50)
    model.add_vehicle_type(fixed_cost=100, unit_duration_cost=2)
    nco.write(model.build(), tmp_path / "terms.json")
    nco.write(judged(model.build(), [[1]]), tmp_path / "x.json")
    lines = run("check", tmp_path / "terms.json", tmp_path / "x.json").stdout.splitlines()
    shown = dict(line.split() for line in lines if line.startswith("  "))
    assert shown == {"distance": "10", "duration": "20", "fixed": "100", "prizes": "50", "cost": "180"}


def test_rounding_applies_to_the_check(run, file, tmp_path):
    (tmp_path / "x.sol").write_text("Route #1: 1 2\nRoute #2: 3 4\n")
    result = run("check", file, tmp_path / "x.sol", "--rounding", "trunc")
    assert "distances rounded: trunc" in result.stdout
    assert result.stdout.split("cost")[1].split()[0] == "8"


def test_a_solution_with_locations_that_do_not_exist_is_bad_input(run, file, tmp_path):
    (tmp_path / "x.sol").write_text("Route #1: 1 9\n")
    result = run("check", file, tmp_path / "x.sol")
    assert result.exit_code == 2
    assert result.stderr.startswith("S201 ")


def test_best_known_solutions_have_their_published_costs(run, shared_data):
    folder = shared_data / "cvrplib_x"
    result = run("check", folder / "X-n106-k14.vrp", folder / "X-n106-k14.sol")
    assert result.exit_code == 0
    assert "26,362" in result.stdout


def test_the_solution_of_solve_passes_check(run, file, tmp_path, fake_solvers):
    run("solve", file, "--solver", f"{fake_solvers}:Alone", "--out", tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text())["format"] == "nco-solution"
    assert run("check", file, tmp_path / "x.json").exit_code == 0


def test_the_terms_of_the_costliest_route_are_said_to_be_its_own(run, square, tmp_path):
    nco.write(replace(square, objective="max"), tmp_path / "max.json")
    (tmp_path / "x.sol").write_text("Route #1: 1 2\nRoute #2: 3\nRoute #3: 4\n")
    shown = run("check", tmp_path / "max.json", tmp_path / "x.sol").stdout
    assert "objective max: distance, duration, fixed and preference are those of route 1, the costliest\n" in shown
    assert shown.count("4.828427") == 2


def test_a_broken_route_bears_the_number_it_has_in_the_file(run, file, tmp_path):
    (tmp_path / "x.sol").write_text("Route #1: 1\nRoute #2: 2 3 4\n")
    assert "capacity: route 2 carries 3" in run("check", file, tmp_path / "x.sol").stdout


def test_clients_left_out_are_named_with_the_reason(run, small_fleet, tmp_path):
    (tmp_path / "x.sol").write_text("Route #1: 1\n")
    result = run("check", small_fleet, tmp_path / "x.sol")
    assert result.exit_code == 3
    assert "left out: far cannot be served by any vehicle type: the shortest route of van" in result.stdout
    assert "left out: big cannot be served by any vehicle type: the load exceeds" in result.stdout
    assert "whatever the routes: the deliveries of required clients are 10 in all, the fleet carries 4" in result.stdout
