import pytest
import torch
from gradients import idle

from nco.envs.generators.everything import BY_NODE, BY_VEHICLE
from nco.envs.generators.unified import NODE, VEHICLE, completed
from nco.envs.instances import fleet_size
from nco.errors import WeightsError
from nco.policies import make_policy
from nco.policies.unified import describe
from nco.rollout import rollout
from nco.rollout.eager import observe
from nco.rollout.starts import first_clients

VARIANTS = ("cvrp", "ovrpbltw", "vrpmbl", "mdvrptw", "mdovrpmbltw", "rcvrptw", "cvrp_x", "hcvrp", "everything")
#: Keys by vehicle and by node.
BY_VEHICLES, BY_NODES = ("capacity", *BY_VEHICLE), ("locs", "demand", *BY_NODE)


def visited(env, instances, steps=3):
    """What a policy sees of two rollouts of each problem after some visits, and the actions until then."""
    state, actions = env.reset(instances, 2), []
    for _ in range(steps):
        mask = env.action_mask(instances, state)
        order = torch.arange(mask.shape[-1]) * torch.tensor([[1], [-1]])  # the last allowed node, and the first
        action = order.masked_fill(~mask, -1000).argmax(dim=-1)
        actions.append(action)
        state = env.step(instances, state, action)
    return observe(env, instances, state), torch.stack(actions, dim=-1)


def after(env, instances, actions):
    """What a policy sees after actions [B, S, T]."""
    state = env.reset(instances, actions.shape[1])
    for action in actions.unbind(-1):
        state = env.step(instances, state, action)
    return observe(env, instances, state)


def renumbered(instances, order):
    """The same problems with node order[k] at place k; tokens come first in both."""
    fleet = fleet_size(instances)
    new = instances.clone()
    for key in instances.keys():  # noqa: SIM118 (a TensorDict)
        if key in BY_NODES:
            new[key] = instances[key][:, order]
        elif key in BY_VEHICLES:
            new[key] = instances[key][:, order[:fleet]]
        elif key in ("distance", "duration"):
            new[key] = instances[key][:, order][..., order]
    return new


@torch.no_grad()
@pytest.mark.parametrize("name", ["ovrpbltw", "mdovrpmbltw", "rcvrptw"])
def test_relabelled_clients_have_relabelled_probabilities(tiny_unified, drawn, name):
    (policy, env), instances = tiny_unified(name), drawn(3, 9, name)
    fleet = fleet_size(instances)
    order = torch.cat([torch.arange(fleet), fleet + torch.randperm(9, generator=torch.Generator().manual_seed(1))])
    query, actions = visited(env, instances)
    relabelled = renumbered(instances, order)
    before = policy.logits(policy.encode(instances), query)
    behind = policy.logits(policy.encode(relabelled), after(env, relabelled, order.argsort()[actions]))
    torch.testing.assert_close(behind, before[..., order])


@torch.no_grad()
def test_vehicles_that_change_their_numbers_change_their_probabilities(tiny_unified, drawn):
    (policy, env), instances = tiny_unified("mdvrptw"), drawn(3, 9, "mdvrptw")
    instances["capacity"] = instances["capacity"] * torch.tensor([1.0, 2.0, 1.5])
    order = torch.tensor([0, 2, 1, *range(3, 12)])  # the first one begins
    actions = torch.tensor([[1, 5], [2, 7]]).expand(3, 2, 2)
    swapped = renumbered(instances, order)
    before = policy.logits(policy.encode(instances), after(env, instances, actions))
    behind = policy.logits(policy.encode(swapped), after(env, swapped, order.argsort()[actions]))
    torch.testing.assert_close(behind, before[..., order])


@torch.no_grad()
@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_decided_in_finite_numbers(tiny_unified, drawn, name):
    (policy, env), instances = tiny_unified(name), drawn(3, 9 + (name == "everything"), name)
    query, _ = visited(env, instances)
    logits = policy.logits(policy.encode(instances), query)
    assert logits[query.mask].isfinite().all()
    assert (logits[~query.mask] == -torch.inf).all()


@torch.no_grad()
@pytest.mark.parametrize("name", VARIANTS)
def test_a_problem_is_described_by_finite_numbers_of_order_one(drawn, name):
    for numbers in describe(drawn(20, 10, name)):
        assert numbers.isfinite().all()
        assert numbers.abs().max() <= 1


@torch.no_grad()
def test_attributes_that_are_absent_are_as_attributes_with_neutral_values(tiny_unified, drawn):
    policy, env = tiny_unified("unified")
    instances = drawn(3, 9)
    full = completed(instances)
    assert set(full.keys()) > set(instances.keys())
    for one, other in zip(describe(instances), describe(full), strict=True):
        assert torch.equal(one, other)
    query, _ = visited(env, full)
    torch.testing.assert_close(
        policy.logits(policy.encode(instances), query), policy.logits(policy.encode(full), query)
    )


@pytest.mark.parametrize("key", ["pickup", "opens", "closes", "service", "max_distance", "open", "backhaul_last"])
def test_every_attribute_is_seen(drawn, key):
    instances = drawn(20, 9, "ovrpbltw")
    neutral = {**BY_NODE, **BY_VEHICLE, "backhaul_last": False}[key]
    without = instances.clone()
    without[key] = torch.full_like(instances[key], neutral)
    differ = [not torch.equal(one, other) for one, other in zip(describe(instances), describe(without), strict=True)]
    assert any(differ)


def test_the_attributes_of_the_unified_environment_are_those_that_are_seen(drawn):
    assert {*NODE, *VEHICLE, "backhaul_last"} <= set(drawn(2, 9, "ovrpbltw").keys())


def test_what_else_is_in_the_batch_does_not_change_the_routes(tiny_unified, drawn):
    (policy, env), instances = tiny_unified("unified"), drawn(6, 12, "unified")
    together = rollout(policy, env, instances, first_clients(instances, 5))
    for k in range(6):
        alone = rollout(policy, env, instances[k : k + 1], first_clients(instances[k : k + 1], 5))
        steps = alone.actions.shape[-1]
        assert torch.equal(together.actions[k, :, :steps], alone.actions[0])


def test_gradients_reach_every_parameter(tiny_unified, drawn):
    (policy, env), instances = tiny_unified("unified"), drawn(4, 12, "unified", seed=2)
    assert (instances["opens"] > 0).any()  # somebody may have to wait
    starts = first_clients(instances, 5)
    assert idle(policy, env, instances, starts) == []


@torch.no_grad()
def test_the_unit_of_the_distances_does_not_change_the_decisions(tiny_unified, drawn):
    (policy, env), instances = tiny_unified("cvrp"), drawn(3, 9)
    query, _ = visited(env, instances)
    before = policy.logits(policy.encode(instances), query)
    instances["distance"] = 1000 * torch.cdist(instances["locs"], instances["locs"])
    torch.testing.assert_close(policy.logits(policy.encode(instances), query), before, rtol=0, atol=1e-4)


@torch.no_grad()
def test_the_higher_the_price_of_waiting_the_less_likely_are_those_that_open_late(tiny_unified, drawn):
    (policy, env), instances = tiny_unified("vrptw"), drawn(3, 9, "vrptw")
    query, _ = visited(env, instances, steps=1)
    memory = policy.encode(instances)
    before = policy.logits(memory, query)
    policy.patience += 1
    behind = policy.logits(memory, query)
    way = memory.distance.gather(1, query.current[..., None].expand(-1, -1, 10))
    late = (memory.opens[:, None] - query.ready[..., None] > way) & query.mask
    assert 0 < late.sum() < query.mask.sum()
    assert (behind[late] < before[late]).all()
    assert torch.equal(behind[~late], before[~late])


def test_a_policy_can_be_made_again_from_its_configuration(tiny_unified):
    policy, _ = tiny_unified("unified")
    again = make_policy(policy.name, policy.config)
    assert {n: p.shape for n, p in again.named_parameters()} == {n: p.shape for n, p in policy.named_parameters()}


@pytest.mark.parametrize(
    "options", [{"width": 30}, {"decoder_heads": 3}, {"decoder_feedforward": -1}, {"features": 0}, {"clip": 0.0}]
)
def test_options_that_do_not_fit_are_refused(options):
    with pytest.raises(WeightsError) as caught:
        make_policy("unified", {"width": 32, "heads": 8, "decoder_heads": 8, **options})
    assert caught.value.codes == ("W405",)
