"""The glimpse in plain PyTorch and its twin, a Triton kernel, here in Triton's interpreter."""

import pytest
import torch

from nco.nn.bits import pack
from nco.nn.glimpse import glimpse

HEADS, WIDTH = 2, 32


def arguments(nodes: int, queries: int, numbers: int, seed: int = 1):
    """Two problems: tensors that are learnt, and the states of decisions."""
    draw = torch.Generator().manual_seed(seed)
    shapes = [(nodes, WIDTH), (numbers, WIDTH), (nodes, WIDTH), (nodes, WIDTH)]  # table, weights, key, value
    learnt = [torch.randn(2, *shape, generator=draw) for shape in shapes]
    current = torch.randint(nodes, (2, queries), generator=draw)
    mask = torch.rand(2, queries, nodes, generator=draw) < 0.4
    mask[..., 0] = True
    return learnt, current, torch.randn(2, queries, numbers, generator=draw), mask


def outcome(learnt, current, numbers, mask, look=None, active=None):
    """Queries, what they see, and the gradients of a random sum of both."""
    leaves = [tensor.clone().requires_grad_() for tensor in learnt]
    look = None if look is None else look.clone().requires_grad_()
    query, seen = glimpse(*leaves, current, numbers, mask, HEADS, look, active)
    draw = torch.Generator().manual_seed(2)
    slopes = [torch.randn(part.shape, generator=draw) for part in (query, seen)]
    torch.autograd.backward((query, seen), slopes)
    return [query.detach(), seen.detach(), *(leaf.grad for leaf in (*leaves, look) if leaf is not None)]


@pytest.mark.parametrize(
    ("nodes", "queries", "numbers"), [(1, 1, 1), (2, 33, 4), (16, 32, 16), (21, 70, 6), (33, 5, 17), (40, 64, 3)]
)
def test_the_kernel_is_its_twin_forward_and_backward(nodes, queries, numbers):
    learnt, current, state, mask = arguments(nodes, queries, numbers)
    expected, found = (outcome(learnt, current, state, m) for m in (mask, pack(mask)))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    assert all(gradient.abs().sum() > 0 for gradient in (found[2], found[5]))  # of the table and the values


@pytest.mark.parametrize(("nodes", "queries", "fleet"), [(2, 5, 1), (21, 70, 3), (40, 33, 17)])
def test_the_kernel_is_its_twin_where_vehicles_look_at_different_nodes(nodes, queries, fleet):
    learnt, current, state, mask = arguments(nodes, queries, 3)
    draw = torch.Generator().manual_seed(4)
    look, active = (
        torch.randn(2, HEADS, fleet, nodes, generator=draw),
        torch.randint(fleet, (2, queries), generator=draw),
    )
    expected, found = (outcome(learnt, current, state, m, look, active) for m in (mask, pack(mask)))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    assert found[-1].abs().sum() > 0


@pytest.mark.parametrize("place", range(4))
def test_the_gradients_are_the_slopes_of_the_kernel(place):
    learnt, current, state, mask = arguments(9, 5, 3)
    gradient = outcome(learnt, current, state, pack(mask))[2 + place]
    uphill = gradient / gradient.norm()
    draw = torch.Generator().manual_seed(2)
    slopes = torch.cat([torch.randn(2, 5, WIDTH, generator=draw) for _ in range(2)])
    ahead, behind = (
        (torch.cat(glimpse(*learnt[:place], learnt[place] + step * uphill, *learnt[place + 1 :], current, state,
                           pack(mask), HEADS)) * slopes).sum()
        for step in (0.02, -0.02)
    )  # fmt: skip
    assert float(ahead - behind) / 0.04 == pytest.approx(float(gradient.norm()), rel=1e-3)


@pytest.mark.parametrize("packed", [False, True])
def test_only_allowed_nodes_are_seen(packed):
    (table, weights, key, value), current, state, mask = arguments(12, 7, 3)
    given = pack(mask) if packed else mask
    _, before = glimpse(table, weights, key, value, current, state, given, HEADS)
    hidden = ~mask.any(dim=1)  # from all decisions of a problem
    mask[..., 5] = False
    given = pack(mask) if packed else mask
    _, without = glimpse(table, weights, key, value, current, state, given, HEADS)
    value = value.clone()
    value[:, 5] += 100
    _, after = glimpse(table, weights, key, value, current, state, given, HEADS)
    assert not hidden[:, 5].any()
    assert not torch.equal(before, without)
    assert torch.equal(without, after)


@pytest.mark.parametrize("packed", [False, True])
def test_a_query_is_where_the_vehicle_is_and_what_its_state_says(packed):
    (table, weights, key, value), current, state, mask = arguments(12, 7, 3)
    query, _ = glimpse(table, weights, key, value, current, state, pack(mask) if packed else mask, HEADS)
    for b in range(2):
        torch.testing.assert_close(query[b], table[b, current[b]] + state[b] @ weights[b], rtol=1e-5, atol=1e-5)


def test_decisions_that_may_choose_nothing_teach_nothing():
    learnt, current, state, mask = arguments(12, 7, 3)
    mask[:, 3:] = False
    leaves = [tensor.clone().requires_grad_() for tensor in learnt]
    _, seen = glimpse(*leaves, current, state, pack(mask), HEADS)
    seen[:, 3:].sum().backward()
    assert seen.isfinite().all()
    assert all(not leaf.grad.any() for leaf in leaves)
