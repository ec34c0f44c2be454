from types import SimpleNamespace

import torch

from nco.envs.generators.host import choose, fresh_seed, twin


class Accelerator:
    """What these functions use of a CUDA generator."""

    def __init__(self, seed: int) -> None:
        self.device, self.number, self.offset = SimpleNamespace(type="cuda"), seed, 0

    def initial_seed(self) -> int:
        return self.number

    def get_offset(self) -> int:
        return self.offset

    def set_offset(self, offset: int) -> None:
        assert offset % 4 == 0
        self.offset = offset


def test_seeds_are_new_each_time_and_the_same_for_the_same_generator():
    for make in (Accelerator, lambda seed: torch.Generator().manual_seed(seed)):
        first, again, other = make(1), make(1), make(2)
        seeds = [fresh_seed(first) for _ in range(50)]
        assert seeds == [fresh_seed(again) for _ in range(50)]
        assert len({*seeds, *(fresh_seed(other) for _ in range(50))}) == 100
        assert all(0 <= seed < 2**31 for seed in seeds)


def test_what_follows_on_an_accelerator_is_drawn_from_elsewhere_in_its_stream():
    generator = Accelerator(1)
    fresh_seed(generator)
    assert generator.offset > 0


def test_choices_have_their_weights():
    generator = torch.Generator().manual_seed(3)
    chosen = [choose((1.0, 3.0, 0.0), generator) for _ in range(1000)]
    assert 200 < chosen.count(0) < 300
    assert chosen.count(2) == 0


def test_the_twin_of_an_accelerators_generator_goes_on_as_that_of_the_host_does():
    host, accelerator = torch.Generator().manual_seed(4), Accelerator(4)
    for _ in range(3):
        drawn = torch.rand(5, generator=twin(accelerator))
        assert torch.equal(drawn, torch.rand(5, generator=host))
    accelerator.set_offset(0)  # as manual_seed does
    assert torch.equal(torch.rand(5, generator=twin(accelerator)), torch.rand(5, generator=host.manual_seed(4)))


def test_a_twin_after_other_draws_is_a_new_one_each_time_and_the_same_for_the_same_offset():
    def drawn(*offsets):
        generator = Accelerator(4)
        for offset in offsets:
            generator.set_offset(offset)
            numbers = torch.rand(5, generator=twin(generator))
        return numbers.tolist()

    assert drawn(0, 40) == drawn(40) == drawn(8, 40)
    assert len({tuple(drawn(offset)) for offset in (0, 4, 8, 40)}) == 4
