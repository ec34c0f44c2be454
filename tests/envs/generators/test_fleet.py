import torch

from nco.envs.generators.fleet import Fleet, Fleets
from nco.envs.instances import fleet_size


def test_capacities_are_whole_numbers_from_20_to_40_and_speeds_lie_between_a_half_and_one():
    instances = Fleet()(500, 10, torch.Generator().manual_seed(1))
    assert set(instances["capacity"].flatten().tolist()) == set(range(20, 41))
    speed = 1 / instances["unit_cost"]
    assert 0.5 <= float(speed.min()) < 0.51
    assert 0.99 < float(speed.max()) <= 1


def test_every_vehicle_refills_at_the_only_depot():
    instances = Fleet(vehicles=4)(3, 10, torch.Generator().manual_seed(1))
    assert instances["reloads"].all()
    assert (instances["locs"][:, :4] == instances["locs"][:, :1]).all()


def test_batches_of_fleets_have_three_to_seven_vehicles():
    generator = torch.Generator().manual_seed(1)
    assert {fleet_size(Fleets()(2, 5, generator)) for _ in range(40)} == {3, 4, 5, 6, 7}
