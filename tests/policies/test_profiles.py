import pytest
import torch

from nco.envs.generators.profiled import equipped
from nco.errors import WeightsError
from nco.nn.pointer import pointer_logits
from nco.policies import make_policy
from nco.policies.profiles import describe, price
from nco.rollout import log_probability, rebuild, rollout
from nco.rollout.eager import observe
from nco.rollout.starts import first_clients

PRESETS = ("profiles", "pvrp_p", "pvrp_p_angle", "pvrp_p_cluster", "pvrp_zc", "pvrp_zc_angle", "hcvrp", "cvrp")


def after(env, instances, actions):
    """What a policy sees after actions [B, S, T]."""
    state = env.reset(instances, actions.shape[1])
    for action in actions.unbind(-1):
        state = env.step(instances, state, action)
    return observe(env, instances, state)


def decided(policy, env, instances, actions):
    """Logits after actions [B, S, T]."""
    return policy.logits(policy.encode(instances), after(env, instances, actions))


@torch.no_grad()
@pytest.mark.parametrize("name", PRESETS)
def test_every_kind_of_vehicle_is_decided_in_finite_numbers(tiny_profiles, drawn, name):
    (policy, env), instances = tiny_profiles(), equipped(drawn(3, 9, name))
    query = observe(env, instances, env.reset(instances, 2))
    logits = policy.logits(policy.encode(instances), query)
    assert logits[query.mask].isfinite().all()
    assert (logits[~query.mask] == -torch.inf).all()


@torch.no_grad()
@pytest.mark.parametrize("name", PRESETS)
def test_a_problem_is_described_by_finite_numbers_of_order_one(drawn, name):
    instances = drawn(20, 10, name)
    unit = torch.ones(20)
    for numbers in describe(instances, price(instances, unit), unit):
        assert numbers.isfinite().all()
        assert numbers.abs().max() <= 4


@torch.no_grad()
def test_vehicles_and_clients_that_change_their_numbers_change_their_probabilities(tiny_profiles, drawn):
    (policy, env), instances = tiny_profiles(), equipped(drawn(3, 9, "pvrp_p"))
    vehicles = torch.tensor([0, 3, 2, 4, 1])  # the first one begins
    clients = 5 + torch.randperm(9, generator=torch.Generator().manual_seed(1))
    order = torch.cat([vehicles, clients])
    swapped = instances.clone()
    for key in ("locs", "demand"):
        swapped[key] = instances[key][:, order]
    for key in ("penalty", "allowed"):
        swapped[key] = instances[key][:, vehicles][..., order]
    actions = torch.tensor([[1, 7], [3, 9]]).expand(3, 2, 2)
    before, behind = decided(policy, env, instances, actions), decided(policy, env, swapped, order.argsort()[actions])
    torch.testing.assert_close(behind, before[..., order], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_the_scale_of_prices_and_a_penalty_that_all_vehicles_share_change_nothing(tiny_profiles, drawn):
    (policy, env), instances = tiny_profiles(), equipped(drawn(3, 9, "pvrp_p"))
    actions = torch.tensor([[7], [9]]).expand(3, 2, 1)
    before = decided(policy, env, instances, actions)
    instances["unit_cost"] = 50 * instances["unit_cost"]
    shared = torch.rand(3, 1, 14, generator=torch.Generator().manual_seed(1))
    instances["penalty"] = 50 * (instances["penalty"] + shared)
    torch.testing.assert_close(decided(policy, env, instances, actions), before, rtol=0, atol=1e-3)


@torch.no_grad()
def test_the_unit_of_the_distances_changes_nothing_when_penalties_are_in_it_too(tiny_profiles, drawn):
    (policy, env), instances = tiny_profiles(), equipped(drawn(3, 9, "pvrp_p"))
    actions = torch.tensor([[7], [9]]).expand(3, 2, 1)
    before = decided(policy, env, instances, actions)
    instances["distance"] = 1000 * torch.cdist(instances["locs"], instances["locs"])
    instances["penalty"] = 1000 * instances["penalty"]
    torch.testing.assert_close(decided(policy, env, instances, actions), before, rtol=0, atol=1e-3)


@torch.no_grad()
@pytest.mark.parametrize("key", ["penalty", "allowed", "unit_cost", "capacity", "demand", "locs"])
def test_every_attribute_is_seen(tiny_profiles, drawn, key):
    (policy, _), instances = tiny_profiles(), drawn(20, 9, "profiles")
    before, changed = policy.encode(instances), instances.clone()
    changed[key] = instances[key].flip(1) if key in ("capacity", "unit_cost", "penalty", "allowed") else torch.cat(
        [instances[key][:, :-2], instances[key][:, -2:].flip(1)], dim=1
    )  # fmt: skip
    assert not torch.equal(policy.encode(changed).pointer, before.pointer)


@torch.no_grad()
def test_the_less_a_vehicle_is_liked_the_less_likely_it_visits(tiny_profiles, drawn):
    (policy, env), instances = tiny_profiles(), equipped(drawn(3, 9, "pvrp_p"))
    query = observe(env, instances, env.reset(instances, 1))
    before = policy.encode(instances)
    policy.reluctance += 1
    behind = policy.encode(instances)
    policy.reluctance -= 1
    lower = pointer_logits(policy.point(before, query)) - pointer_logits(policy.point(behind, query))
    disliked = price(instances, torch.ones(3)).regret[:, 0] > 1e-3
    assert torch.equal(lower[:, 0, 5:] > 0, disliked)


@torch.no_grad()
def test_a_vehicle_for_which_more_is_left_is_likelier_to_be_next(tiny_profiles, drawn):
    (policy, env), instances = tiny_profiles(), equipped(drawn(3, 9, "pvrp_p"))
    memory, query = policy.encode(instances), observe(env, instances, env.reset(instances, 1))
    less = query.left.clone()
    less[..., 8:] = False
    more, fewer = (policy.logits(memory, query._replace(left=left)) for left in (query.left, less))
    assert (more[..., 1:5] > fewer[..., 1:5]).all()
    assert torch.equal(more[..., 5:], fewer[..., 5:])


def test_gradients_reach_every_parameter(tiny_profiles, drawn):
    (policy, env), instances = tiny_profiles(), drawn(4, 12, "profiles", seed=2)
    starts = first_clients(instances, 5, env.could(instances))
    actions = rollout(policy, env, instances, starts, torch.Generator().manual_seed(1)).actions
    decisions = rebuild(env, instances, actions, starts.shape[-1])
    policy.zero_grad()
    log_probability(policy, policy.encode(instances), decisions, 5)[0][:, 0].sum().backward()
    idle = [name for name, parameter in policy.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert idle == []
    assert all(parameter.grad.isfinite().all() for parameter in policy.parameters())


def test_a_policy_can_be_made_again_from_its_configuration(tiny_profiles):
    policy, _ = tiny_profiles()
    again = make_policy(policy.name, policy.config)
    assert {n: p.shape for n, p in again.named_parameters()} == {n: p.shape for n, p in policy.named_parameters()}


@pytest.mark.parametrize("options", [{"pair_width": 0}, {"width": 30}, {"layers": 0}])
def test_options_that_do_not_fit_are_refused(options):
    with pytest.raises(WeightsError) as caught:
        make_policy("profiles", {"width": 32, "heads": 8, "decoder_heads": 8, **options})
    assert caught.value.codes == ("W405",)
