"""docs/rl4co.md: its example runs as it stands, and its tables name what there is."""

import re
from pathlib import Path

import pytest

from nco.envs.presets import PRESETS

PAGE = (Path(__file__).parents[3] / "docs" / "rl4co.md").read_text(encoding="utf-8")

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore:Attribute '(env|policy)' is an instance of `nn.Module`"),
    pytest.mark.filterwarnings("ignore:`isinstance\\(treespec, LeafSpec\\)` is deprecated"),
    pytest.mark.filterwarnings("ignore:Found .* module\\(s\\) in eval mode at the start of training"),
]


def test_the_example_runs_as_it_stands_and_its_routes_are_feasible(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(compile(code, "docs/rl4co.md", "exec"), {})
    verdicts = [line for line in capsys.readouterr().out.splitlines() if line.startswith("cost ")]
    assert len(verdicts) == 4
    assert all(line.endswith("routes, feasible") for line in verdicts)


@pytest.mark.parametrize("name", ["tsp", "atsp", "pdp", "cvrp", "mtvrp"])
def test_the_table_of_keys_holds(bridge, name):
    assert re.search(rf"^\| `{name}`.*\| `{name}` \|", PAGE, flags=re.MULTILINE)
    assert bridge.PresetEnv(name, 4).name == name


def test_every_preset_that_is_named_exists():
    (table,) = re.findall(r"\| preset \|.*?\n\n", PAGE, flags=re.DOTALL)
    first = [line.split("|")[1] for line in table.splitlines()[2:-1]]
    assert {name for cell in first for name in re.findall(r"`(\w+)`", cell)} <= PRESETS.keys()


def test_every_test_of_a_fault_of_rl4co_has_a_row():
    source = (Path(__file__).parent / "test_parity.py").read_text(encoding="utf-8")
    faulty = set(re.findall(r"def test_rl4cos_(\w+?)_", source))
    (table,) = re.findall(r"\| in \|.*?\n\n", PAGE, flags=re.DOTALL)
    assert faulty == {name.lower() for name in re.findall(r"`(\w+)Env`", table)} - {"pdp"}
