"""The bundled examples: files of data/examples and the script that writes them."""

import subprocess
import sys
from pathlib import Path

import pytest

import nco

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "data" / "examples").glob("*.json"))


def test_the_examples_are_what_the_script_writes(tmp_path):
    script = ROOT / "scripts" / "make_examples.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], cwd=ROOT, check=True, timeout=60)
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text(encoding="utf-8") for path in EXAMPLES}


@pytest.mark.parametrize("path", [path for path in EXAMPLES if "town" in path.stem], ids=lambda path: path.stem)
def test_a_town_is_a_capacitated_problem_whose_stops_have_names(path):
    problem = nco.read(path)
    assert path.stem == problem.name == f"town-{problem.num_clients}"
    assert len(problem.depots) == len(problem.vehicle_types) == problem.num_load_dimensions == 1
    assert all(place.name for place in problem.places)
    assert problem.delivery.max() <= problem.vehicle_types[0].capacity[0] < problem.delivery.sum()


def test_the_drivers_have_names_and_each_prefers_other_clients():
    problem = nco.read(ROOT / "data" / "examples" / "drivers-40.json")
    assert (problem.name, problem.num_clients, problem.preference_weight > 0) == ("drivers-40", 40, True)
    liked = [problem.profiles[driver.profile].preference for driver in problem.vehicle_types]
    assert len({driver.name for driver in problem.vehicle_types}) == len({tuple(row) for row in liked}) == 4
    assert all(place.name for place in problem.places)
