"""Facts of Uchoa et al. (2017), section 4."""

import pytest
import torch

from nco.envs.generators.uchoa import GRID, RANGES, Uchoa


@pytest.fixture(scope="module")
def instances():
    return Uchoa()(3000, 100, torch.Generator().manual_seed(1))


def kinds(demand):
    """Which demand kind explains each row of demands [B, n]; quadrant-dependent ones look like kind 3."""
    low, high = demand.amin(dim=1), demand.amax(dim=1)
    few = ((demand > 10) & (demand < 50)).sum(dim=1) == 0
    narrow = [(low >= a) & (high <= b) for a, b in RANGES[:3].tolist()]
    return torch.where(
        narrow[0],
        0,
        torch.where(narrow[2], 2, torch.where(narrow[1], 1, torch.where(low >= 50, 4, torch.where(few, 6, 3)))),
    )


def test_coordinates_are_whole_numbers_on_the_grid(instances):
    grid = instances["locs"] * GRID
    assert torch.allclose(grid, grid.round(), atol=1e-3)
    assert grid.min() >= 0
    assert grid.max() <= GRID


def test_depots_are_central_in_the_corner_or_anywhere_equally_often(instances):
    depot = instances["locs"][:, 0]
    central = (depot == 0.5).all(dim=1).float().mean()
    eccentric = (depot == 0.0).all(dim=1).float().mean()
    assert central == pytest.approx(1 / 3, abs=0.03)
    assert eccentric == pytest.approx(1 / 3, abs=0.03)


def test_demands_are_whole_and_of_seven_kinds(instances):
    demand = instances["demand"][:, 1:]
    assert torch.equal(demand, demand.round())
    assert demand.min() == 1
    assert demand.max() == 100
    kind = kinds(demand)
    share = torch.bincount(kind, minlength=7).float() / len(demand)
    expected = torch.tensor([1, 1, 1, 2, 1, 0, 1]) / 7  # quadrant demands also fill the range 1..100
    assert torch.allclose(share, expected, atol=0.03)


def test_demands_by_quadrant_are_small_in_the_even_and_large_in_the_odd_ones(instances):
    x, y = instances["locs"][:, 1:].unbind(-1)
    demand = instances["demand"][:, 1:]
    odd = (x < 0.5) == (y < 0.5)
    by_quadrant = ((demand > 50) == odd).all(dim=1) & odd.any(dim=1) & ~odd.all(dim=1)
    assert by_quadrant.float().mean() == pytest.approx(1 / 7, abs=0.03)


def test_many_demands_are_small_and_few_large(instances):
    demand = instances["demand"][:, 1:]
    small = (demand[kinds(demand) == 6] <= 10).float().mean(dim=1)
    assert small.min() > 0.55
    assert small.max() < 1
    assert small.mean() == pytest.approx(0.825, abs=0.01)  # uniform in 70 .. 95 %


def test_capacity_holds_the_largest_demand_and_is_whole(instances):
    capacity = instances["capacity"][:, 0]
    assert torch.equal(capacity, capacity.round())
    assert (capacity >= instances["demand"].amax(dim=1)).all()


def test_routes_have_triangularly_many_clients(instances):
    """Capacity / mean demand is r, rounded up: minimum 3, mode 6, maximum 25, so mean 34 / 3."""
    mean = instances["demand"][:, 1:].mean(dim=1)
    clients = (instances["capacity"][:, 0] - 0.5) / mean  # rounding up adds a half on average
    assert clients.mean() == pytest.approx(34 / 3, abs=0.3)
    assert clients.min() > 2.4
    assert clients.max() < 26
    for most, share in ((6, 3 / 22), (8, 0.309), (10.54, 0.5), (15, 0.761)):  # 1 - (25 - r)^2 / 418 above the mode
        assert (clients < most).float().mean() == pytest.approx(share, abs=0.03)


def nearest_neighbour(locs):
    gap = torch.cdist(locs, locs) + torch.eye(locs.shape[1]) * 10
    return gap.amin(dim=-1).mean(dim=-1)


def test_a_third_of_the_instances_is_uniform_and_the_others_are_visibly_clustered():
    clients = Uchoa()(300, 400, torch.Generator().manual_seed(1))["locs"][:, 1:]
    uniform = torch.rand(300, 400, 2, generator=torch.Generator().manual_seed(2))
    clustered = nearest_neighbour(clients) < nearest_neighbour(uniform).amin()
    assert clustered.float().mean() == pytest.approx(2 / 3, abs=0.06)


def test_clusters_thin_out_with_the_decay():
    def spread(decay):
        drawn = Uchoa(decay=decay)(500, 100, torch.Generator().manual_seed(1))
        return nearest_neighbour(drawn["locs"][:, 1:]).quantile(0.2)

    assert spread(10.0) < spread(40.0) < spread(160.0)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_fewer_clients_than_cluster_centres_are_no_trouble(size):
    locs = Uchoa()(200, size, torch.Generator().manual_seed(1))["locs"]
    assert locs.shape == (200, size + 1, 2)
    assert locs.isfinite().all()
