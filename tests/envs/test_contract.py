"""Laws that every preset obeys."""

from itertools import islice, permutations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nco
from nco.envs.instances import fleet_size, has, symmetries, to_problems, to_routes
from nco.envs.presets import PRESETS, preset

every_preset = pytest.mark.parametrize("name", PRESETS)
sizes, seeds = st.integers(1, 12), st.integers(0, 10**6)
few_examples = settings(max_examples=3, deadline=None, derandomize=True)
#: Attributes whose neutral value is infinite.
UNBOUNDED = {"available", "closes", "max_distance", "max_duration", "prize"}


def draw(name: str, batch: int, size: int, seed: int = 1):
    """Instances of a preset; of the next even size where clients come in pairs."""
    paired = any(constraint.rule == "shipments" for constraint in preset(name).env.constraints)
    return preset(name).generator(batch, size + size % 2 * paired, torch.Generator().manual_seed(seed))


def clients_of(instances):
    return range(fleet_size(instances), instances["locs"].shape[1])


@every_preset
@few_examples
@given(size=sizes, seed=seeds)
def test_whatever_a_random_policy_does_ends_in_time_and_is_accepted_at_its_cost(play, at_random, name, size, seed):
    assert_accepted(preset(name), play(preset(name).env, draw(name, 3, size, seed), 2, at_random(seed)))


@every_preset
def test_whatever_the_nearest_neighbour_does_ends_in_time_and_is_accepted_at_its_cost(play, nearest, name):
    assert_accepted(preset(name), play(preset(name).env, draw(name, 5, 30), 1, nearest))


def assert_accepted(chosen, episode):
    env = chosen.env
    assert env.done(episode.states[-1]).all()
    cost = env.cost(episode.instances, episode.actions) * episode.instances["scale"][:, None]
    for row, problem in enumerate(to_problems(episode.instances, env.objective)):
        for rollout in range(cost.shape[1]):
            report = nco.check(problem, episode.routes(row, rollout), chosen.rules)
            assert report.is_feasible(), report
            assert float(cost[row, rollout]) == pytest.approx(report.cost.total, rel=1e-5)


@every_preset
@few_examples
@given(size=sizes, seed=seeds)
def test_there_is_always_something_to_do_and_nothing_but_depots_once_all_are_served(play, at_random, name, size, seed):
    env, instances = preset(name).env, draw(name, 3, size, seed)
    fleet = fleet_size(instances)
    episode = play(env, instances, 2, at_random(seed))
    for state, mask in zip(episode.states, episode.masks, strict=False):
        assert mask.any(dim=-1).all()
        assert not (mask & state.visited).any()
        assert not mask[env.done(state)][:, fleet:].any()
        assert not state.visited[..., :fleet].any()


@every_preset
@few_examples
@given(size=st.integers(2, 12), seed=seeds)
def test_the_checker_accepts_exactly_the_next_clients_that_the_mask_allows(play, at_random, name, size, seed):
    env, instances = preset(name).env, draw(name, 2, size, seed)
    episode = play(env, instances, 1, at_random(seed))
    step = seed % len(episode.masks)
    twins = {constraint.rule for constraint in env.constraints} | {"fleet"}
    for row, problem in enumerate(to_problems(instances, env.objective)):
        before = episode.actions[row, 0, :step].tolist()
        over = bool(episode.states[step].vehicles.idle[row, 0])  # optional clients may be left out
        for client in () if over else clients_of(instances):
            for path in completions(instances[row], episode.states[0].could[row], [*before, client]):
                report = nco.check(problem, to_routes(instances, path, row), preset(name).rules)
                if report.is_feasible():
                    break
            broken = {violation.rule for violation in report.violations}
            assert report.is_feasible() == bool(episode.masks[step][row, 0, client]), (path, report)
            assert broken <= ({"visits", *twins} if client in before else twins)


def completions(instance, could, begun):
    """Complete a path: what is aboard, in all orders of a few; all others on routes of their own, or on this one where
    routes are few. Clients that are optional are left out.
    """
    fleet, nodes = len(instance["capacity"]), len(instance["locs"])
    origin = instance.get("picked_up_at", torch.zeros(nodes)).tolist()
    target = {origin[node]: node for node in range(nodes) if origin[node]}
    aboard = [target[node] for node in begun if node in target and target[node] not in begun]
    required = instance.get("prize", torch.full((nodes,), torch.inf)) == torch.inf
    rest = [node for node in range(fleet, nodes) if required[node]]
    few = bool((instance.get("available", torch.full((fleet,), torch.inf)) < torch.inf).all())
    for order in islice(permutations(aboard), 24):
        path = [*begun, *order]
        for node in rest:
            if node not in path and not origin[node]:
                path += [] if few else [int(could[:, node].int().argmax())]
                path += [node, *(goal for goal in [target.get(node)] if goal and goal not in path)]
        yield [*path, *(node for node in rest if node not in path)]


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
    assert torch.equal(replayed.could, episode.states[0].could)
    for step, state in enumerate(episode.states[:-1]):
        assert torch.equal(replayed.visited[:, :, step], state.visited)
        *small, slots = replayed.vehicles
        *stepped, stepped_slots = state.vehicles
        for whole, one in zip((*small, *slots), (*stepped, *stepped_slots), strict=True):
            assert torch.equal(whole[:, :, step], one)
    assert torch.equal(env.action_mask(instances, replayed), torch.stack(episode.masks, dim=2))


@every_preset
def test_features_are_finite_of_order_one_and_the_same_in_a_replay(play, at_random, name):
    env, instances = preset(name).env, draw(name, 4, 9)
    episode = play(env, instances, 3, at_random(1))
    features = torch.stack([env.features(instances, state) for state in episode.states[:-1]], dim=2)
    assert features.shape == (4, 3, env.max_steps(instances), env.num_features)
    assert (features.abs() <= 1).all()
    assert torch.equal(features, env.features(instances, env.replay(instances, episode.actions)))


@every_preset
def test_the_eight_symmetries_keep_all_costs(play, at_random, name):
    env, instances = preset(name).env, draw(name, 3, 9)
    actions = play(env, instances, 2, at_random(1)).actions
    cost = env.cost(instances, actions)
    copies = symmetries(instances).chunk(8)
    assert torch.equal(copies[0]["locs"], instances["locs"])
    for copy in copies:
        assert copy["locs"].min() >= 0
        assert copy["locs"].max() <= 1
        assert torch.allclose(env.cost(copy, actions), cost, rtol=1e-5)
        assert torch.equal(copy["demand"], instances["demand"])


@every_preset
def test_the_same_seed_draws_the_same_instances_and_another_seed_others(name):
    first, again, other = draw(name, 3, 9, 5), draw(name, 3, 9, 5), draw(name, 3, 9, 6)
    assert all(torch.equal(first[key], again[key]) for key in first.keys())  # noqa: SIM118 (a TensorDict)
    assert not all(torch.equal(first[key], other[key]) for key in ("locs", "distance") if has(first, key))


@every_preset
@few_examples
@given(size=st.integers(1, 60), seed=seeds)
def test_instances_are_whole_finite_and_every_client_fits_into_a_vehicle(name, size, seed):
    instances = draw(name, 4, size, seed)
    fleet = fleet_size(instances)
    assert instances.batch_size == (4,)
    assert instances["locs"].shape[0] == 4
    assert len(clients_of(instances)) - size in (0, size % 2)
    for key, values in instances.items():
        assert not values.isnan().any(), key
        assert values.isfinite().all() or key in UNBOUNDED, key
    for key in {"demand", "pickup"} & set(instances.keys()):
        assert torch.equal(instances[key], instances[key].round())
        assert (instances[key][:, :fleet] == 0).all()
        assert (instances[key] <= instances["capacity"].amax(dim=1, keepdim=True)).all()
    could = preset(name).env.reset(instances, 1).could.any(dim=1)
    if has(instances, "picked_up_at"):
        could = could | (instances["picked_up_at"] > 0)
    assert could[:, fleet:].all()
