import math

import pytest
import torch
from gradients import idle

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import fleet_size, from_problem
from nco.errors import WeightsError
from nco.policies import make_policy
from nco.policies.rrnco import EDGE, edges, places, shortest, ways
from nco.rollout import rollout
from nco.rollout.eager import observe
from nco.rollout.starts import first_clients

KINDS = ("ratsp", "rcvrp", "rcvrptw", "rcvrptw_cluster", "mdvrptw", "cvrp")


def begun(policy_and_env, instances, steps=3):
    """What the policy sees of two rollouts after some visits, and the actions until then."""
    _, env = policy_and_env
    state, actions = env.reset(instances, 2), []
    for _ in range(steps):
        mask = env.action_mask(instances, state)
        order = torch.arange(mask.shape[-1]) * torch.tensor([[1], [-1]])  # the last allowed node, and the first
        actions.append(order.masked_fill(~mask, -1000).argmax(dim=-1))
        state = env.step(instances, state, actions[-1])
    return observe(env, instances, state), torch.stack(actions, dim=-1)


def decided(policy_and_env, instances, query):
    policy, _ = policy_and_env
    with torch.no_grad():
        return policy.logits(policy.encode(instances), query)


def renumbered(instances, order):
    """The same problems with node order[k] at place k; one token, which stays."""
    new, nodes = instances.clone(), instances["locs"].shape[1]
    for key in instances.keys():  # noqa: SIM118 (a TensorDict)
        value = instances[key]
        if key in ("distance", "duration"):
            new[key] = value[:, order][..., order]
        elif value.dim() > 1 and value.shape[1] == nodes:
            new[key] = value[:, order]
    return new


@pytest.mark.parametrize("name", ["ratsp", "rcvrp", "rcvrptw"])
def test_relabelled_clients_have_relabelled_probabilities(tiny_rrnco, drawn, name):
    made, instances = tiny_rrnco(), completed(drawn(3, 9, name))
    order = torch.cat([torch.zeros(1, dtype=torch.long), 1 + torch.randperm(9, generator=torch.manual_seed(1))])
    query, actions = begun(made, instances)
    relabelled = renumbered(instances, order)
    state = made[1].reset(relabelled, 2)
    for action in order.argsort()[actions].unbind(-1):
        state = made[1].step(relabelled, state, action)
    behind = decided(made, relabelled, observe(made[1], relabelled, state))
    torch.testing.assert_close(behind, decided(made, instances, query)[..., order], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("size", [1, 2, 30])
def test_every_kind_and_size_is_decided_in_finite_numbers(tiny_rrnco, drawn, name, size):
    made, instances = tiny_rrnco(), completed(drawn(2, size, name))
    query = observe(made[1], instances, made[1].reset(instances, 2))
    logits = decided(made, instances, query)
    assert logits[query.mask].isfinite().all()
    assert (logits[~query.mask] == -torch.inf).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda i: {"locs": 7 * i["locs"] + torch.tensor([3.0, -2.0])},
        lambda i: {"distance": 1000 * i["distance"]},
        lambda i: {key: 60 * i[key] for key in ("duration", "opens", "closes", "service")},
    ],
    ids=["map", "distances", "times"],
)
def test_where_the_map_begins_and_units_change_nothing(tiny_rrnco, drawn, change):
    made, instances = tiny_rrnco(), completed(drawn(3, 9, "rcvrptw"))
    changed = instances.clone()
    changed.update(change(instances))
    queries = [begun(made, problems)[0] for problems in (instances, changed)]
    before, after = (decided(made, *pair) for pair in zip((instances, changed), queries, strict=True))
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["ratsp", "rcvrptw"])
def test_where_coordinates_are_unknown_they_change_nothing(tiny_rrnco, drawn, name):
    made, instances = tiny_rrnco(), completed(drawn(3, 9, name))
    query, _ = begun(made, instances)
    known = decided(made, instances, query)
    instances["placed"] = torch.tensor([False, True, False])
    unknown = decided(made, instances, query)
    instances["locs"] = torch.rand(instances["locs"].shape, generator=torch.Generator().manual_seed(1))
    other = decided(made, instances, query)
    torch.testing.assert_close(unknown[1], known[1], rtol=1e-4, atol=1e-4)
    assert torch.equal(other[[0, 2]], unknown[[0, 2]])
    assert not torch.equal(other[1], unknown[1])


@pytest.mark.parametrize("key", ["distance", "duration", "opens", "closes", "service", "locs", "demand"])
def test_everything_that_counts_is_seen(tiny_rrnco, drawn, key):
    made, instances = tiny_rrnco(), completed(drawn(3, 9, "rcvrptw"))
    query, _ = begun(made, instances)
    before = decided(made, instances, query)
    noise = 0.9 + 0.2 * torch.rand(instances[key].shape, generator=torch.Generator().manual_seed(1))
    instances[key] = instances[key] * noise
    assert not torch.allclose(decided(made, instances, query), before, atol=1e-4)


def test_both_directions_of_a_way_are_seen_differently(tiny_rrnco, drawn):
    made, instances = tiny_rrnco(), completed(drawn(3, 9, "ratsp"))
    query, _ = begun(made, instances)
    before = decided(made, instances, query)
    instances["distance"] = instances["distance"].mT.contiguous()
    assert not torch.allclose(decided(made, instances, query), before, atol=1e-3)


@torch.no_grad()
def test_problems_are_described_by_finite_numbers_of_order_one(drawn):
    for name in KINDS:
        instances = completed(drawn(20, 10, name))
        travels, xy = ways(instances), places(instances)
        numbers = edges(instances, travels, xy)
        assert numbers.shape == (20, EDGE, instances["locs"].shape[1], instances["locs"].shape[1])
        for part in (numbers, xy, shortest(travels, 16, fleet_size(instances))):
            assert part.isfinite().all()
            assert part.abs().max() < 6


@torch.no_grad()
def test_the_shortest_ways_are_sorted_and_the_last_one_stands_in_where_there_are_too_few(drawn):
    instances = drawn(2, 3, "ratsp")
    travels = ways(instances)
    found = shortest(travels, 5, 1)[..., :5].exp()
    sorted_ways = (travels.distance + torch.eye(4) * 1e9).sort(dim=-1).values[..., :3].clamp(min=0.01)
    torch.testing.assert_close(found[..., :3], sorted_ways)
    assert torch.equal(found[..., 3:], found[..., 2:3].expand(-1, -1, 2))


@torch.no_grad()
def test_edges_tell_how_much_time_is_left_and_who_has_to_wait(drawn):
    instances = drawn(2, 4, "cvrp")
    instances["locs"] = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.5]]).expand(2, -1, -1)
    times = {"opens": [0.0, 0, 5, 0, 0], "closes": [math.inf, 2, 6, math.inf, 0.1], "service": [0.0, 1, 1, 1, 1]}
    instances.update({key: torch.tensor([value] * 2) for key, value in times.items()})
    travels = ways(instances)
    spare, wait = edges(instances, travels, places(instances))[0, -2:]
    assert spare[0, 4] < 0 < spare[0, 1]  # too late at 4, in time at 1
    assert wait[1, 2] > 0  # whoever comes from 1, at 2 by then, waits for 5
    assert spare[0, 3] > 0.99
    assert wait[0, 1] < -0.99


def test_a_problem_with_a_matrix_only_tells_that_its_coordinates_are_none_of_its_own(tiny_rrnco):
    model = nco.Model("matrix")
    model.add_depot()
    for _ in range(4):
        model.add_client(delivery=1)
    distance = torch.rand(5, 5, generator=torch.Generator().manual_seed(1)).double().numpy()
    distance[range(5), range(5)] = 0
    model.add_vehicle_type(capacity=3)
    model.set_matrix(distance=distance)
    instances = completed(from_problem(model.build(), range(4)))
    assert instances["placed"].tolist() == [False]
    made = tiny_rrnco()
    query = observe(made[1], instances, made[1].reset(instances, 2))
    before = decided(made, instances, query)
    instances["locs"] = instances["locs"].flip(1)
    assert torch.equal(decided(made, instances, query), before)


@pytest.mark.parametrize("mixing", ["attention", "aafm"])
def test_gradients_reach_every_parameter(tiny_rrnco, drawn, mixing):
    (policy, env), instances = tiny_rrnco(), drawn(4, 12, "roads", seed=4)
    policy = make_policy("rrnco", {**policy.config, "mixing": mixing})
    assert (instances["opens"] > 0).any()
    instances["placed"] = torch.tensor([True, False, True, True])
    starts = first_clients(instances, 5)
    assert idle(policy, env, instances, starts) == []


@torch.no_grad()
@pytest.mark.parametrize("mixing", ["attention", "aafm"])
def test_mixed_precision_decides_much_the_same(tiny_rrnco, drawn, mixing):
    (policy, env), instances = tiny_rrnco(), completed(drawn(3, 20, "rcvrptw"))
    policy = make_policy("rrnco", {**policy.config, "mixing": mixing}).eval()
    query = observe(env, instances, env.reset(instances, 2))
    exact = policy.logits(policy.encode(instances), query)
    with torch.autocast("cpu", torch.bfloat16):
        half = policy.logits(policy.encode(instances), query)
    assert (half - exact)[query.mask].abs().max() < 0.3


def test_what_else_is_in_the_batch_does_not_change_the_routes(tiny_rrnco, drawn):
    (policy, env), instances = tiny_rrnco(), drawn(6, 12, "roads")
    together = rollout(policy, env, instances, first_clients(instances, 5))
    for k in range(6):
        alone = rollout(policy, env, instances[k : k + 1], first_clients(instances[k : k + 1], 5))
        assert torch.equal(together.actions[k, :, : alone.actions.shape[-1]], alone.actions[0])


def test_a_policy_can_be_made_again_from_its_configuration(tiny_rrnco):
    policy, _ = tiny_rrnco()
    again = make_policy(policy.name, policy.config)
    assert {n: p.shape for n, p in again.named_parameters()} == {n: p.shape for n, p in policy.named_parameters()}


@pytest.mark.parametrize("options", [{"width": 30}, {"nearest": 0}, {"edge_width": 0}, {"mixing": "mean"}])
def test_options_that_do_not_fit_are_refused(options):
    with pytest.raises(WeightsError) as caught:
        make_policy("rrnco", {"width": 32, "heads": 8, "decoder_heads": 8, **options})
    assert caught.value.codes == ("W405",)
