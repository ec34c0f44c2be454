"""The whole rollout in one Triton kernel, here in Triton's interpreter, beside the eager rollout."""

from typing import NamedTuple

import pytest
import torch
from tensordict import TensorDict

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import fleet_size, to_problems, to_routes
from nco.envs.routing import RoutingEnv
from nco.nn.bits import unpack
from nco.policies import Policy, make_policy
from nco.rollout.eager import Trajectory, rollout
from nco.rollout.fused import MOST, covers, fused_rollout, recorded_rollout
from nco.rollout.rescore import Decisions, log_probability, rebuild
from nco.rollout.starts import FREE, first_clients

CLIENTS, STARTS = 11, 5
#: Together they take every branch of the kernel.
CASES = ("cvrp", "vrpb", "vrpmb", "vrptw", "vrpl", "ovrpbltw", "mdovrpmbltw", "unified", "rcvrptw", "speeds", "zones",
         "profiles", "hcvrp", "roads:ratsp", "roads:rcvrp", "roads:rcvrptw", "roads:mdvrptw")  # fmt: skip


class Case(NamedTuple):
    """Two problems of 11 clients, the eager and the fused greedy rollout, and the fused sample with its record."""

    policy: Policy
    env: RoutingEnv
    instances: TensorDict
    eager: Trajectory
    greedy: Trajectory
    sampled: Trajectory
    decisions: Decisions


def begun(case: Case) -> int:
    """How many steps were given."""
    return 1 if fleet_size(case.instances) == 1 else 2


def problems(name: str, draw) -> tuple[str, TensorDict]:
    """A preset and instances of it; of a variation where no preset has what is to be tested."""
    if name == "speeds":
        instances = draw(2, CLIENTS, "vrptw", seed=3)
        instances["speed"] = torch.tensor([[1.25], [1.6]])
        return "vrptw", instances
    if name == "zones":
        instances = draw(2, CLIENTS, "pvrp_zc_angle", seed=3)
        del instances["reloads"]
        instances["capacity"] = instances["capacity"] * torch.tensor([1.0, 1.5, 1.0, 2.0, 1.0])
        return "pvrp_zc", instances
    if name.startswith("roads:"):
        return "roads", completed(draw(2, CLIENTS, name.partition(":")[2], seed=3))
    return name, draw(2, CLIENTS, name, seed=3)


@pytest.fixture(scope="module", params=CASES)
def case(request, drawn, tiny_unified, tiny_profiles, tiny_rrnco) -> Case:
    name, instances = problems(request.param, drawn)
    policy, env = {"profiles": tiny_profiles, "hcvrp": tiny_profiles, "roads": tiny_rrnco}.get(name, tiny_unified)(name)
    assert covers(policy, env, instances)
    starts, draw = first_clients(instances, STARTS, env.could(instances)), torch.Generator().manual_seed(1)
    with torch.no_grad():
        memory = policy.encode(instances)
    return Case(
        policy, env, instances, rollout(policy, env, instances, starts), fused_rollout(policy, env, instances, starts),
        *recorded_rollout(policy, env, instances, starts, draw, memory),
    )  # fmt: skip


def test_greedy_rollouts_are_those_of_the_eager_one(case):
    assert torch.equal(case.greedy.actions, case.eager.actions)
    assert torch.equal(case.greedy.cost, case.eager.cost)


@torch.no_grad()
def test_recorded_decisions_are_as_likely_and_as_open_as_those_rebuilt_from_the_actions(case):
    memory = case.policy.encode(case.instances)
    again = rebuild(case.env, case.instances, case.sampled.actions, begun(case))
    expected = log_probability(case.policy, memory, again, STARTS)
    assert expected[0].max() < 0 < expected[1].min()
    found = log_probability(case.policy, memory, case.decisions, STARTS)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)


def test_what_was_recorded_of_decisions_is_what_the_environment_says(case):
    again = rebuild(case.env, case.instances, case.sampled.actions).query
    mask = unpack(case.decisions.query.mask, case.instances["locs"].shape[1])
    decided = mask.any(dim=-1)
    assert torch.equal(mask[decided], again.mask[decided])
    left = case.decisions.query.left
    assert left is None or torch.equal(unpack(left, mask.shape[-1])[decided], again.left[decided])
    for found, expected in zip(case.decisions.query[:4], again[:4], strict=True):
        torch.testing.assert_close(found[decided].float(), expected[decided].float(), rtol=1e-5, atol=1e-5)


def test_all_but_given_steps_and_those_after_the_end_were_decided(case):
    mask = unpack(case.decisions.query.mask, case.instances["locs"].shape[1])
    decided = mask.any(dim=-1).unflatten(1, (-1, STARTS)).transpose(1, 2)  # [B, S, T - 1]
    visits = (case.sampled.actions >= fleet_size(case.instances)).cumsum(dim=-1)
    expected = visits[..., :-1] < CLIENTS  # somebody was left
    expected[..., : begun(case) - 1] = False
    assert torch.equal(decided, expected)


@pytest.mark.parametrize("kind", ["greedy", "sampled"])
def test_the_checker_accepts_every_trajectory_and_agrees_on_its_cost(case, kind):
    trajectory = getattr(case, kind)
    for row, problem in enumerate(to_problems(case.instances)):
        for path, cost in zip(trajectory.actions[row].tolist(), trajectory.cost[row].tolist(), strict=True):
            report = nco.check(problem, to_routes(case.instances, path, row))
            assert report.is_feasible(), report
            assert report.cost.total == pytest.approx(cost * float(case.instances["scale"][row]), rel=1e-5)


@pytest.mark.parametrize("name", ["unified", "mdovrpbltw", "profiles", "roads"])
def test_recorded_decisions_teach_what_those_rebuilt_from_the_actions_teach(
    tiny_unified, tiny_profiles, tiny_rrnco, drawn, name
):
    (policy, env) = {"profiles": tiny_profiles, "roads": tiny_rrnco}.get(name, tiny_unified)(name)
    instances = drawn(2, 7, name, seed=4)  # of roads: with time windows
    starts, weight = first_clients(instances, 3), torch.tensor([[1.0, -2.0, 0.5], [0.3, 1.0, -1.0]])
    memory = policy.encode(instances)
    draw = torch.Generator().manual_seed(1)
    trajectory, recorded = recorded_rollout(policy, env, instances, starts, draw, memory.detach())
    gradients = []
    for decisions in (recorded, rebuild(env, instances, trajectory.actions, starts.shape[-1])):
        policy.zero_grad()
        (log_probability(policy, policy.encode(instances), decisions, 3)[0] * weight).sum().backward()
        gradients.append({name: parameter.grad.clone() for name, parameter in policy.named_parameters()})
    for part, expected in gradients[1].items():
        torch.testing.assert_close(gradients[0][part], expected, rtol=1e-3, atol=1e-4, msg=part)


def test_trajectories_are_sampled_with_the_probabilities_that_rescoring_gives(tiny_unified, drawn):
    (policy, env), instances, count = tiny_unified("cvrp"), drawn(1, 4), 1280
    instances["capacity"] = instances["demand"].sum(dim=1, keepdim=True) - 1  # at least two routes
    starts, draw = torch.ones(1, 20_000, 1, dtype=torch.long), torch.Generator().manual_seed(7)
    paths = rollout(policy, env, instances, starts, draw).actions[0].unique(dim=0)
    actions = fused_rollout(policy, env, instances, starts[:, :count], draw).actions[0]
    observed = (actions[:, None] == paths[:, : actions.shape[-1]]).all(dim=-1).sum(dim=0)
    with torch.no_grad():
        decisions = rebuild(env, instances, paths[None])
        expected = count * log_probability(policy, policy.encode(instances), decisions, len(paths))[0][0].exp()
    assert expected.sum() == pytest.approx(count, rel=1e-3)  # every path that is possible is among them
    rare = expected < 5  # together one cell of the test
    observed, expected = (torch.cat([n[~rare], n[rare].sum()[None]]) for n in (observed, expected))
    square = ((observed - expected) ** 2 / expected).sum()
    freedom = torch.tensor(len(observed) - 1.0)
    assert observed.sum() == count
    assert len(observed) > 10
    assert torch.special.gammaincc(freedom / 2, square / 2) > 0.01  # p-value of Pearson's chi-square test


def test_a_sampled_rollout_is_that_of_its_seed(tiny_unified, drawn):
    (policy, env), instances = tiny_unified("cvrp"), drawn(2, 6)
    starts = first_clients(instances, 6)
    first, again, other = (
        fused_rollout(policy, env, instances, starts, torch.Generator().manual_seed(seed)).actions for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_steps_of_a_start_are_taken_and_those_left_free_are_the_policys(tiny_unified, drawn):
    (policy, env), instances = tiny_unified("cvrp"), drawn(2, 6)
    starts = torch.tensor([[3, 1, FREE], [2, FREE, 5]]).expand(2, 2, 3)
    found, expected = (roll(policy, env, instances, starts) for roll in (fused_rollout, rollout))
    assert torch.equal(found.actions, expected.actions)
    assert torch.equal(found.actions[..., :3][starts != FREE], starts[starts != FREE])


@pytest.mark.parametrize("name", ["pdp", "pdptw", "pcvrp", "cvrp_reloads", "vrptw_reloads", "everything"])
def test_what_the_kernel_does_not_honour_is_not_covered(tiny_unified, drawn, name):
    assert not covers(*tiny_unified(name), drawn(1, 6, name))


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("prize", (1, 7)),
        ("reloads", (1, 1)),
        ("distance", (1, 1, 7, 7)),
        ("duration", (1, 1, 7, 7)),
    ],
)
def test_attributes_that_the_kernel_does_not_honour_are_not_covered(tiny_unified, drawn, key, shape):
    (policy, env), instances = tiny_unified("vrptw"), drawn(1, 6, "vrptw")
    assert covers(policy, env, instances)
    instances[key] = torch.ones(shape)
    assert not covers(policy, env, instances)


def test_limited_fleets_of_several_vehicles_are_not_covered(tiny_unified, drawn):
    for name, covered in (("vrptw", True), ("mdvrptw", False)):
        (policy, env), instances = tiny_unified(name), drawn(1, 6, name)
        instances["available"] = torch.full_like(instances["capacity"], 2.0)
        assert covers(policy, env, instances) is covered


def test_a_vehicle_with_few_routes_makes_no_more_and_leaves_the_rest(tiny_unified, drawn):
    (policy, env), instances = tiny_unified("cvrp"), drawn(3, 8)
    instances["capacity"] = instances["demand"].sum(dim=1, keepdim=True) / 3 + 9  # too little for all in two routes
    instances["available"] = torch.full((3, 1), 2.0)
    starts = first_clients(instances, 4)
    found, expected = (roll(policy, env, instances, starts) for roll in (fused_rollout, rollout))
    assert torch.equal(found.actions, expected.actions)
    leaves = (found.actions[..., 1:] > 0) & (found.actions[..., :-1] == 0)
    assert leaves.sum(dim=-1).max() == 1  # after the first route


def test_too_many_nodes_are_not_covered(tiny_unified, cvrp, drawn):
    policy, _ = tiny_unified("cvrp")
    assert covers(policy, cvrp, drawn(1, MOST - 1))
    assert not covers(policy, cvrp, drawn(1, MOST))


def test_other_policies_are_not_covered(tiny_policy, cvrp, drawn):
    assert not covers(tiny_policy, cvrp, drawn(1, 6))


@pytest.mark.parametrize(
    "sizes", [{"width": 96}, {"decoder_heads": 8}, {"decoder_feedforward": 48}, {"decoder_feedforward": 8}]
)
def test_decoders_that_do_not_fit_into_tiles_are_not_covered(cvrp, drawn, sizes):
    policy = make_policy("unified", {"width": 64, "heads": 2, "decoder_heads": 2, "layers": 1, **sizes})
    assert not covers(policy, cvrp, drawn(1, 6))
