import json
import signal
import time
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import nco
from nco.cli import app

ALONE = 8 * 2**0.5


def test_routes_and_cost_are_printed(run, file, fake_solvers):
    result = run("solve", file, "--solver", f"{fake_solvers}:Alone")
    assert result.exit_code == 0
    assert "square: 4 of 4 clients on 4 routes by alone" in result.stdout
    assert "cost 11.3137" in result.stdout
    assert "Route 4: 4" in result.stdout
    assert result.stderr == ""


@pytest.fixture
def parcels(tmp_path):
    """A file with one shipment."""
    model = nco.Model("parcels")
    model.add_depot(x=0, y=0)
    model.add_shipment(model.add_client(x=1, y=0), model.add_client(x=2, y=0), 1)
    model.add_vehicle_type(capacity=1)
    nco.write(model.build(), tmp_path / "parcels.json")
    return tmp_path / "parcels.json"


def test_without_a_solver_one_that_can_is_taken_and_said(run, parcels):
    result = run("solve", parcels, "--max-runtime", 0.1)
    assert result.exit_code == 0
    assert "2 of 2 clients on 1 route by search" in result.stdout
    assert result.stderr == ""
    assert run("solve", parcels, "--max-runtime", 0.1, "--quiet").output == ""


def test_weights_are_for_the_neural_solver(run, parcels):
    result = run("solve", parcels, "--weights", "cvrp")
    assert result.exit_code == 2
    assert result.stderr.startswith("U302 solver 'neural': it does not support shipments")


def test_a_long_route_stays_on_one_line_in_a_pipe(run, tmp_path, fake_solvers):
    model = nco.Model()
    model.add_depot(x=0, y=0)
    for k in range(200):
        model.add_client(x=k, y=1, name=f"client-{k}")
    model.add_vehicle_type()
    nco.write(model.build(), tmp_path / "long.json")
    result = run("solve", tmp_path / "long.json", "--solver", f"{fake_solvers}:Together")
    assert f"Route 1: {' '.join(f'client-{k}' for k in range(200))}\n" in result.stdout


def test_quiet_prints_nothing(run, file, fake_solvers):
    result = run("solve", file, "--solver", f"{fake_solvers}:Alone", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize("name", ["x.json", "x.sol"])
def test_the_solution_is_written(run, file, tmp_path, fake_solvers, name):
    assert run("solve", file, "--solver", f"{fake_solvers}:Alone", "--out", tmp_path / name).exit_code == 0
    problem = nco.read(file)
    report = nco.check(problem, nco.read_solution(tmp_path / name, problem))
    assert report.is_feasible()
    assert report.cost.total == pytest.approx(ALONE)


def test_the_page_and_the_picture_are_written(run, file, tmp_path, fake_solvers):
    page, picture = tmp_path / "x.html", tmp_path / "x.png"
    run("solve", file, "--solver", f"{fake_solvers}:Alone", "--html", page, "--plot", picture)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_an_infeasible_solution_is_shown_written_and_answered_with_3(run, file, tmp_path, fake_solvers):
    result = run("solve", file, "--solver", f"{fake_solvers}:Together", "--out", tmp_path / "x.json")
    assert result.exit_code == 3
    assert "INFEASIBLE" in result.stdout
    assert json.loads((tmp_path / "x.json").read_text())["feasible"] is False


def test_clients_left_out_are_answered_with_3(run, file, fake_solvers):
    result = run("solve", file, "--solver", f"{fake_solvers}:Nothing")
    assert result.exit_code == 3
    assert "left out" in result.stdout


def test_the_time_limit_and_the_seed_reach_the_solver(run, file, tmp_path, fake_solvers):
    options = ("--max-runtime", 0.5, "--seed", 7, "--out", tmp_path / "x.json")
    run("solve", file, "--solver", f"{fake_solvers}:Patient", *options)
    solver = json.loads((tmp_path / "x.json").read_text())["solver"]
    assert solver["seed"] == 7
    assert 0.5 <= solver["runtime"] < 1.5


def test_rounding_applies_to_the_distances(run, file, fake_solvers):
    result = run("solve", file, "--solver", f"{fake_solvers}:Alone", "--rounding", "trunc")
    assert "cost 8 " in result.stdout
    assert "rounded: trunc" in result.stdout


def test_comparing_shows_a_column_a_solver_and_prints_the_best_routes(run, file, monkeypatch, tmp_path, fake_solvers):
    solvers = {"neural": f"{fake_solvers}:Together", "ortools": f"{fake_solvers}:Alone"}
    monkeypatch.setattr("nco.solvers.solve.SOLVERS", solvers | {"pyvrp": f"{fake_solvers}:Nothing"})
    monkeypatch.setattr("fake_solvers.Together.__init__", lambda self, device: None, raising=False)
    result = run("solve", file, "--compare", "--html", tmp_path / "x.html")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["together", "alone", "nothing"] in lines
    assert ["feasible", "NO", "yes", "NO"] in lines
    assert ["gap", "to", "best", "-", "0.00", "%", "-"] in lines
    assert "Route 4: 4" in result.stdout
    assert 'id="view-2"' in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_comparing_goes_on_without_a_solver_that_cannot_solve_the_problem(run, file, monkeypatch, fake_solvers):
    solvers = {"ortools": f"{fake_solvers}:Picky", "pyvrp": f"{fake_solvers}:Alone"}
    monkeypatch.setattr("nco.solvers.solve.SOLVERS", solvers)
    result = run("solve", file, "--compare")
    assert result.exit_code == 0
    assert "U302" in result.stderr
    assert "alone" in result.stdout


def test_a_solver_that_cannot_solve_the_problem_is_bad_input(run, file, fake_solvers):
    result = run("solve", file, "--solver", f"{fake_solvers}:Picky")
    assert result.exit_code == 2
    assert result.stderr.startswith("U302 ")


def test_a_cost_that_is_not_the_exact_one_is_an_error(run, file, fake_solvers):
    result = run("solve", file, "--solver", f"{fake_solvers}:Boastful")
    assert result.exit_code == 2
    assert result.stderr.startswith("U304 ")


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (("--solver", "ortolls"), "U301", "Did you mean 'ortools'"),
        (("--solver", "no_such_module:Solver"), "U301", "module:Class"),
        (("--solver", "fake_solvers:Unwilling"), "U307", "no thanks"),
        (("--rounding", "rond"), "P117", "Did you mean 'round'"),
        (("--solver", "fake_solvers:Alone", "--max-runtime", "-1"), "C503", "MaxRuntime"),
        (("--out", "x.foo"), "F002", "x.foo"),
        (("--out", "x.json", "--format", "vrom"), "F002", "Did you mean 'vroom'"),
        (("--plot", "x.gif"), "F002", ".png"),
        (("--html", "no/folder/x.html"), "F012", "folder"),
        (("--html", "."), "F012", "it is a folder"),
        (("--out", "."), "F012", "it is a folder"),
        (("--plot", "."), "F012", "it is a folder"),
        (("--solver", "fake_solvers:Alone", "--seed", "-1"), "C503", "from 0 to 2147483647"),
        (("--solver", "fake_solvers:Alone", "--seed", str(2**31)), "C503", "from 0 to 2147483647"),
    ],
)
def test_a_wrong_option_value_is_one_line_with_its_code_and_exit_2(run, file, fake_solvers, arguments, code, hint):
    result = run("solve", file, *arguments)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(code)
    assert hint in result.stderr


def test_all_faults_of_the_outputs_are_named_at_once_before_any_work(run, file, tmp_path):
    result = run("solve", file, "--out", tmp_path / "no" / "x.foo", "--plot", "x.gif")
    assert [line.split()[0] for line in result.stderr.splitlines()] == ["F012", "F002", "F002"]


def test_a_malformed_file_is_one_line_and_exit_2(run, square, tmp_path):
    nco.write(square, tmp_path / "bad.vrp")
    text = (tmp_path / "bad.vrp").read_text()
    (tmp_path / "bad.vrp").write_text(text.replace("DIMENSION: 5", "DIMENSION: five"))
    result = run("solve", tmp_path / "bad.vrp")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "bad.vrp" in result.stderr
    assert "Traceback" not in result.output


def test_debug_shows_the_traceback(start, tmp_path):
    (tmp_path / "bad.vrp").write_text("DIMENSION : three\n")
    process = start("solve", "bad.vrp", "--debug")
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" in errors


def test_an_unknown_option_names_the_nearest_one(run, file):
    result = run("solve", file, "--sovler", "pyvrp")
    assert result.exit_code == 2
    assert "--solver" in result.stderr


def test_ctrl_c_stops_early_keeps_the_solution_and_ends_with_130(start, file, tmp_path, fake_solvers):
    options = ("--max-runtime", 60, "--out", "x.json")
    process = start("solve", file, "--solver", f"{fake_solvers}:Patient", *options)
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    shown, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "4 of 4 clients" in shown
    assert json.loads((tmp_path / "x.json").read_text())["feasible"] is True
    assert errors == ""


def test_a_second_ctrl_c_ends_a_solver_that_does_not_listen(start, file, fake_solvers):
    process = start("solve", file, "--solver", f"{fake_solvers}:Sleepy")
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == "interrupted\n"


def test_comparing_by_the_costliest_route_says_so(run, square, monkeypatch, tmp_path, fake_solvers):
    nco.write(replace(square, objective="max"), tmp_path / "max.json")
    monkeypatch.setattr("nco.solvers.solve.SOLVERS", {"ortools": f"{fake_solvers}:Alone"})
    shown = run("solve", tmp_path / "max.json", "--compare").stdout
    assert "(of route 1, the costliest: distance 2.82" in shown
    assert "cost (costliest route)" in shown


def test_what_can_never_be_served_is_said_before_any_time_is_spent(start, small_fleet, fake_solvers):
    process = start("solve", small_fleet, "--solver", f"{fake_solvers}:Patient", "--max-runtime", 60)
    said = [process.stderr.readline() for _ in range(4)]
    assert process.poll() is None
    assert [line.split(":")[0] for line in said] == ["warning"] * 4
    assert "the fleet carries 4" in said[0]
    assert "far cannot be served" in said[1]
    assert "big cannot be served" in said[2]
    assert "solving for what can be served" in said[3]


def test_an_optional_client_out_of_reach_is_a_warning_and_no_failure(run, square, tmp_path, fake_solvers):
    clients = (*square.clients[:3], replace(square.clients[3], delivery=(9,), required=False, name="huge"))
    nco.write(replace(square, clients=clients), tmp_path / "x.json")
    result = run("solve", tmp_path / "x.json", "--solver", f"{fake_solvers}:Nothing", "--quiet")
    assert result.stderr == ""
    result = run("solve", tmp_path / "x.json", "--solver", f"{fake_solvers}:Nothing")
    assert result.stderr.count("warning: ") == 1
    assert "huge cannot be served by any vehicle type" in result.stderr


def test_of_many_impossible_clients_the_first_are_named(run, tmp_path, fake_solvers):
    model = nco.Model()
    model.add_depot(x=0, y=0)
    for k in range(30):
        model.add_client(x=100 + k, y=0)
    model.add_vehicle_type(max_distance=10)
    nco.write(model.build(), tmp_path / "far.json")
    result = run("solve", tmp_path / "far.json", "--solver", f"{fake_solvers}:Nothing")
    assert result.exit_code == 3
    assert result.stderr.splitlines()[10] == "warning: ... and 20 more"
    assert "  ... and 20 more" in result.stdout.splitlines()


def test_the_solution_is_written_in_the_format_asked_for(run, file, tmp_path, fake_solvers):
    run("solve", file, "--solver", f"{fake_solvers}:Alone", "--out", tmp_path / "x.json", "--format", "vroom")
    output = json.loads((tmp_path / "x.json").read_text())
    assert output["summary"]["routes"] == 4
    assert run("check", file, tmp_path / "x.json").exit_code == 0


def test_a_problem_comes_from_standard_input(file, fake_solvers):
    result = CliRunner().invoke(app, ["solve", "-", "--solver", f"{fake_solvers}:Alone"], input=file.read_bytes())
    assert result.exit_code == 0
    assert "square: 4 of 4 clients" in result.stdout
    result = CliRunner().invoke(app, ["solve", "-"], input=b"nonsense")
    assert (result.exit_code, result.stderr[:4]) == (2, "F002")


def test_routes_that_a_file_cannot_express_are_shown_all_the_same(run, small_fleet, tmp_path, fake_solvers):
    result = run("solve", small_fleet, "--solver", f"{fake_solvers}:Nothing", "--out", tmp_path / "x.sol")
    assert result.exit_code == 2
    assert "small fleet: 0 of 3 clients" in result.stdout
    assert "F013" in result.stderr


def test_the_problem_is_not_overwritten(run, file, fake_solvers):
    before = file.read_bytes()
    result = run("solve", file, "--solver", f"{fake_solvers}:Alone", "--out", file)
    assert (result.exit_code, result.stderr[:4]) == (2, "F012")
    assert file.read_bytes() == before
