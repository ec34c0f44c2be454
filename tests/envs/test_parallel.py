"""The parallel process, on the presets that have several vehicles."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nco
from nco.envs.instances import fleet_size, has, to_problems, to_routes
from nco.envs.parallel import ParallelEnv
from nco.envs.presets import PRESETS, preset

FLEETS = [name for name in PRESETS if fleet_size(preset(name).generator(1, 2, torch.Generator())) > 1]
every_fleet = pytest.mark.parametrize("name", FLEETS)
few_examples = settings(max_examples=3, deadline=None, derandomize=True)


def process(name):
    env = preset(name).env
    return ParallelEnv(env.constraints, env.objective)


def draw(name, batch, size, seed=1):
    """Instances of a preset; of the next even size where clients may come in pairs."""
    return preset(name).generator(batch, size + size % 2 * (name == "everything"), torch.Generator().manual_seed(seed))


def play(env, instances, rollouts, seed, lazy=0.0):
    """Joint actions [B, S, T, M] of random vehicles, and the last state; `lazy` is added to the score of home."""
    generator = torch.Generator().manual_seed(seed)
    state, actions, masks = env.reset(instances, rollouts), [], []
    for _ in range(env.max_steps(instances)):
        mask = env.action_mask(instances, state)
        score = torch.rand(mask.shape, generator=generator)
        score[..., : mask.shape[-2]] += lazy
        action = env.resolve(state, mask, score.masked_fill(~mask, -1.0).argmax(dim=-1), score)
        state = env.step(instances, state, action)
        actions.append(action)
        masks.append(mask)
    return torch.stack(actions, dim=2), torch.stack(masks, dim=2), state


def routes(instances, joint, row):
    """Routes of joint actions [T, M]: vehicle by vehicle, without the steps in which it stayed."""
    return to_routes(instances, [node for token, way in enumerate(joint.T.tolist()) for node in hops(token, way)], row)


def hops(token, way):
    """Nodes that a vehicle goes to, its token first, without the steps in which it stayed."""
    return [token, *(node for before, node in zip([token, *way], way, strict=False) if node != before)]


@every_fleet
@few_examples
@given(size=st.integers(1, 12), seed=st.integers(0, 10**6), lazy=st.sampled_from([0.0, 0.5, 2.0]))
def test_whatever_random_vehicles_do_ends_in_time_and_is_accepted_at_its_cost(name, size, seed, lazy):
    env, instances = process(name), draw(name, 3, size, seed)
    actions, _, state = play(env, instances, 2, seed, lazy)
    assert env.done(instances, state).all()
    cost = env.cost(instances, actions) * instances["scale"][:, None]
    for row, problem in enumerate(to_problems(instances, env.objective)):
        for rollout in range(2):
            report = nco.check(problem, routes(instances, actions[row, rollout], row))
            assert report.is_feasible(), report
            assert float(cost[row, rollout]) == pytest.approx(report.cost.total, rel=1e-5)


@every_fleet
def test_every_vehicle_may_always_go_home_or_stay_there_and_never_to_the_home_of_another(name):
    env, instances = process(name), draw(name, 3, 9)
    _, masks, _ = play(env, instances, 2, seed=1)
    fleet = fleet_size(instances)
    assert torch.equal(masks[..., :fleet], torch.eye(fleet, dtype=torch.bool).expand_as(masks[..., :fleet]))


@every_fleet
@few_examples
@given(size=st.integers(2, 9), seed=st.integers(0, 10**6))
def test_the_checker_accepts_exactly_the_next_clients_that_the_mask_allows_each_vehicle(name, size, seed):
    """Force each vehicle to each client; the others go home, and clients that are left get routes of their own."""
    env, instances = process(name), draw(name, 2, size, seed)
    fleet, could = fleet_size(instances), preset(name).env.reset(instances, 1).could
    actions, masks, _ = play(env, instances, 1, seed)
    step = seed % actions.shape[2]
    required = instances.get("prize", torch.full(instances["locs"].shape[:2], torch.inf)) == torch.inf
    for row, problem in enumerate(to_problems(instances, env.objective)):
        paths = [hops(token, actions[row, 0, :step, token].tolist()) for token in range(fleet)]
        served = {node for path in paths for node in path if node >= fleet}
        paired = has(instances, "picked_up_at") and bool(instances["picked_up_at"][row].any())
        none = instances["available"][row] == 0 if has(instances, "available") else torch.zeros(fleet)
        ended = has(instances, "prize") and step and not masks[row, 0, step, :, fleet:].any()
        for vehicle, client in [] if paired or ended else product(range(fleet), range(fleet, masks.shape[-1])):
            if none[vehicle]:
                continue
            forced = [[*path, client] if token == vehicle else path for token, path in enumerate(paths)]
            path = [node for hop in forced for node in hop]
            for other in set(required[row].nonzero()[:, 0].tolist()) - served - {client} - set(range(fleet)):
                path += [int(could[row, :, other].int().argmax()), other]
            report = nco.check(problem, to_routes(instances, path, row))
            assert report.is_feasible() == bool(masks[row, 0, step, vehicle, client]), (path, report)


@every_fleet
def test_a_batch_of_one_is_a_slice_of_a_batch(name):
    env, instances = process(name), draw(name, 4, 9)
    actions, masks, _ = play(env, instances, 3, seed=1)
    cost = env.cost(instances, actions)
    for row in range(4):
        alone = instances[row : row + 1]
        state = env.reset(alone, 3)
        for step in range(actions.shape[2]):
            assert torch.equal(env.action_mask(alone, state)[0], masks[row, :, step])
            state = env.step(alone, state, actions[row : row + 1, :, step])
        assert torch.allclose(env.cost(alone, actions[row : row + 1])[0], cost[row], rtol=1e-6)


@pytest.fixture
def three():
    """Three vehicles at one depot (nodes 0 to 2) and two clients (nodes 3 and 4): process, instances, state, mask."""
    env = process("hcvrp")
    instances = draw("hcvrp", 1, 2)
    three = instances.clone()
    for key in ("capacity", "unit_cost", "reloads"):
        three[key] = instances[key][:, :3]
    for key in ("locs", "demand"):
        three[key] = torch.cat([instances[key][:, :3], instances[key][:, 5:]], dim=1)
    state = env.reset(three, 1)
    return env, three, state, env.action_mask(three, state)


def resolved(three, action, score):
    env, _, state, mask = three
    return env.resolve(state, mask, torch.tensor([[action]]), torch.tensor([[score]])).flatten().tolist()


SCORE = [[0.0, 0.0, 0.0, 0.5, 0.1], [0.0, 0.0, 0.0, 0.9, 0.2], [0.0, 0.0, 0.0, 0.3, 0.3]]


def test_of_several_vehicles_that_choose_a_client_the_keenest_goes(three):
    assert resolved(three, [3, 3, 3], SCORE) == [0, 3, 2]
    assert resolved(three, [3, 3, 4], SCORE) == [0, 3, 4]


def test_of_equally_keen_vehicles_the_first_goes(three):
    assert resolved(three, [3, 3, 3], [SCORE[0]] * 3) == [3, 1, 2]


def test_vehicles_that_choose_different_clients_all_go(three):
    assert resolved(three, [4, 3, 2], SCORE) == [4, 3, 2]


def test_when_nobody_would_move_the_best_move_is_made(three):
    assert resolved(three, [0, 1, 2], SCORE) == [0, 3, 2]


def test_vehicles_may_stay_at_home_while_another_moves(three):
    assert resolved(three, [0, 1, 4], SCORE) == [0, 1, 4]
