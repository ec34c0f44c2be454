"""Round tours that may begin anywhere."""

import pytest
import torch

from nco.envs.presets import preset
from nco.envs.rl4co.tour import Tour, from_token

pytestmark = pytest.mark.train


@pytest.fixture(params=["tsp", "atsp"])
def played(request):
    """The process, problems, and random tours [4, 3, 6] of six places with the states they led through."""
    chosen, generator = preset(request.param), torch.Generator().manual_seed(1)
    tour, instances = Tour(chosen.env), chosen.generator(4, 5, generator)
    state, states, actions = tour.reset(instances, 3), [], []
    for _ in range(6):
        mask = tour.action_mask(instances, state)
        actions.append((torch.rand(mask.shape, generator=generator) + 1e-3).mul(mask).argmax(dim=-1))
        states.append(state)
        state = tour.step(instances, state, actions[-1])
    return tour, instances, torch.stack(actions, dim=-1), [*states, state], chosen.env


def test_every_place_may_come_first_and_each_comes_once(played):
    tour, instances, actions, states, _ = played
    assert tour.action_mask(instances, states[0]).all()
    assert torch.equal(actions.sort(dim=-1).values, torch.arange(6).expand(4, 3, -1))
    assert (actions[..., 0] != 0).any()
    assert [bool(tour.done(state).all()) for state in states] == [False] * 6 + [True]
    assert not any(tour.done(state).any() for state in states[:-1])


def test_states_tell_the_first_the_current_and_the_visited_places(played):
    _, _, actions, states, _ = played
    for step, state in enumerate(states[1:], start=1):
        assert torch.equal(state.vehicles.active, actions[..., 0])
        assert torch.equal(state.vehicles.current, actions[..., step - 1])
        expected = torch.zeros(4, 3, 6, dtype=torch.bool).scatter(-1, actions[..., :step], True)
        assert torch.equal(state.visited, expected)


def test_a_tour_costs_what_the_same_tour_from_the_token_costs(played):
    tour, instances, actions, _, env = played
    turned = from_token(actions)
    assert torch.equal(turned.sort(dim=-1).values, torch.arange(1, 6).expand(4, 3, -1))
    assert torch.equal(tour.cost(instances, actions), env.cost(instances, turned))
    assert torch.allclose(tour.cost(instances, actions.roll(2, dims=-1)), tour.cost(instances, actions))
