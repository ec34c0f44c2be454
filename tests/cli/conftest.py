"""Running commands, in this process and in one of their own."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import nco
from nco.cli import app


@pytest.fixture
def run():
    """Call `nco` with arguments in this process."""

    def call(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def start(tmp_path):
    """Start `nco` with arguments as a process in a session of its own, as a terminal does, in an empty folder."""
    processes = []

    def launch(*arguments: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from nco.cli import main; main()", *map(str, arguments)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
        processes.append(subprocess.Popen(command, cwd=tmp_path, text=True, **options))
        return processes[-1]

    yield launch
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def file(square, tmp_path) -> Path:
    """The square as a file: the vehicle carries two of the four clients."""
    nco.write(square, tmp_path / "square.json")
    return tmp_path / "square.json"


@pytest.fixture
def small_fleet(tmp_path) -> Path:
    """Three clients as a file: one that the only van can serve, one too far away for it, one with too much to carry."""
    model = nco.Model("small fleet")
    model.add_depot(x=0, y=0)
    model.add_client(x=1, y=0, delivery=1, name="near")
    model.add_client(x=9, y=0, delivery=4, name="far")
    model.add_client(x=1, y=1, delivery=5, name="big")
    model.add_vehicle_type(1, capacity=4, max_distance=10, name="van")
    nco.write(model.build(), tmp_path / "small-fleet.json")
    return tmp_path / "small-fleet.json"
