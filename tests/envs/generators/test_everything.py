"""Mixed batches: an instance among others of other variants is the same problem as in a batch of its own."""

import pytest
import torch

from nco.envs.generators.everything import neutral
from nco.envs.instances import fleet_size, to_problems
from nco.envs.presets import MIXED, preset

TOKENS = 6
everything = preset("everything").env


@pytest.mark.parametrize("name", MIXED)
def test_with_neutral_values_for_all_that_it_has_not_a_variant_behaves_as_before(play, at_random, name):
    env, instances = preset(name).env, preset(name).generator(6, 10, torch.Generator().manual_seed(1))
    fleet = fleet_size(instances)
    wide = neutral(instances, TOKENS)
    assert fleet_size(wide) == TOKENS
    column = torch.tensor([*range(fleet), *range(TOKENS, TOKENS + 10)])  # of the old nodes in the new numbering
    episode = play(env, instances, 3, at_random(1))
    state = everything.reset(wide, 3)
    for before, mask, action in zip(episode.states, episode.masks, episode.actions.unbind(-1), strict=False):
        wide_mask = everything.action_mask(wide, state)
        assert torch.equal(wide_mask[..., column], mask)
        assert wide_mask.sum() == mask.sum()
        assert torch.equal(everything.done(state), env.done(before))
        state = everything.step(wide, state, column[action])
    cost = env.cost(instances, episode.actions)
    assert torch.allclose(everything.cost(wide, column[episode.actions]), cost, rtol=1e-5)


@pytest.mark.parametrize("name", MIXED)
def test_with_neutral_values_for_all_that_it_has_not_a_problem_keeps_its_clients_and_vehicles(name):
    instances = preset(name).generator(2, 10, torch.Generator().manual_seed(1))
    for one, other in zip(to_problems(instances), to_problems(neutral(instances, TOKENS)), strict=True):
        assert one.clients == other.clients
        assert one.shipments == other.shipments
        for fewer, more in zip(one.profiles, other.profiles, strict=False):
            assert [more.preference is None, more.allowed is None] == [fewer.preference is None, fewer.allowed is None]
        assert [(v.capacity, v.num_available, v.tw) for v in one.vehicle_types] == [
            (v.capacity, v.num_available, v.tw) for v in other.vehicle_types
        ]


def test_a_batch_of_everything_holds_different_variants():
    problems = to_problems(preset("everything").generator(40, 10, torch.Generator().manual_seed(1)))
    assert any(p.shipments for p in problems)
    assert any(not p.required.all() for p in problems)
    assert any(v.reload_depots for p in problems for v in p.vehicle_types)
    assert any(v.end_depot is None for p in problems for v in p.vehicle_types)
    assert any(p.backhaul == "last" for p in problems)
    assert {len(p.vehicle_types) for p in problems} == {1, 3, 5}
