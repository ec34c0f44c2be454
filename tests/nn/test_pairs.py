import torch

from nco.nn.pairs import PairEncoder

FLEET, CLIENTS = 3, 7


def encoder() -> PairEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return PairEncoder(width=16, heads=2, feedforward=16, layers=2, pair_width=8)


def inputs():
    draw = torch.Generator().manual_seed(1)
    return torch.randn(2, FLEET + CLIENTS, 16, generator=draw), torch.randn(2, FLEET, CLIENTS, 8, generator=draw)


@torch.no_grad()
def test_vehicles_and_clients_in_another_order_are_the_same_in_that_order():
    (x, pairs), model = inputs(), encoder()
    vehicles, clients = torch.tensor([2, 0, 1]), torch.tensor([3, 1, 0, 6, 5, 2, 4])
    order = torch.cat([vehicles, FLEET + clients])
    nodes, ties = model(x, pairs)
    shuffled_nodes, shuffled_ties = model(x[:, order], pairs[:, vehicles][:, :, clients])
    torch.testing.assert_close(shuffled_nodes, nodes[:, order], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(shuffled_ties, ties[:, vehicles][:, :, clients], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_pair_is_told_to_its_vehicle_and_its_client_first():
    """One layer: attention weighs the pair's two nodes differently, its message reaches only them."""
    (x, pairs), model = inputs(), encoder()
    layer = model.layers[0]
    layer.project_bias.weight.zero_()  # messages alone
    before, _ = layer(x, pairs)
    pairs[:, 1, 4] += 1
    after, _ = layer(x, pairs)
    told = (before != after).any(dim=-1)
    assert told.nonzero()[:, 1].tolist() == [1, FLEET + 4] * 2


@torch.no_grad()
def test_attention_between_vehicles_and_clients_is_biased_by_their_pairs():
    (x, pairs), model = inputs(), encoder()
    layer = model.layers[0]
    layer.to_vehicle.weight.zero_()
    layer.to_client.weight.zero_()  # attention alone
    before, _ = layer(x, pairs)
    pairs[:, 1, 4] += torch.arange(8.0)
    after, _ = layer(x, pairs)
    told = (before != after).any(dim=-1)
    assert told.nonzero()[:, 1].tolist() == [1, FLEET + 4] * 2


def test_gradients_reach_every_parameter():
    model = encoder()
    nodes, pairs = model(*inputs())
    (nodes.square().sum() + pairs[..., 0].sum()).backward()
    assert [name for name, parameter in model.named_parameters() if not parameter.grad.abs().sum() > 0] == []
