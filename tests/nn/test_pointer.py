import pytest
import torch

from nco.nn.pointer import Pointing, pointer_log_probability, pointer_logits, rows


@pytest.fixture
def pointing() -> Pointing:
    """Two problems of five nodes, three decisions each."""
    draw = torch.Generator().manual_seed(3)
    mask = torch.rand(2, 3, 5, generator=draw) < 0.6
    mask[..., 0] = True
    return Pointing(
        score=torch.randn(2, 3, 5, generator=draw) * 4,
        distance=torch.rand(2, 5, 5, generator=draw),
        nearness=torch.tensor(0.5),
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
    torch.testing.assert_close(pointer_log_probability(pointing, action), expected)


def test_of_two_equal_nodes_the_nearer_one_is_likelier(pointing):
    equal = pointing._replace(score=torch.zeros(2, 3, 5), mask=torch.ones(2, 3, 5, dtype=torch.bool))
    nearest = rows(equal.distance, equal.current).argmin(dim=-1)
    assert torch.equal(pointer_logits(equal).argmax(dim=-1), nearest)


def test_scores_in_half_precision_give_logits_in_single_precision(pointing):
    half = pointing._replace(score=pointing.score.bfloat16())
    assert pointer_logits(half).dtype == torch.float32
