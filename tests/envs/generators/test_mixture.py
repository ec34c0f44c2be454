import pytest
import torch

from nco.envs.generators.mixture import Mixture
from nco.envs.generators.uchoa import Uchoa
from nco.envs.generators.uniform import Uniform


def test_every_batch_comes_from_one_part_as_often_as_its_weight_says():
    mixture, generator = Mixture({Uniform(): 1.0, Uchoa(): 3.0}), torch.Generator().manual_seed(1)
    batches = [mixture(2, 10, generator)["locs"] * 1000 for _ in range(400)]
    on_grid = [torch.allclose(grid, grid.round(), atol=1e-3) for grid in batches]
    assert sum(on_grid) / 400 == pytest.approx(0.75, abs=0.06)


def test_a_part_without_weight_is_never_drawn():
    mixture, generator = Mixture({Uniform(): 1.0, Uchoa(): 0.0}), torch.Generator().manual_seed(1)
    assert all((mixture(2, 10, generator)["capacity"] == 20).all() for _ in range(30))  # Uniform's
