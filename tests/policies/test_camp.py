import pytest
import torch

from nco.envs.generators.profiled import equipped
from nco.envs.instances import fleet_size
from nco.errors import WeightsError
from nco.policies import make_policy
from nco.rollout.parallel import recorded_parallel_rollout
from nco.rollout.rescore import log_probability
from nco.rollout.starts import first_clients

STARTS = 4


def decisions(policy, env, instances):
    starts = first_clients(instances, STARTS, env.could(instances))
    memory = policy.encode(instances)
    return recorded_parallel_rollout(policy, env, instances, starts, torch.Generator().manual_seed(1), memory.detach())[
        1
    ]


@torch.no_grad()
@pytest.mark.parametrize("name", ["profiles", "pvrp_p_angle", "pvrp_zc", "hcvrp"])
def test_what_is_allowed_is_decided_in_finite_numbers(tiny_camp, drawn, name):
    (policy, env), instances = tiny_camp(), equipped(drawn(3, 9, name))
    query = decisions(policy, env, instances).query
    logits = policy.logits(policy.encode(instances), query)
    assert logits[query.mask].isfinite().all()
    assert (logits[~query.mask] == -torch.inf).all()


@torch.no_grad()
def test_vehicles_that_change_their_numbers_change_their_decisions(tiny_camp, drawn):
    (policy, env), instances = tiny_camp(), equipped(drawn(3, 9, "pvrp_p"))
    order = torch.tensor([3, 0, 2, 4, 1])
    nodes = torch.cat([order, torch.arange(5, 14)])
    swapped = instances.clone()
    for key in ("penalty", "allowed"):
        swapped[key] = instances[key][:, order][..., nodes]
    query = decisions(policy, env, instances).query

    def by_vehicle(values):
        return values.unflatten(0, (3, 5))[:, order].flatten(0, 1)

    other = query._replace(
        current=nodes.argsort()[by_vehicle(query.current)], active=by_vehicle(query.active),
        ready=by_vehicle(query.ready), features=by_vehicle(query.features), mask=by_vehicle(query.mask)[..., nodes],
        left=by_vehicle(query.left),
    )  # fmt: skip
    before, behind = policy.logits(policy.encode(instances), query), policy.logits(policy.encode(swapped), other)
    torch.testing.assert_close(behind, by_vehicle(before)[..., nodes], rtol=1e-3, atol=1e-3)


@torch.no_grad()
@pytest.mark.parametrize("communication", [True, False])
def test_what_a_vehicle_decides_depends_on_what_the_others_carry_when_they_communicate(tiny_camp, drawn, communication):
    (policy, env), instances = tiny_camp(communication=communication), drawn(2, 9, "profiles")
    query, memory = decisions(policy, env, instances).query, policy.encode(instances)
    fleet = fleet_size(instances)
    others = query.features.clone()
    others.unflatten(0, (-1, fleet))[:, 1:] += 1.0
    before, after = (policy.logits(memory, query._replace(features=f)) for f in (query.features, others))
    assert torch.equal(before[::fleet], after[::fleet]) is not communication


@torch.no_grad()
@pytest.mark.parametrize("objective", ["sum", "max"])
def test_a_vehicle_sees_how_far_it_is_behind_the_last_where_the_largest_total_counts(tiny_camp, drawn, objective):
    policy, env = tiny_camp("hcvrp_max_3", objective=objective, communication=False)
    instances = drawn(2, 9, "hcvrp_max_3")
    query, memory = decisions(policy, env, instances).query, policy.encode(instances)
    # one vehicle has spent more, another one less: the mean is what it was
    more = (query.ready.unflatten(0, (2, 3)) + torch.tensor([0.0, 0.2, -0.2])[:, None]).flatten(0, 1)
    before, after = (policy.logits(memory, query._replace(ready=ready)) for ready in (query.ready, more))
    first, again = (logits[::3][query.mask[::3]] for logits in (before, after))
    assert torch.allclose(first, again, atol=1e-4) is (objective == "sum")


@torch.no_grad()
def test_where_the_largest_total_counts_the_scale_of_prices_does_not(tiny_camp, drawn):
    (policy, env), instances = tiny_camp("hcvrp_max_3", objective="max"), drawn(2, 9, "hcvrp_max_3")
    query = decisions(policy, env, instances).query
    before = policy.logits(policy.encode(instances), query)
    instances["unit_cost"] = 50 * instances["unit_cost"]
    after = policy.logits(policy.encode(instances), query._replace(ready=50 * query.ready))
    torch.testing.assert_close(after, before, rtol=0, atol=1e-3)


@torch.no_grad()
def test_the_scale_of_prices_changes_nothing(tiny_camp, drawn):
    (policy, env), instances = tiny_camp(), equipped(drawn(3, 9, "pvrp_p"))
    query = decisions(policy, env, instances).query
    query = query._replace(ready=torch.zeros_like(query.ready))
    before = policy.logits(policy.encode(instances), query)
    instances["unit_cost"], instances["penalty"] = 50 * instances["unit_cost"], 50 * instances["penalty"]
    torch.testing.assert_close(policy.logits(policy.encode(instances), query), before, rtol=0, atol=1e-3)


@pytest.mark.parametrize("ablation", [{}, {"communication": False}, {"exchange": False}, {"objective": "max"}])
def test_gradients_reach_every_parameter(tiny_camp, drawn, ablation):
    (policy, env), instances = tiny_camp(**ablation), drawn(4, 12, "profiles", seed=2)
    made = decisions(policy, env, instances)
    log_probability(policy, policy.encode(instances), made, STARTS)[0][:, 0].sum().backward()
    idle = [name for name, parameter in policy.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert idle == []
    assert all(parameter.grad.isfinite().all() for parameter in policy.parameters())


def test_a_policy_can_be_made_again_from_its_configuration(tiny_camp):
    policy, _ = tiny_camp(exchange=False)
    again = make_policy(policy.name, policy.config)
    assert {n: p.shape for n, p in again.named_parameters()} == {n: p.shape for n, p in policy.named_parameters()}


@pytest.mark.parametrize("options", [{"width": 30}, {"layers": 0}, {"communication": "perhaps"}])
def test_options_that_do_not_fit_are_refused(options):
    with pytest.raises(WeightsError) as caught:
        make_policy("camp", {"width": 32, "heads": 8, **options})
    assert caught.value.codes == ("W405",)
