import pytest
import torch

from nco.envs.generators.uniform import Uniform


def draw(batch, size, seed=1):
    return Uniform()(batch, size, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("size", "capacity"), [(10, 20), (20, 30), (50, 40), (100, 50)])
def test_capacities_are_those_of_the_paper(size, capacity):
    assert (draw(3, size)["capacity"] == capacity).all()


@pytest.mark.parametrize(("size", "capacity"), [(1, 30), (60, 42), (200, 70), (1000, 230)])
def test_other_sizes_lie_on_the_line_through_the_capacities_of_50_and_100(size, capacity):
    assert (draw(3, size)["capacity"] == capacity).all()


def test_demands_are_one_to_nine_equally_often():
    demand = draw(1000, 100)["demand"][:, 1:]
    values, counts = demand.unique(return_counts=True)
    assert values.tolist() == list(range(1, 10))
    assert counts.float().div(demand.numel()).sub(1 / 9).abs().max() < 0.005


def test_places_fill_the_unit_square_evenly():
    locs = draw(1000, 100)["locs"]
    assert locs.min() >= 0
    assert locs.max() < 1
    cells = (locs * 4).long()
    counts = torch.bincount((4 * cells[..., 0] + cells[..., 1]).flatten(), minlength=16)
    assert counts.float().div(counts.sum()).sub(1 / 16).abs().max() < 0.004


def test_the_depot_is_drawn_like_a_client():
    depot = draw(5000, 1)["locs"][:, 0]
    assert torch.allclose(depot.mean(dim=0), torch.full((2,), 0.5), atol=0.02)
    assert torch.allclose(depot.var(dim=0), torch.full((2,), 1 / 12), atol=0.005)
