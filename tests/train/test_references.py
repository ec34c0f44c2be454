import math
from importlib.resources import files

import pytest
import yaml

from nco.envs.presets import problems
from nco.train.references import reference, stored


def test_the_mean_of_a_set_is_found_by_its_preset_size_number_and_seed():
    entry = stored()[0]
    key = entry.preset, entry.size, len(entry.costs), entry.seed
    assert reference(*key) == pytest.approx(sum(entry.costs) / len(entry.costs))
    assert [reference(*key[:3], key[3] + 1), reference(*key[:2], key[2] + 1, key[3])] == [None, None]


def test_the_quick_validation_set_has_references():
    config = yaml.safe_load((files("nco.configs") / "validation" / "quick.yaml").read_text())
    ((preset, size),) = config["sets"]
    assert reference(preset, size, config["count"], config["seed"]) is not None


def test_every_reference_is_a_possible_cost_of_its_problem():
    """No solution is shorter than the way to the client farthest away and back."""
    for entry in stored():
        if ":" in entry.preset:  # its cities may not be here
            continue
        drawn = problems(entry.preset, entry.size, len(entry.costs), entry.seed)
        for problem, cost in zip(drawn, entry.costs, strict=True):
            depot = problem.depots[0]
            farthest = max(math.dist((depot.x, depot.y), (client.x, client.y)) for client in problem.clients)
            assert 2 * farthest <= cost
        assert entry.how.startswith("PyVRP ")
