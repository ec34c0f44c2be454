"""Vehicles with profiles, on roads too."""

import pytest
import torch

from nco.envs.presets import preset


@pytest.mark.parametrize("name", ["rpvrp_p", "rpvrp_zc"])
def test_on_roads_all_vehicles_have_the_same_depot_and_ways_depend_on_the_direction(name):
    instances = preset(name).generator(3, 8, torch.Generator().manual_seed(1))
    distance, fleet = instances["distance"], instances["capacity"].shape[1]
    assert distance.shape == (3, fleet + 8, fleet + 8)
    assert (distance[:, :fleet, :fleet] == 0).all()
    assert (distance[:, :fleet] == distance[:, :1]).all()
    assert (distance != distance.mT).any()
    assert (instances["demand"][:, :fleet] == 0).all()
    assert (instances["demand"][:, fleet:] > 0).all()
