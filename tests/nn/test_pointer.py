import pytest
import torch

from nco.nn.bits import pack
from nco.nn.pointer import Pointing, pointer_log_probability, pointer_logits, rows


@pytest.fixture
def pointing() -> Pointing:
    """Two problems of five nodes, three decisions each."""
    draw = torch.Generator().manual_seed(3)
    mask = torch.rand(2, 3, 5, generator=draw) < 0.6
    mask[..., 0] = True
    return Pointing(
        wanted=torch.randn(2, 3, 16, generator=draw),
        keys=torch.randn(2, 5, 16, generator=draw),
        distance=torch.rand(2, 5, 5, generator=draw),
        nearness=torch.tensor([[0.5, 0.5, 0.5], [0.7, 0.7, 0.7]]),
        current=torch.tensor([[0, 1, 4], [2, 2, 0]]),
        mask=mask,
        clip=10.0,
    )


def test_rows_are_those_of_the_nodes():
    table = torch.arange(2 * 3 * 2).view(2, 3, 2)
    assert rows(table, torch.tensor([[2, 0], [1, 1]])).tolist() == [[[4, 5], [0, 1]], [[8, 9], [8, 9]]]


def test_a_forbidden_node_has_a_logit_of_minus_infinity_and_a_probability_of_exactly_zero(pointing):
    logits = pointer_logits(pointing)
    assert (logits[~pointing.mask] == -torch.inf).all()
    assert (logits.softmax(dim=-1)[~pointing.mask] == 0).all()


def test_logits_of_allowed_nodes_lie_within_the_clip(pointing):
    allowed = pointer_logits(pointing)[pointing.mask]
    assert (allowed.abs() <= 10).all()
    assert (allowed.abs() > 9).any()


def test_log_probabilities_are_those_of_a_softmax_over_the_logits(pointing):
    action = pointing.mask.float().argmax(dim=-1)
    expected = pointer_logits(pointing).log_softmax(dim=-1).gather(-1, action[..., None])[..., 0]
    torch.testing.assert_close(pointer_log_probability(pointing, action)[0], expected)


def test_entropies_are_those_of_a_softmax_over_the_logits(pointing):
    expected = torch.special.entr(pointer_logits(pointing).softmax(dim=-1)).sum(dim=-1)
    torch.testing.assert_close(pointer_log_probability(pointing, pointing.current)[1], expected)


def test_of_two_equal_nodes_the_nearer_one_is_likelier(pointing):
    equal = pointing._replace(wanted=torch.zeros(2, 3, 16), mask=torch.ones(2, 3, 5, dtype=torch.bool))
    nearest = rows(equal.distance, equal.current).argmin(dim=-1)
    assert torch.equal(pointer_logits(equal).argmax(dim=-1), nearest)


def test_of_two_nodes_at_the_same_place_the_one_that_opens_earlier_is_likelier(pointing):
    equal = pointing._replace(
        wanted=torch.zeros(2, 3, 16), distance=torch.full((2, 5, 5), 0.1), mask=torch.ones(2, 3, 5, dtype=torch.bool),
        ready=torch.full((2, 3), 0.4), opens=torch.tensor([[0.9, 0.0, 0.5, 0.6, 0.8]] * 2), patience=torch.ones(2),
    )  # fmt: skip
    logits = pointer_logits(equal)
    assert logits.argsort(dim=-1, descending=True, stable=True).tolist() == [[[1, 2, 3, 4, 0]] * 3] * 2
    assert torch.equal(logits[..., 1], logits[..., 2])  # open on arrival, both


def test_of_two_nodes_at_the_same_distance_the_one_that_is_reached_sooner_is_likelier(pointing):
    equal = pointing._replace(
        wanted=torch.zeros(2, 3, 16), distance=torch.full((2, 5, 5), 0.1), mask=torch.ones(2, 3, 5, dtype=torch.bool),
        duration=torch.rand(2, 5, 5, generator=torch.Generator().manual_seed(1)), haste=torch.tensor([0.5, 2.0]),
    )  # fmt: skip
    order = pointer_logits(equal).argsort(dim=-1, descending=True)
    assert torch.equal(order, rows(equal.duration, equal.current).argsort(dim=-1))


def test_who_waits_is_told_by_the_travel_time_not_by_the_distance(pointing):
    late = torch.full((2, 5), 0.9)
    timed = pointing._replace(
        duration=torch.full((2, 5, 5), 0.5), haste=torch.zeros(2), ready=torch.full((2, 3), 0.4), opens=late,
        patience=torch.ones(2),
    )  # fmt: skip
    assert torch.equal(pointer_logits(timed), pointer_logits(pointing))  # who arrives at 0.9 does not wait


def test_a_price_of_one_problem_leaves_the_other_as_it_is(pointing):
    before = pointer_logits(pointing)
    after = pointer_logits(pointing._replace(nearness=torch.tensor([[0.5, 0.5, 0.5], [5.0, 5.0, 5.0]])))
    assert torch.equal(after[0], before[0])
    assert not torch.equal(after[1], before[1])


def test_scores_in_half_precision_give_logits_in_single_precision(pointing):
    half = pointing._replace(wanted=pointing.wanted.bfloat16(), keys=pointing.keys.bfloat16())
    assert pointer_logits(half).dtype == torch.float32


def drawn_pointing(nodes: int, queries: int, seed: int = 1) -> tuple[Pointing, torch.Tensor]:
    """Decisions of two problems, with waiting and vehicles that want different nodes, and what was chosen."""
    fleet = min(3, nodes)
    draw = torch.Generator().manual_seed(seed)
    mask = torch.rand(2, queries, nodes, generator=draw) < 0.4
    mask[..., 0] = True
    pointing = Pointing(
        wanted=torch.randn(2, queries, 32, generator=draw) / 6,
        keys=torch.randn(2, nodes, 32, generator=draw),
        distance=torch.rand(2, nodes, nodes, generator=draw),
        nearness=torch.rand(2, queries, generator=draw) + 0.5,
        current=torch.randint(nodes, (2, queries), generator=draw),
        mask=mask,
        clip=10.0,
        ready=torch.rand(2, queries, generator=draw),
        opens=2 * torch.rand(2, nodes, generator=draw),
        patience=torch.tensor([0.7, 0.2]),
        active=torch.randint(fleet, (2, queries), generator=draw),
        liking=torch.randn(2, fleet, nodes, generator=draw),
        promise=torch.rand(2, fleet, nodes, generator=draw) + 0.1,
        left=torch.rand(2, queries, nodes, generator=draw) < 0.5,
        duration=torch.rand(2, nodes, nodes, generator=draw),
        haste=torch.tensor([0.4, 0.9]),
    )
    return pointing, torch.multinomial(mask.flatten(0, 1).float(), 1, generator=draw).view(2, queries)


LEARNT = ("wanted", "keys", "nearness", "haste", "patience", "liking", "promise")


def packed(pointing: Pointing) -> Pointing:
    """The same with masks in words."""
    return pointing._replace(mask=pack(pointing.mask), left=pack(pointing.left))


def outcome(pointing: Pointing, action: torch.Tensor):
    """Log-probabilities, entropies, and the gradients of a random sum of the former."""
    leaves = {name: getattr(pointing, name).clone().requires_grad_() for name in LEARNT}
    log_p, entropy = pointer_log_probability(pointing._replace(**leaves), action)
    log_p.backward(torch.randn(log_p.shape, generator=torch.Generator().manual_seed(2)))
    return [log_p.detach(), entropy, *(leaf.grad for leaf in leaves.values())]


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("trips", [True, False])
@pytest.mark.parametrize(("nodes", "queries"), [(1, 1), (2, 33), (16, 32), (21, 70), (33, 5), (40, 130)])
def test_the_kernel_is_its_twin_forward_and_backward(nodes, queries, trips, waits):
    pointing, action = drawn_pointing(nodes, queries)
    pointing = pointing._replace(**({} if waits else {"opens": None}), **({} if trips else {"duration": None}))
    expected = outcome(pointing, action)
    found = outcome(packed(pointing), action)
    for place, there in ((6, waits), (5, trips)):
        if not there:
            assert expected.pop(place) is None  # nobody waits, or times are distances: their price has no part in it
            assert not found.pop(place).any()
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", LEARNT)
def test_the_gradients_are_the_slopes_of_the_kernel(name):
    pointing, action = drawn_pointing(21, 40)
    pointing = packed(pointing)
    value = getattr(pointing, name)
    gradient = dict(zip(LEARNT, outcome(pointing, action)[2:], strict=True))[name]
    uphill = gradient / gradient.norm()
    weight = torch.randn(action.shape, generator=torch.Generator().manual_seed(2))
    ahead, behind = (
        (weight * pointer_log_probability(pointing._replace(**{name: value + step * uphill}), action)[0]).sum()
        for step in (0.005, -0.005)
    )
    assert float(ahead - behind) / 0.01 == pytest.approx(float(gradient.norm()), rel=1e-3)


def test_decisions_that_may_choose_nothing_are_certain_and_teach_nothing():
    pointing, action = drawn_pointing(21, 40)
    pointing.mask[:, 10:] = False
    whole = packed(pointing)
    log_p, entropy, d_wanted, d_keys, d_nearness, *rest = outcome(whole, action)
    assert not log_p[:, 10:].any()
    assert not entropy[:, 10:].any()
    assert not d_wanted[:, 10:].any()
    assert not d_nearness[:, 10:].any()
    by_decision = ("wanted", "current", "mask", "ready", "nearness", "active", "left")
    alone = whole._replace(**{name: getattr(whole, name)[:, :10] for name in by_decision})
    weight = torch.randn(2, 40, generator=torch.Generator().manual_seed(2))[:, :10]
    leaves = {name: getattr(alone, name).clone().requires_grad_() for name in LEARNT}
    found, _ = pointer_log_probability(alone._replace(**leaves), action[:, :10])
    found.backward(weight)
    torch.testing.assert_close(found.detach(), log_p[:, :10])
    for name, gradient in zip(LEARNT[1:], (d_keys, d_nearness[:, :10], *rest), strict=True):
        torch.testing.assert_close(leaves[name].grad, gradient)
