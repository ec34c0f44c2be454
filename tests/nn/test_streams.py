import pytest
import torch

from nco.nn.streams import StreamEncoder

NODES, NUMBERS = 9, 3


def encoder(mixing="attention") -> StreamEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return StreamEncoder(width=16, heads=2, feedforward=16, layers=2, mixing=mixing, numbers=NUMBERS, edge_width=8)


def inputs():
    draw = torch.Generator().manual_seed(1)
    row, column = torch.randn(2, 2, NODES, 16, generator=draw)
    return row, column, torch.randn(2, NUMBERS, NODES, NODES, generator=draw)


@torch.no_grad()
@pytest.mark.parametrize("mixing", ["attention", "aafm"])
def test_nodes_in_another_order_are_the_same_in_that_order(mixing):
    (row, column, edges), model = inputs(), encoder(mixing)
    order = torch.randperm(NODES, generator=torch.Generator().manual_seed(2))
    found = model(row[:, order], column[:, order], edges[:, :, order][..., order])
    for one, other in zip(found, model(row, column, edges), strict=True):
        torch.testing.assert_close(one, other[:, order], rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("mixing", ["attention", "aafm"])
def test_an_edge_is_seen_by_the_node_it_leaves_in_the_first_layer_and_by_all_later(mixing):
    row, column, edges = inputs()
    model = encoder(mixing)
    changed = edges.clone()
    changed[0, :, 3, 5] += 1.0
    differs = (model(row, column, edges)[0] != model(row, column, changed)[0]).any(dim=-1)
    assert differs[0].all()
    assert not differs[1].any()
    model.layers = model.layers[:1]
    differs = (model(row, column, edges)[0] != model(row, column, changed)[0]).any(dim=-1)
    assert differs[0].nonzero().flatten().tolist() == [3]


def test_gradients_reach_every_parameter():
    model = encoder()
    sum(stream.square().mean() for stream in model(*inputs())).backward()
    assert all(parameter.grad.abs().sum() > 0 for name, parameter in model.named_parameters() if "norm" not in name)
