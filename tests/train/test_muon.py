import pytest
import torch

from nco.train.muon import BatchedMuon, orthogonal

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
SHAPES = [(24, 16), (16, 24), (16, 16), (24, 16), (48, 16), (16, 16)]


def matrices(dtype=torch.float32) -> list[torch.nn.Parameter]:
    draw = torch.Generator().manual_seed(1)
    return [torch.nn.Parameter(torch.randn(shape, generator=draw).to(dtype)) for shape in SHAPES]


def run(kind, steps: int = 5, **options) -> list[torch.Tensor]:
    """Where five steps on the same gradients lead."""
    ours, draw = matrices(), torch.Generator().manual_seed(2)
    optimizer = kind(ours, lr=0.02, **options)
    for _ in range(steps):
        for matrix in ours:
            matrix.grad = torch.randn(matrix.shape, generator=draw)
        optimizer.step()
    return [matrix.detach() for matrix in ours]


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.5}, {"nesterov": False}, {"momentum": 0.8}])
def test_steps_are_those_of_pytorchs_muon_to_the_rounding_of_bfloat16(options):
    travelled = 0.02 * 5  # about one unit of the singular values, times the rate, times the steps
    for ours, theirs in zip(run(BatchedMuon, **options), run(torch.optim.Muon, **options), strict=True):
        assert (ours - theirs).norm() < 0.03 * travelled * ours.shape[0] ** 0.5
        assert (ours - theirs).abs().max() < 0.05 * travelled


def test_in_bfloat16_a_batch_of_matrices_becomes_what_pytorch_makes_of_each():
    from torch.optim._muon import _zeropower_via_newtonschulz

    batch = torch.randn(3, 16, 40, generator=torch.Generator().manual_seed(1))
    ours = orthogonal(batch.bfloat16(), COEFFICIENTS, 5, 1e-7)
    theirs = torch.stack([_zeropower_via_newtonschulz(matrix, COEFFICIENTS, 5, 1e-7) for matrix in batch])
    torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.01)


def test_singular_values_end_near_one_whatever_they_were():
    batch = torch.randn(4, 16, 48, generator=torch.Generator().manual_seed(1)) * 1e-3
    values = torch.linalg.svdvals(orthogonal(batch, COEFFICIENTS, 5, 1e-7))
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_a_matrix_without_a_gradient_stays_and_a_gradient_of_zeros_is_no_trouble():
    first, second = matrices()[:2]
    before = first.detach().clone(), second.detach().clone()
    second.grad = torch.zeros_like(second)
    BatchedMuon([first, second], lr=0.1, weight_decay=0.0).step()
    assert torch.equal(first, before[0])
    assert torch.equal(second, before[1])


def test_its_state_is_that_of_pytorchs_muon():
    ours = matrices()
    optimizer, theirs = BatchedMuon(ours), torch.optim.Muon(matrices())
    for matrix in ours:
        matrix.grad = torch.ones_like(matrix)
    optimizer.step()
    theirs.load_state_dict(optimizer.state_dict())
    assert all(torch.equal(state["momentum_buffer"], torch.full_like(p, 0.05)) for p, state in theirs.state.items())


def test_weights_without_a_gradient_for_once_and_rates_that_change_are_no_trouble():
    def steps(kind):
        ours, draw = matrices(), torch.Generator().manual_seed(3)
        optimizer = kind(ours, weight_decay=0.1)
        for rate, without in ((0.02, None), (0.01, 2), (0.005, None)):
            for k, matrix in enumerate(ours):
                matrix.grad = None if k == without else torch.randn(matrix.shape, generator=draw)
            optimizer.param_groups[0]["lr"] = rate
            optimizer.step()
        return [matrix.detach() for matrix in ours]

    for ours, theirs in zip(steps(BatchedMuon), steps(torch.optim.Muon), strict=True):
        assert (ours - theirs).abs().max() < 0.05 * 0.035


def test_a_state_that_is_loaded_is_gone_on_from():
    def gone_on(again: bool) -> list[torch.Tensor]:
        ours, draw = matrices(), torch.Generator().manual_seed(4)
        optimizer = BatchedMuon(ours, lr=0.02)
        for step in range(4):
            for matrix in ours:
                matrix.grad = torch.randn(matrix.shape, generator=draw)
            if again and step == 2:
                optimizer.load_state_dict(optimizer.state_dict())
            optimizer.step()
        return [matrix.detach() for matrix in ours]

    assert all(torch.equal(a, b) for a, b in zip(gone_on(False), gone_on(True), strict=True))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu_its_graph_takes_the_same_steps():
    def steps(kind):
        ours, draw = [torch.nn.Parameter(matrix.detach().cuda()) for matrix in matrices()], torch.Generator()
        optimizer = kind(ours, weight_decay=0.1)
        for step in range(5):
            for matrix in ours:
                matrix.grad = torch.randn(matrix.shape, generator=draw.manual_seed(step)).cuda()
            optimizer.param_groups[0]["lr"] = 0.02 / (1 + step)
            optimizer.step()
        return [matrix.detach() for matrix in ours]

    for ours, theirs in zip(steps(BatchedMuon), steps(torch.optim.Muon), strict=True):
        assert (ours - theirs).abs().max() < 0.05 * 0.02 * 3
