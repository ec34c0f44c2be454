import torch

from nco.nn.transformer import Encoder, Layer, merge_heads, split_heads


def test_merging_heads_undoes_splitting_them():
    x = torch.randn(2, 5, 12)
    assert split_heads(x, 3).shape == (2, 3, 5, 4)
    assert torch.equal(merge_heads(split_heads(x, 3)), x)


def test_a_head_sees_a_run_of_neighbouring_entries():
    assert split_heads(torch.arange(6).view(1, 1, 6), 2).tolist() == [[[[0, 1, 2]], [[3, 4, 5]]]]


def test_the_encoder_sees_a_set_and_not_a_sequence():
    encoder, x = Encoder(width=16, heads=2, feedforward=32, layers=2).eval(), torch.randn(3, 7, 16)
    order = torch.randperm(7)
    torch.testing.assert_close(encoder(x[:, order]), encoder(x)[:, order])


def test_nodes_of_one_problem_do_not_see_those_of_another():
    encoder, x = Encoder(width=16, heads=2, feedforward=32, layers=1).eval(), torch.randn(2, 7, 16)
    changed = torch.cat([x[:1], torch.randn(1, 7, 16)])
    torch.testing.assert_close(encoder(changed)[0], encoder(x)[0])


def test_closed_gates_let_nothing_through():
    layer, x = Layer(width=16, heads=2, feedforward=32, gated=True), torch.randn(2, 5, 16)
    open_ = layer(x)
    with torch.no_grad():
        layer.widen.weight[32:] = 0.0  # the gates
        closed = layer(x)
        layer.narrow.weight.zero_()
        torch.testing.assert_close(closed, layer(x))
    assert not torch.allclose(closed, open_)
