import pytest
import torch

from nco.nn.bits import pack, unpack, words


@pytest.mark.parametrize("nodes", [1, 31, 32, 33, 64, 100])
def test_unpacking_undoes_packing(nodes):
    mask = torch.rand(3, 4, nodes, generator=torch.Generator().manual_seed(nodes)) < 0.5
    packed = pack(mask)
    assert packed.shape == (3, 4, words(nodes))
    assert packed.dtype == torch.int32
    assert torch.equal(unpack(packed, nodes), mask)


@pytest.mark.parametrize(("nodes", "count"), [(1, 1), (32, 1), (33, 2), (64, 2), (1024, 32)])
def test_there_are_as_many_words_as_needed(nodes, count):
    assert words(nodes) == count


def test_a_node_is_one_bit_of_one_word():
    mask = torch.zeros(3, 40, dtype=torch.bool)
    mask[0, 0] = mask[1, 31] = mask[2, 35] = True
    assert pack(mask).tolist() == [[1, 0], [-(2**31), 0], [0, 8]]
