"""What a seed draws: the same on every device, and what the weights, their cards and references were made with."""

import json
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from nco.envs.presets import PRESETS, preset

#: Preset -> key -> mean over what seed 7 draws for 8 problems of 20 clients; of its finite numbers.
GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


class OnHost(TorchDispatchMode):
    """Refuses random numbers that do not come from a generator of the host."""

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        options = options or {}
        if torch.Tag.nondeterministic_seeded in function.tags:
            generator = options.get("generator")
            assert generator is not None, f"{function} draws from the global generator"
            assert generator.device.type == "cpu", f"{function} draws on {generator.device}"
        return function(*arguments, **options)


class Elsewhere:
    """What generators of problems use of an accelerator's generator; its tensors hold no numbers."""

    def __init__(self, seed):
        self.device, self.number, self.offset = torch.device("meta"), seed, 0

    def initial_seed(self):
        return self.number

    def get_offset(self):
        return self.offset

    def set_offset(self, offset):
        self.offset = offset


def means(instances):
    values = {key: instances[key].double() for key in sorted(instances.keys())}
    return {key: float(value[value.isfinite()].mean()) for key, value in values.items() if value.isfinite().any()}


def test_the_golden_means_are_of_all_presets():
    assert set(GOLDEN) == set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_seed_draws_what_it_drew_when_the_weights_were_trained(name):
    found = means(preset(name).generator(8, 20, torch.Generator().manual_seed(7)))
    assert found == pytest.approx(GOLDEN[name], rel=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_all_random_numbers_of_another_device_come_from_the_host(name):
    with OnHost():
        instances = preset(name).generator(3, 6, Elsewhere(1))
    assert {value.device.type for value in instances.values()} == {"meta"}
    drawn = preset(name).generator(3, 6, torch.Generator().manual_seed(1))
    assert {key: (value.shape, value.dtype) for key, value in instances.items()} == {
        key: (value.shape, value.dtype) for key, value in drawn.items()
    }


@GPU
@pytest.mark.parametrize("name", PRESETS)
def test_a_seed_draws_the_same_problems_on_every_device(name):
    here, there = (torch.Generator(device).manual_seed(5) for device in ("cpu", "cuda"))
    for _ in range(2):  # a second batch, too
        drawn, moved = (preset(name).generator(4, 10, generator) for generator in (here, there))
        assert set(moved.keys()) == set(drawn.keys())
        for key, value in drawn.items():
            assert moved[key].device.type == "cuda"
            assert torch.equal(moved[key].cpu(), value), key
