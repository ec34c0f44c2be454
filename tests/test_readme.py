"""The README's commands run as they stand, in order, in one folder."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands():
    """Lines that start with '$' in the README's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder as a reader has it after cloning: with the examples, without anything else of ours."""
    path = tmp_path_factory.mktemp("readme")
    (path / "data").mkdir()
    (path / "data" / "examples").symlink_to(ROOT / "data" / "examples")
    return path


@pytest.mark.slow
def test_every_command_succeeds(folder):
    assert len(commands()) >= 5
    for command in commands():
        program, *arguments = shlex.split(command)
        assert program == "nco"
        run = subprocess.run(
            [Path(sys.executable).parent / program, *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert run.returncode == 0, f"{command}\n{run.stdout}\n{run.stderr}"
    pages = ("plan.html", "plan.png", "front.html", "front.png")
    for file in ("plan.json", *pages, "runs/smoke/smoke.safetensors", "bench/results.md"):
        assert (folder / file).stat().st_size > 0, file


def test_the_python_example_runs(tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    run = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "feasible" in run.stdout or "on 2 routes" in run.stdout
    assert (tmp_path / "plan.json").exists()


def test_every_linked_file_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src="([^"]+)"', README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
