from contextlib import suppress

import pytest
import torch

from nco.rollout.threads import threads


@pytest.mark.parametrize("count", [1, 2])
def test_pytorch_is_kept_to_so_many_threads_and_then_has_its_own_again(count):
    before = torch.get_num_threads()
    with threads(count):
        assert torch.get_num_threads() == count
    assert torch.get_num_threads() == before


def test_without_a_number_nothing_changes():
    before = torch.get_num_threads()
    with threads(None):
        assert torch.get_num_threads() == before


def test_an_error_gives_the_threads_back():
    before = torch.get_num_threads()
    with suppress(ZeroDivisionError), threads(before + 1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == before
