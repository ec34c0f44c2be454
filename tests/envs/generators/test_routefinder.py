"""Facts of Berto et al. (2024), section 4 and appendix A."""

import pytest
import torch

from nco.envs.generators.routefinder import HORIZON, LONGEST, RouteFinder


def draw(batch, size, seed=1, **attributes):
    return RouteFinder(attributes)(batch, size, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("size", "capacity"), [(50, 40), (100, 50)])
def test_capacity_is_thirty_and_a_fifth_of_the_clients(size, capacity):
    assert (draw(2, size)["capacity"] == capacity).all()


def test_a_client_takes_one_to_nine_or_gives_as_much_one_in_five():
    instances = draw(500, 50, B=1.0)
    demand, pickup = instances["demand"][:, 1:], instances["pickup"][:, 1:]
    assert ((demand > 0) ^ (pickup > 0)).all()
    assert (demand + pickup).unique().tolist() == list(range(1, 10))
    assert (pickup > 0).float().mean() == pytest.approx(0.2, abs=0.01)
    assert instances["backhaul_last"].all()


def test_mixed_backhauls_may_come_at_any_time():
    assert not draw(20, 10, MB=1.0)["backhaul_last"].any()
    assert not draw(20, 10, B=1.0, MB=1.0)["backhaul_last"].any()


def test_every_client_can_be_served_in_its_window_by_a_route_of_its_own():
    instances = draw(500, 50, TW=1.0)
    way = instances["distance"][:, 0, 1:]
    opens, closes, service = (instances[key][:, 1:] for key in ("opens", "closes", "service"))
    assert (closes >= way).all()
    assert (torch.maximum(opens, way) + service + way <= HORIZON).all()
    assert service.min() >= 0.15
    assert service.max() <= 0.18
    assert (closes - opens).min() > 0.1799
    assert (closes - opens).max() < 0.2001
    assert (instances["closes"][:, 0] == HORIZON).all()
    assert (instances["service"][:, 0] == 0).all()


def test_a_limit_allows_the_way_to_the_farthest_client_and_back():
    instances = draw(500, 50, L=1.0)
    farthest = instances["distance"][:, 0].amax(dim=1)
    limit = instances["max_distance"][:, 0]
    assert (limit > 2 * farthest).all()
    assert (limit <= torch.maximum(torch.tensor(LONGEST), 2 * farthest + 2e-4)).all()


def test_distances_are_those_of_the_places():
    instances = draw(3, 10)
    assert torch.allclose(instances["distance"], torch.cdist(instances["locs"], instances["locs"]), atol=1e-5)


def test_attributes_come_with_their_probability_and_are_neutral_where_absent():
    instances = draw(4000, 5, O=0.25, B=0.5, TW=0.5, L=0.75)
    timed = instances["closes"][:, 0].isfinite()
    assert timed.float().mean() == pytest.approx(0.5, abs=0.03)
    assert (instances["opens"][~timed] == 0).all()
    assert (instances["closes"][~timed] == torch.inf).all()
    assert (instances["service"][~timed] == 0).all()
    assert instances["open"].float().mean() == pytest.approx(0.25, abs=0.03)
    assert instances["max_distance"].isfinite().float().mean() == pytest.approx(0.75, abs=0.03)
    assert (instances["pickup"][~instances["backhaul_last"]] == 0).all()


def test_attributes_that_never_come_have_no_tensors():
    assert set(draw(2, 5).keys()) == {"locs", "distance", "capacity", "scale", "demand"}
