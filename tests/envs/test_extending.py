"""docs/extending.md: its constraint keeps the contract, and its commands run as they stand."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import nco
from nco.envs.instances import to_problems
from nco.envs.presets import PRESETS, preset, problems
from nco.errors import ConfigError

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
CONTRACT, TRAIN = (shlex.split(line) for line in re.findall(r"^\$ (.*)$", PAGE, flags=re.MULTILINE))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the file of the page, on the path."""
    (tmp_path / "max_stops.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    PRESETS.pop("cvrp_stops", None)
    sys.modules.pop("max_stops", None)


def test_the_constraint_takes_sixty_lines_and_keeps_the_contract(folder):
    assert len(CODE.splitlines()) <= 60
    assert CONTRACT[0] == "python"
    command = [sys.executable, *CONTRACT[1:], "-q", "-p", "no:cacheprovider"]
    path = {**os.environ, "PYTHONPATH": str(folder)}
    run = subprocess.run(command, cwd=ROOT, env=path, capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stdout
    assert int(re.search(r"(\d+) passed", run.stdout)[1]) >= 10


def test_the_contract_finds_the_mistake_that_the_page_names(folder, play, nearest):
    new, old = re.search(r"with `(.*?)` for `(.*?)` in `mask`", PAGE).groups()
    assert CODE.count(old) == 1
    (folder / "max_stops.py").write_text(CODE.replace(old, new), encoding="utf-8")
    import max_stops  # noqa: F401 (it registers the preset)

    laws = importlib.util.spec_from_file_location("laws", Path(__file__).with_name("test_contract.py"))
    module = importlib.util.module_from_spec(laws)
    laws.loader.exec_module(module)
    law = module.test_whatever_the_nearest_neighbour_does_ends_in_time_and_is_accepted_at_its_cost
    with pytest.raises(AssertionError, match=r"max_stops: route \d+ makes 7 stops of 6"):
        law(play, nearest, "cvrp_stops")


def test_the_rule_judges_routes_only_where_it_is_asked(folder):
    import max_stops

    instances = preset("cvrp").generator(1, 7, torch.Generator().manual_seed(1))
    (problem,) = to_problems(instances)
    assert nco.check(problem, [range(1, 8)], [max_stops.max_stops]).violations[-1].rule == "max_stops"


def test_problems_that_could_not_hold_the_rule_are_refused(folder):
    import max_stops  # noqa: F401 (it registers the preset)

    with pytest.raises(ConfigError, match="C503 preset: problems of 'cvrp_stops' would not hold its rules max_stops"):
        problems("cvrp_stops", 10, 1, seed=1)


@pytest.mark.train
def test_the_training_command_trains(folder, monkeypatch, capsys):
    assert TRAIN[:2] == ["python", "-c"]
    monkeypatch.setattr(sys, "argv", ["-c", *TRAIN[3:], "trainer.max_steps=1", "trainer.batch_size=8"])
    with pytest.raises(SystemExit) as ended:
        exec(TRAIN[2], {})
    assert ended.value.code in {0, None}
    assert Path(capsys.readouterr().out.strip()).exists()
