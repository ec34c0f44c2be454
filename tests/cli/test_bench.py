import json
import os
import signal
import time

import pytest


def test_the_table_is_printed_and_the_folder_filled(run, file, tmp_path, fake_solvers):
    result = run("bench", file, "--solvers", f"{fake_solvers}:Alone", "--max-runtime", 0.5, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "| fake_solvers:Alone | 11.3137 | 0.00 % | - | 100 % |" in result.stdout
    assert result.stderr == f"written to {tmp_path / 'out'}\n"
    assert (tmp_path / "out" / "runs.jsonl").exists()


def test_seeds_limits_and_rounding_reach_the_runs(run, file, tmp_path, fake_solvers):
    options = ("--seeds", "3, 4,3", "--max-runtime", 0.25, "--rounding", "trunc", "--out", tmp_path / "out")
    run("bench", file, "--solvers", f"{fake_solvers}:Alone", *options)
    runs = [json.loads(line)["run"] for line in (tmp_path / "out" / "runs.jsonl").read_text().splitlines()]
    assert [(r["seed"], r["max_runtime"], r["rounding"]) for r in runs] == [(3, 0.25, "trunc"), (4, 0.25, "trunc")]


def test_problems_of_a_preset_are_run(run, tmp_path, fake_solvers):
    options = ("--preset", "cvrp", "--size", 10, "--count", 2, "--max-runtime", 0.5, "--out", tmp_path / "out")
    result = run("bench", "--solvers", f"{fake_solvers}:Alone", *options)
    assert result.exit_code == 0
    assert "# 2 problems of 10 clients" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        ((), "C503", "--preset"),
        (("FILE", "--preset", "cvrp"), "C503", "both"),
        (("FILE", "--solvers", "pyvpr"), "U301", "Did you mean 'pyvrp'"),
        (("FILE", "--solvers", ","), "C503", "--solvers"),
        (("FILE", "--seeds", "1,two"), "C503", "'two'"),
        (("FILE", "--seeds", "1,-2"), "C503", "-2 is not allowed"),
        (("missing.vrp",), "F001", "missing.vrp"),
        (("--preset", "cvpr", "--solvers", "fake_solvers:Alone"), "C503", "cvrp"),
        (("FILE", "--solvers", "fake_solvers:Unwilling"), "U307", "no thanks"),
        (("FILE", "--solvers", "fake_solvers:Alone", "--max-runtime", "-1"), "C503", "MaxRuntime"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(run, file, tmp_path, fake_solvers, arguments, code, hint):
    given = [file if argument == "FILE" else argument for argument in arguments]
    result = run("bench", *given, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(code)
    assert hint in result.stderr


def test_ctrl_c_writes_the_table_of_what_there_is_and_resume_goes_on(start, file, tmp_path, fake_solvers):
    arguments = ("bench", file, "--solvers", f"{fake_solvers}:Alone,{fake_solvers}:Patient", "--out", tmp_path / "out")
    process = start(*arguments, "--max-runtime", 30)
    runs = tmp_path / "out" / "runs.jsonl"
    deadline = time.monotonic() + 120
    while not (runs.exists() and runs.read_text().endswith("\n")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2.0)  # the second solver is at work by now
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends Ctrl-C to all processes of the command
    shown, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "| fake_solvers:Alone | 11.3137 |" in shown
    assert errors == f"written to {tmp_path / 'out'}\ninterrupted: add --resume to go on\n"
    assert len(runs.read_text().splitlines()) == 1
    again = start(*arguments, "--max-runtime", 30, "--seeds", "1")
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 2
    assert "--resume" in errors
