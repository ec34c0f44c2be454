import io
import json
import signal
import time
from dataclasses import replace

import pytest
from rich.console import Console

import nco
from nco.cli.tables import front_table


@pytest.fixture
def preferred(liked, tmp_path):
    """The problem with preferences as a file."""
    nco.write(liked, tmp_path / "liked.json")
    return tmp_path / "liked.json"


def test_a_row_a_point_is_printed(run, preferred):
    result = run("pareto", preferred, "--solvers", "search", "--weights", "0,0.5,1", "--max-runtime", 0.3)
    assert result.exit_code == 0
    assert result.stderr == ""
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["weight", "price", "cost", "preference", "mean", "routes"] in rows
    assert ["0.5", "1", "44.2", "2", "50.0", "%", "2"] in rows
    assert [row[2:] for row in rows if row[:1] == ["1"]] == [["80.2", "4", "100.0", "%", "2"]]


def test_without_a_solver_the_first_that_can_is_taken(run, preferred):
    result = run("pareto", preferred, "--points", 2, "--max-runtime", 0.2)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].strip() == "search"


def test_every_file_is_written(run, preferred, tmp_path, fake_solvers):
    page, picture, data = (tmp_path / name for name in ("x.html", "x.png", "x.json"))
    options = ("--html", page, "--plot", picture, "--out", data, "--quiet")
    result = run(
        "pareto", preferred, "--solvers", f"search,{fake_solvers}:Alone", "--points", 3, "--max-runtime", 0.3, *options
    )
    assert (result.exit_code, result.output) == (0, "")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert picture.read_bytes().startswith(b"\x89PNG")
    fronts = json.loads(data.read_text())["fronts"]
    assert [(front["solver"], len(front["points"])) for front in fronts] == [("search", 3), ("alone", 3)]


def test_the_time_of_a_solver_is_shared_equally_by_its_points(run, preferred, tmp_path, fake_solvers):
    options = ("--points", 4, "--max-runtime", 0.8, "--seed", 7, "--out", tmp_path / "x.json")
    run("pareto", preferred, "--solvers", f"{fake_solvers}:Patient", *options)
    (front,) = json.loads((tmp_path / "x.json").read_text())["fronts"]
    solvers = [point["solution"]["solver"] for point in front["points"]]
    assert [solver["seed"] for solver in solvers] == [7] * 4
    assert all(0.2 <= solver["runtime"] < 0.7 for solver in solvers)


def test_a_solver_that_takes_all_weights_at_once_has_all_the_time(run, preferred, tmp_path, fake_solvers):
    options = ("--points", 4, "--max-runtime", 0.8, "--seed", 7, "--out", tmp_path / "x.json")
    run("pareto", preferred, "--solvers", f"{fake_solvers}:Alike", *options)
    (front,) = json.loads((tmp_path / "x.json").read_text())["fronts"]
    solvers = [point["solution"]["solver"] for point in front["points"]]
    assert [(solver["iterations"], solver["seed"]) for solver in solvers] == [(4, 7)] * 4
    assert all(0.8 <= solver["runtime"] < 1.5 for solver in solvers)


def test_a_solver_that_cannot_solve_the_problem_does_not_keep_the_others_from_it(run, preferred, fake_solvers):
    result = run("pareto", preferred, "--solvers", f"{fake_solvers}:Picky,search", "--points", 2, "--max-runtime", 0.2)
    assert result.exit_code == 0
    assert "U302" in result.stderr
    assert "search" in result.stdout


def test_no_feasible_point_is_answered_with_3(run, preferred, fake_solvers):
    result = run("pareto", preferred, "--solvers", f"{fake_solvers}:Nothing", "--points", 2)
    assert result.exit_code == 3
    assert result.stdout.count("infeasible") == 2


def test_a_problem_without_preferences_is_one_line_and_exit_2(run, file):
    result = run("pareto", file)
    assert result.exit_code == 2
    assert result.stderr == (
        "P122 profiles: no vehicle type has preferences. "
        "Give the profiles of vehicle types a preference, from 0 to 1 for each client.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (("--solvers", "pyvpr"), "U301", "Did you mean 'pyvrp'"),
        (("--solvers", ","), "C503", "--solvers"),
        (("--solvers", "fake_solvers:Picky"), "U302", "Use another"),
        (("--weights", "0,half"), "C503", "'half' is not a number"),
        (("--weights", "0,1.5"), "C503", "1.5 is not allowed"),
        (("--weights", "0,1", "--points", "3"), "C503", "both"),
        (("--points", "1"), "C503", "at least 2"),
        (("--seed", "-1", "--solvers", "fake_solvers:Alone"), "C503", "seed"),
        (("--max-runtime", "-1", "--solvers", "fake_solvers:Alone"), "C503", "MaxRuntime"),
        (("--out", "x.sol"), "F002", ".json"),
        (("--plot", "x.gif"), "F002", ".png"),
        (("--html", "no/folder/x.html"), "F012", "folder"),
    ],
)
def test_a_wrong_option_value_is_one_line_with_its_code_and_exit_2(run, preferred, fake_solvers, arguments, code, hint):
    result = run("pareto", preferred, *arguments)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(code)
    assert hint in result.stderr


def test_an_unknown_option_names_the_nearest_one(run, preferred):
    result = run("pareto", preferred, "--weigths", "0,1")
    assert result.exit_code == 2
    assert "--weights" in result.stderr


@pytest.fixture
def interrupted(start, liked, tmp_path):
    """What a front of three points shows, and the weights it keeps, when Ctrl-C comes while solvers are at work."""
    clients = (*liked.clients[:3], replace(liked.clients[3], delivery=(9,), required=False, name="huge"))
    nco.write(replace(liked, clients=clients), tmp_path / "huge.json")

    def interrupt(solvers: str) -> tuple[str, list[float]]:
        options = ("--weights", "0,0.5,1", "--max-runtime", 180, "--out", "x.json")
        process = start("pareto", "huge.json", "--solvers", solvers, *options)
        assert process.stderr.readline().startswith("warning: huge")  # the last words before it sets to work
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        shown, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (130, "")
        (front,) = json.loads((tmp_path / "x.json").read_text())["fronts"]
        return shown, [point["weight"] for point in front["points"]]

    return interrupt


def test_ctrl_c_keeps_the_points_found_so_far_and_ends_with_130(interrupted, fake_solvers):
    shown, weights = interrupted(f"{fake_solvers}:Patient,{fake_solvers}:Alone")
    assert "patient" in shown
    assert "alone" not in shown
    assert weights == [0]


def test_ctrl_c_keeps_all_points_of_a_solver_that_takes_them_at_once(interrupted, fake_solvers):
    assert interrupted(f"{fake_solvers}:Alike")[1] == [0, 0.5, 1]


def test_the_table_fits_a_terminal_of_80_columns(liked, at_any):
    console = Console(file=io.StringIO(), width=80)
    console.print(front_table(at_any))
    assert "…" not in console.file.getvalue()


@pytest.fixture
def at_any(liked, fake_solvers):
    """A front with long numbers, the points of which are infeasible."""
    return nco.pareto.front(liked, f"{fake_solvers}:Together", weights=[0.001234567, 0.9999], seconds=0)
