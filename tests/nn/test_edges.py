import torch
import torch.nn.functional as F

from nco.nn.edges import ALIGNED, EdgeBias, EdgeFunctions

NUMBERS, WIDTH, HEADS, NODES = 3, 6, 4, 11


def made():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return EdgeFunctions(NUMBERS, WIDTH), EdgeBias(WIDTH, HEADS)


def edges():
    return torch.randn(2, NUMBERS, NODES, NODES, generator=torch.Generator().manual_seed(1))


def plain(functions, bias, numbers):
    """The same one edge at a time, with a vector for every edge: [B, H, N, N]."""
    hidden = F.silu(functions.mix(F.silu(functions.widen(numbers.permute(0, 2, 3, 1)))))
    return bias.combine(hidden).permute(0, 3, 1, 2)


def test_a_bias_is_that_of_a_network_that_sees_one_edge_at_a_time():
    functions, bias = made()
    torch.testing.assert_close(bias(functions(edges())), plain(functions, bias, edges()))


def test_its_gradients_are_too():
    found, expected = made(), made()
    weight = torch.randn(2, HEADS, NODES, NODES, generator=torch.Generator().manual_seed(2))
    (found[1](found[0](edges())) * weight).sum().backward()
    (plain(*expected, edges()) * weight).sum().backward()
    for one, other in zip(found, expected, strict=True):
        for mine, theirs in zip(one.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-4)


def test_rows_of_a_bias_are_as_attention_reads_them_without_a_copy():
    functions, bias = made()
    strides = bias(functions(edges())).stride()
    assert strides[-1] == 1
    assert all(stride % ALIGNED == 0 for stride in strides[:-1])
