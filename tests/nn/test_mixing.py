import pytest
import torch

from nco.nn.mixing import attention, attention_free

HEADS, LOOKS, SEEN, WIDTH = 2, 5, 7, 4


def inputs(scale: float = 1.0):
    draw = torch.Generator().manual_seed(1)
    shapes = ((LOOKS, WIDTH), (SEEN, WIDTH), (SEEN, WIDTH), (LOOKS, SEEN))
    return [scale * torch.randn(3, HEADS, *shape, generator=draw, dtype=torch.float64) for shape in shapes]


def naive(query, key, value, bias):
    """RRNCO's equation, term by term."""
    weight = bias.exp()[..., None] * key.exp()[:, :, None]  # [B, H, N, S, d]
    return query.sigmoid() * (weight * value[:, :, None]).sum(dim=-2) / weight.sum(dim=-2)


def test_attention_free_mixing_is_the_formula_of_the_paper():
    torch.testing.assert_close(attention_free(*inputs()), naive(*inputs()), rtol=1e-5, atol=1e-6)


def test_its_gradients_are_those_of_the_formula():
    found, expected = ([part.requires_grad_() for part in inputs()] for _ in range(2))
    attention_free(*found).square().sum().backward()
    naive(*expected).square().sum().backward()
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_large_biases_and_keys_neither_overflow_nor_vanish(dtype):
    leaves = [part.to(dtype).requires_grad_() for part in inputs(scale=300.0)]
    mixed = attention_free(*leaves)
    mixed.float().sum().backward()
    assert mixed.dtype == dtype
    assert mixed.isfinite().all()
    assert all(leaf.grad.isfinite().all() for leaf in leaves)


@pytest.mark.parametrize("mix", [attention, attention_free])
def test_a_bias_decides_who_is_seen(mix):
    query, key, value, bias = inputs()
    chosen = torch.arange(LOOKS) + 2
    far = bias + 200 * torch.nn.functional.one_hot(chosen, SEEN)
    shown = mix(query, key, value, far)
    expected = value[:, :, chosen] * (query.sigmoid() if mix is attention_free else 1)
    torch.testing.assert_close(shown, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mix", [attention, attention_free])
def test_a_constant_bias_changes_nothing(mix):
    query, key, value, bias = inputs()
    shift = torch.tensor([3.0, -5.0, 0.0, 10.0, 1.0], dtype=torch.float64)[:, None]
    shifted = mix(query, key, value, bias + shift)
    torch.testing.assert_close(shifted, mix(query, key, value, bias), rtol=1e-5, atol=1e-6)
