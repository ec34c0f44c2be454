import torch

from nco.nn.exchange import Communication, ExchangeBlock, Messages

FLEET, CLIENTS, WIDTH = 3, 5, 16


def seeded(make):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return make()


def inputs():
    draw = torch.Generator().manual_seed(1)
    nodes = FLEET + CLIENTS
    return torch.randn(2, nodes, WIDTH, generator=draw), torch.randn(2, FLEET, nodes, WIDTH, generator=draw)


@torch.no_grad()
def test_a_message_is_about_the_edge_between_its_sender_and_its_receiver():
    messages = seeded(lambda: Messages(WIDTH))
    x, profiles = inputs()
    edges = profiles[:, :, FLEET:]
    before = messages(x[:, :FLEET], x[:, FLEET:], edges)
    edges[:, 1, 4] += 1
    changed = (messages(x[:, :FLEET], x[:, FLEET:], edges) != before).any(dim=-1)
    assert changed.tolist() == [[False, True, False]] * 2


@torch.no_grad()
def test_a_message_is_the_sum_over_senders_that_its_definition_says():
    messages = seeded(lambda: Messages(WIDTH))
    x, profiles = inputs()
    receivers, senders, edges = x[:, FLEET:], x[:, :FLEET], profiles[:, :, FLEET:].transpose(1, 2)
    found = messages(receivers, senders, edges)
    q, (k, v) = messages.query(receivers), messages.sender(senders).chunk(2, dim=-1)
    e, f = messages.edge(edges).chunk(2, dim=-1)
    for r in range(CLIENTS):
        score = ((k + e[:, r]) * q[:, r, None]).sum(dim=-1) / WIDTH**0.5
        expected = (score.softmax(dim=-1)[..., None] * (v + f[:, r])).sum(dim=1)
        torch.testing.assert_close(found[:, r], expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_vehicles_and_clients_in_another_order_are_the_same_in_that_order():
    block = seeded(lambda: ExchangeBlock(WIDTH, 2, 16, exchange=True))
    x, profiles = inputs()
    vehicles, clients = torch.tensor([2, 0, 1]), torch.tensor([3, 1, 0, 4, 2])
    order = torch.cat([vehicles, FLEET + clients])
    nodes, copies = block(x, profiles)
    shuffled_nodes, shuffled_copies = block(x[:, order], profiles[:, vehicles][:, :, order])
    torch.testing.assert_close(shuffled_nodes, nodes[:, order], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(shuffled_copies, copies[:, vehicles][:, :, order], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_without_exchange_a_vehicle_hears_nothing_of_another_ones_profile_and_with_it_does():
    x, profiles = inputs()
    for exchange in (False, True):
        block = seeded(lambda exchange=exchange: ExchangeBlock(WIDTH, 2, 16, exchange))
        before = block(x, profiles)[1]
        other = profiles.clone()
        other[:, 2] += 1
        after = block(x, other)[1]
        assert torch.equal(before[:, :2], after[:, :2]) is not exchange


@torch.no_grad()
def test_vehicles_that_communicate_hear_of_each_other_and_of_no_other_decision():
    talk = seeded(lambda: Communication(WIDTH, 2, 16))
    x = inputs()[0]
    before = talk(x)
    x[0, 1] += 1
    assert ((talk(x) != before).any(dim=-1)).tolist() == [[True] * 8, [False] * 8]
