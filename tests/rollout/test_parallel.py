"""Rollouts in which all vehicles act at once, by a policy that was not trained."""

import copy
from contextlib import nullcontext

import pytest
import torch
from torch.utils._pytree import tree_leaves

import nco
from nco.envs.generators.profiled import equipped
from nco.envs.instances import fleet_size, to_problems, to_routes
from nco.envs.parallel import ParallelEnv
from nco.nn.bits import pack
from nco.rollout.fastest import fastest_rollout
from nco.rollout.graphed import GraphedStep
from nco.rollout.parallel import Scene, act, in_sequence, parallel_rollout, recorded_parallel_rollout, steps
from nco.rollout.rescore import log_probability
from nco.rollout.starts import FREE, first_clients, free_starts

STARTS = 5


def recorded(policy, env, instances, seed: int = 1):
    starts = first_clients(instances, STARTS, env.could(instances))
    draw = torch.Generator().manual_seed(seed)
    return recorded_parallel_rollout(policy, env, instances, starts, draw, policy.encode(instances).detach())


@pytest.mark.parametrize("name", ["profiles", "pvrp_p_cluster", "pvrp_zc", "pvrp_zc_angle", "hcvrp", "cvrp"])
@pytest.mark.parametrize("sampled", [False, True])
def test_the_checker_accepts_every_solution_and_agrees_on_its_cost(tiny_camp, drawn, name, sampled):
    (policy, env), instances = tiny_camp(), equipped(drawn(3, 11, name))
    starts, draw = first_clients(instances, STARTS, env.could(instances)), torch.Generator().manual_seed(1)
    actions, cost = fastest_rollout(policy, env, instances, starts, draw if sampled else None)
    for row, problem in enumerate(to_problems(instances)):
        for path, paid in zip(actions[row].tolist(), cost[row].tolist(), strict=True):
            report = nco.check(problem, to_routes(instances, path, row))
            assert report.is_feasible(), report
            assert report.cost.total == pytest.approx(paid, rel=1e-5)


def test_a_rollout_begins_as_its_start_says(tiny_camp, drawn):
    (policy, env), instances = tiny_camp(), drawn(4, 11, "pvrp_p")
    instances = equipped(instances)
    starts = first_clients(instances, STARTS)
    actions = parallel_rollout(policy, env, instances, starts).actions
    vehicle = torch.where(starts[..., 1] == FREE, 0, starts[..., 0])
    client = torch.where(starts[..., 1] == FREE, starts[..., 0], starts[..., 1])
    length = actions.shape[-1] // fleet_size(instances)
    first = actions.gather(-1, (vehicle * length + 1)[..., None])[..., 0]
    assert torch.equal(first, client)


@torch.no_grad()
def test_a_free_start_leaves_the_first_step_to_the_policy(tiny_camp, drawn):
    (policy, env), instances = tiny_camp(), equipped(drawn(4, 11, "pvrp_p"))
    process, memory = ParallelEnv(env.constraints), policy.encode(instances)
    scene = Scene(process.reset(instances, 2), torch.zeros(4, 2, 5))
    chosen = act(policy, process, memory, instances, scene, None)[0].action
    first = next(steps(policy, process, memory, instances, free_starts(instances, 2), None)).action
    assert torch.equal(first, chosen)


def test_joint_actions_in_sequence_cost_the_same_and_keep_who_serves_whom(tiny_camp, drawn):
    _, env = tiny_camp()
    instances = equipped(drawn(1, 4, "pvrp_p"))
    tokens = list(range(5))
    steps = [[5, 6, 2, 3, 4], [0, 6, 2, 7, 4], [8, 1, 2, 3, 4], [0, 1, 2, 3, 4]]  # vehicle 1 stays at 6 once
    actions = torch.tensor(steps)[None, None]
    path = in_sequence(actions)
    assert [node for node in path[0, 0].tolist() if node not in tokens] == [5, 8, 6, 7]
    torch.testing.assert_close(env.cost(instances, path), ParallelEnv(env.constraints).cost(instances, actions))


@torch.no_grad()
def test_the_record_is_of_what_was_decided_and_of_nothing_else(tiny_camp, drawn):
    (policy, env), instances = tiny_camp(), drawn(3, 9, "profiles")
    trajectory, made = recorded(policy, env, instances)
    assert made.query.mask.gather(-1, made.action[..., None]).all()
    log_p, entropy = log_probability(policy, policy.encode(instances), made, STARTS)
    assert log_p.shape == (3 * fleet_size(instances), STARTS)
    assert (log_p <= 1e-6).all()
    assert (log_p.unflatten(0, (3, -1)).sum(dim=1) < 0).all()
    assert (entropy >= 0).all()
    assert trajectory.cost.shape == (3, STARTS)


@torch.no_grad()
def test_re_scoring_gives_the_probabilities_with_which_everything_was_chosen(tiny_camp, drawn):
    (policy, env), instances = tiny_camp(), drawn(3, 9, "profiles")
    starts, memory = first_clients(instances, STARTS, env.could(instances)), policy.encode(instances)
    process, draw = ParallelEnv(env.constraints), torch.Generator().manual_seed(1)
    chosen = [done.log_p for done in steps(policy, process, memory, instances, starts, draw)]
    found, _ = log_probability(policy, memory, recorded(policy, env, instances)[1], STARTS)
    torch.testing.assert_close(found, torch.stack(chosen).sum(dim=0), rtol=0, atol=1e-4)


def test_packed_masks_give_the_same_probabilities_and_gradients(tiny_camp, drawn):
    (policy, env), instances = tiny_camp(), drawn(2, 7, "profiles")
    made = recorded(policy, env, instances)[1]
    packed = made._replace(query=made.query._replace(mask=pack(made.query.mask), left=pack(made.query.left)))
    results = []
    for decisions in (made, packed):  # in PyTorch, then in a Triton kernel
        policy.zero_grad()
        found = log_probability(policy, policy.encode(instances), decisions, STARTS)
        found[0].square().mean().backward()
        results.append((found, [parameter.grad.clone() for parameter in policy.parameters()]))
    torch.testing.assert_close(*results, rtol=1e-3, atol=1e-3)


@torch.no_grad()
def test_a_step_asks_nothing_of_the_host_so_that_a_cuda_graph_can_hold_it(tiny_camp, drawn, monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # does not know the device
    (policy, env), instances = tiny_camp(), drawn(2, 7, "profiles").to("meta")  # has shapes and a device, no numbers
    policy, process, fleet = copy.deepcopy(policy).to("meta"), ParallelEnv(env.constraints), fleet_size(instances)
    scene = Scene(process.reset(instances, STARTS), torch.zeros(2, STARTS, fleet, device="meta"))
    starts = torch.zeros(2, STARTS, 2, dtype=torch.long, device="meta")
    noise = torch.empty(2 * fleet, STARTS, fleet + 7, device="meta")
    memory = policy.encode(instances)
    _, scene = act(policy, process, memory, instances, scene, noise, starts)
    done, scene = act(policy, process, memory, instances, scene, noise)
    assert {tensor.device.type for tensor in tree_leaves((done, scene))} == {"meta"}


@torch.no_grad()
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_step_replayed_on_its_own_tensors_gives_the_same_rollouts(tiny_camp, drawn, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU here")
    policy, env = tiny_camp()
    policy, step = copy.deepcopy(policy).to(device), GraphedStep(act)
    for seed in (1, 2, 3):  # two sizes, one of them twice
        instances = drawn(2, 6 + seed % 2, "profiles", seed=seed).to(device)
        starts, memory = first_clients(instances, STARTS, env.could(instances)), policy.encode(instances)
        found, expected = (
            recorded_parallel_rollout(policy, env, instances, starts, draw.manual_seed(seed), memory, way)
            for draw, way in ((torch.Generator(device), step), (torch.Generator(device), act))
        )
        assert all(torch.equal(f, e) for f, e in zip(tree_leaves(found), tree_leaves(expected), strict=True))


def test_a_sampled_rollout_is_that_of_its_seed(tiny_camp, drawn):
    (policy, env), instances = tiny_camp(), drawn(2, 8, "profiles")
    first, again, other = (recorded(policy, env, instances, seed)[0].actions for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)
