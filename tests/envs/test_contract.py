"""Laws that every preset obeys."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nco
from nco.envs.instances import symmetries, to_problems
from nco.envs.presets import PRESETS, preset
from nco.envs.routing import split_routes

every_preset = pytest.mark.parametrize("name", PRESETS)
sizes, seeds = st.integers(1, 12), st.integers(0, 10**6)
few_examples = settings(max_examples=5, deadline=None, derandomize=True)
#: Attributes whose neutral value is infinite.
UNBOUNDED = {"closes", "max_distance"}


def draw(name: str, batch: int, size: int, seed: int = 1):
    return preset(name).generator(batch, size, torch.Generator().manual_seed(seed))


@every_preset
@few_examples
@given(size=sizes, seed=seeds)
def test_whatever_a_random_policy_does_ends_in_time_and_is_accepted_at_its_cost(play, at_random, name, size, seed):
    env, instances = preset(name).env, draw(name, 3, size, seed)
    episode = play(env, instances, 2, at_random(seed))
    assert env.done(episode.states[-1]).all()
    assert_accepted(env, instances, episode)


@every_preset
def test_whatever_the_nearest_neighbour_does_ends_in_time_and_is_accepted_at_its_cost(play, nearest, name):
    env, instances = preset(name).env, draw(name, 5, 30)
    episode = play(env, instances, 1, nearest)
    assert env.done(episode.states[-1]).all()
    assert_accepted(env, instances, episode)


def assert_accepted(env, instances, episode):
    cost = env.cost(instances, episode.actions)
    for row, problem in enumerate(to_problems(instances)):
        for rollout in range(cost.shape[1]):
            report = nco.check(problem, episode.routes(row, rollout))
            assert report.is_feasible(), report
            assert float(cost[row, rollout]) == pytest.approx(report.cost.total, rel=1e-5)


@every_preset
@few_examples
@given(size=sizes, seed=seeds)
def test_there_is_always_something_to_do_and_only_the_depot_once_all_are_served(play, at_random, name, size, seed):
    env, instances = preset(name).env, draw(name, 3, size, seed)
    episode = play(env, instances, 2, at_random(seed))
    for state, mask in zip(episode.states, episode.masks, strict=False):
        done = env.done(state)
        assert mask.any(dim=-1).all()
        assert not mask[done][:, 1:].any()
        assert not (mask & state.visited).any()
        assert torch.equal(mask[..., 0], (state.current != 0) | done)


@every_preset
@few_examples
@given(size=st.integers(2, 12), seed=seeds)
def test_the_checker_accepts_exactly_the_next_clients_that_the_mask_allows(play, at_random, name, size, seed):
    """Force every client in turn; home from there, and a route of its own for everybody else."""
    env, instances = preset(name).env, draw(name, 2, size, seed)
    episode = play(env, instances, 1, at_random(seed))
    step = seed % len(episode.masks)
    twins = {constraint.rule for constraint in env.constraints}
    for row, problem in enumerate(to_problems(instances)):
        before = episode.actions[row, 0, :step].tolist()
        for client in range(1, size + 1):
            others = set(range(1, size + 1)) - {client, *before}
            path = [*before, client, *(node for other in sorted(others) for node in (0, other))]
            report = nco.check(problem, split_routes(path))
            broken = {violation.rule for violation in report.violations}
            assert report.is_feasible() == bool(episode.masks[step][row, 0, client]), (path, report)
            assert broken <= ({"visits", *twins} if client in before else twins)


@every_preset
def test_a_batch_of_one_is_a_slice_of_a_batch(play, at_random, name):
    env, instances = preset(name).env, draw(name, 4, 9)
    whole = play(env, instances, 3, at_random(1))
    cost = env.cost(instances, whole.actions)
    for row in range(4):
        alone = instances[row : row + 1]
        replayed = iter(whole.actions[row : row + 1].unbind(dim=-1))
        part = play(env, alone, 3, lambda instances, state, mask, actions=replayed: next(actions))
        for k, mask in enumerate(part.masks):
            assert torch.equal(mask[0], whole.masks[k][row])
        assert torch.allclose(env.cost(alone, part.actions)[0], cost[row], rtol=1e-6)


@every_preset
@few_examples
@given(size=sizes, seed=seeds)
def test_replay_rebuilds_the_states_of_stepping(play, at_random, name, size, seed):
    env, instances = preset(name).env, draw(name, 2, size, seed)
    episode = play(env, instances, 2, at_random(seed))
    replayed = env.replay(instances, episode.actions)
    stack = partial(torch.stack, dim=2)
    states = episode.states[:-1]
    assert torch.equal(replayed.current, stack([state.current for state in states]))
    assert torch.equal(replayed.visited, stack([state.visited for state in states]))
    for k, slot in enumerate(replayed.slots):
        assert torch.equal(slot, stack([state.slots[k] for state in states]))
    assert torch.equal(env.action_mask(instances, replayed), stack(episode.masks))


@every_preset
def test_features_are_finite_of_order_one_and_the_same_in_a_replay(play, at_random, name):
    env, instances = preset(name).env, draw(name, 4, 9)
    episode = play(env, instances, 3, at_random(1))
    features = torch.stack([env.features(instances, state) for state in episode.states[:-1]], dim=2)
    assert features.shape == (4, 3, 18, env.num_features)
    assert features.abs().max() <= 1
    assert torch.equal(features, env.features(instances, env.replay(instances, episode.actions)))


@every_preset
def test_symmetries_are_eight_different_maps_at_the_same_cost(play, at_random, name):
    env, instances = preset(name).env, draw(name, 3, 9)
    actions = play(env, instances, 2, at_random(1)).actions
    cost = env.cost(instances, actions)
    copies = symmetries(instances).chunk(8)
    assert torch.equal(copies[0]["locs"], instances["locs"])
    assert len({tuple(copy["locs"].flatten().tolist()) for copy in copies}) == 8
    for copy in copies:
        assert copy["locs"].min() >= 0
        assert copy["locs"].max() <= 1
        assert torch.allclose(env.cost(copy, actions), cost, rtol=1e-5)
        assert torch.equal(copy["demand"], instances["demand"])


@every_preset
def test_the_same_seed_draws_the_same_instances_and_another_seed_others(name):
    first, again, other = draw(name, 3, 9, 5), draw(name, 3, 9, 5), draw(name, 3, 9, 6)
    assert all(torch.equal(first[key], again[key]) for key in first.keys())  # noqa: SIM118 (a TensorDict)
    assert not torch.equal(first["locs"], other["locs"])


@every_preset
@few_examples
@given(size=st.integers(1, 60), seed=seeds)
def test_instances_are_whole_finite_and_every_client_fits(name, size, seed):
    instances = draw(name, 4, size, seed)
    assert instances.batch_size == (4,)
    assert instances["locs"].shape == (4, size + 1, 2)
    for key, values in instances.items():
        assert not values.isnan().any(), key
        assert values.isfinite().all() or key in UNBOUNDED, key
    for key in {"demand", "pickup"} & set(instances.keys()):
        assert torch.equal(instances[key], instances[key].round())
        assert (instances[key][:, 0] == 0).all()
        assert (instances[key] <= instances["capacity"][:, None]).all()
