import pytest
import torch

from nco.envs.generators.profiled import equipped
from nco.envs.instances import fleet_size
from nco.envs.presets import preset


def draws(batch: int, count: int = 1):
    generator = torch.Generator().manual_seed(1)
    return [preset("profiles").generator(batch, 10, generator) for _ in range(count)]


def test_batches_have_three_to_seven_vehicles():
    assert {fleet_size(batch) for batch in draws(2, 40)} == {3, 4, 5, 6, 7}


def test_a_batch_holds_preferences_zones_and_fleets_of_several_kinds():
    (batch,) = draws(400)
    prefers = (batch["penalty"] > 0).flatten(1).any(dim=1)
    zoned = ~batch["allowed"].flatten(1).all(dim=1)
    mixed = batch["capacity"].amin(dim=1) < batch["capacity"].amax(dim=1)
    assert float(prefers.float().mean()) == pytest.approx(0.66, abs=0.1)
    assert float(zoned.float().mean()) == pytest.approx(0.24, abs=0.08)
    assert float(mixed.float().mean()) == pytest.approx(0.1, abs=0.06)
    assert not (prefers & (zoned | mixed)).any()


def test_the_weights_of_distance_and_preference_sum_to_one_and_a_quarter_are_the_usual_ones():
    (batch,) = draws(1000)
    prefers = (batch["penalty"] > 0).flatten(1).any(dim=1)
    weight = 1 - batch["unit_cost"][prefers, 0]
    assert batch["unit_cost"][prefers].std(dim=1).max() == 0
    assert (batch["penalty"][prefers].flatten(1).amax(dim=1) <= weight + 1e-6).all()
    assert float((weight - 0.2).abs().lt(1e-6).float().mean()) == pytest.approx(0.25, abs=0.06)
    assert float((weight > 0.5).float().mean()) == pytest.approx(0.05, abs=0.03)


def test_every_client_is_allowed_to_some_vehicle():
    assert all(batch["allowed"].any(dim=1).all() for batch in draws(200, 5))


def test_what_problems_have_already_stays_as_it_is():
    for name in ("pvrp_p", "pvrp_zc", "hcvrp"):
        instances = preset(name).generator(3, 6, torch.Generator().manual_seed(1))
        full = equipped(instances)
        assert {"unit_cost", "penalty", "allowed"} <= set(full.keys())
        assert all(torch.equal(full[key], instances[key]) for key in instances.keys())  # noqa: SIM118 (a TensorDict)
