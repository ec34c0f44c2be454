import json
import subprocess
import sys
import warnings
from importlib import metadata

import pytest
import typer
from typer.testing import CliRunner

from nco.cli.group import Commands
from nco.errors import Fault, NcoWarning, ProblemError
from nco.rounding import ROUNDINGS

COMMANDS = ("solve", "check", "convert", "bench", "pareto", "info", "train")
HEAVY = ("torch", "ortools", "pyvrp", "matplotlib", "pandas", "hydra", "lightning")


def test_the_version_is_shown(run):
    assert run("--version").output == f"nco {metadata.version('nco-vrp')}\n"


@pytest.mark.parametrize("arguments", [("--help",), ("-h",)])
def test_help_lists_every_command_and_the_exit_codes(run, arguments):
    shown = run(*arguments).stdout
    assert all(command in shown for command in COMMANDS)
    assert "130 interrupted" in shown


@pytest.mark.parametrize("command", COMMANDS[:-1])
def test_every_command_has_help(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_no_command_shows_the_help(run):
    assert "Usage" in run().output


def test_an_unknown_command_is_bad_input_and_names_the_nearest(run):
    result = run("slove")
    assert result.exit_code == 2
    assert "solve" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("info",), ("solve", "--help"), ("solve", "missing.vrp"), ("check", "missing.vrp", "missing.sol")],
)
def test_a_command_loads_nothing_heavy_before_it_has_to(tmp_path, arguments):
    code = (
        "import json, sys\n"
        "from nco.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        f"print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    )
    command = [sys.executable, "-c", code, *arguments]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert json.loads(shown.splitlines()[-1]) == []


def failing(error: BaseException) -> typer.Typer:
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    @app.command()
    def warn() -> None:
        warnings.warn("mind the [gap]", NcoWarning, stacklevel=1)

    return app


def test_every_fault_of_an_error_is_a_line_on_standard_error():
    error = ProblemError([Fault("P101", "depots", "there is none", "Add one"), Fault("P102", "x[1]", "bad", "Mend it")])
    result = CliRunner().invoke(failing(error), ["fail"])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == "P101 depots: there is none. Add one.\nP102 x[1]: bad. Mend it.\n"


def test_an_interrupted_command_ends_with_130():
    result = CliRunner().invoke(failing(KeyboardInterrupt()), ["fail"])
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")


def test_a_defect_keeps_its_traceback():
    result = CliRunner().invoke(failing(ZeroDivisionError("oops")), ["fail"])
    assert isinstance(result.exception, ZeroDivisionError)


@pytest.mark.filterwarnings("default")
def test_a_warning_is_a_line_on_standard_error():
    result = CliRunner().invoke(failing(ValueError()), ["warn"])
    assert (result.exit_code, result.stderr) == (0, "warning: mind the [gap]\n")


@pytest.mark.parametrize("command", ["solve", "check", "convert", "bench", "pareto"])
def test_every_rounding_is_named_in_the_help(run, command):
    shown = " ".join(run(command, "--help").stdout.replace("│", " ").split())
    assert ", ".join(ROUNDINGS) in shown


def test_a_folder_in_place_of_a_file_is_called_one(run, tmp_path):
    assert "it is a folder" in run("solve", tmp_path).stderr
    assert "it does not exist" in run("solve", tmp_path / "x.vrp").stderr
