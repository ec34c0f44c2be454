import torch

from nco.train import ceilings
from nco.train.ceilings import measure_ceilings, seconds


def test_the_median_is_taken_after_warming_up(monkeypatch):
    now, lengths = [0.0], iter([9.0, 9.0, 1.0, 5.0, 2.0])
    monkeypatch.setattr(ceilings.time, "perf_counter", lambda: now[0])

    def work():
        now[0] += next(lengths)

    assert seconds(work, torch.device("cpu"), repeats=3) == 2.0


def test_a_core_makes_at_least_a_billion_operations_and_copies_at_least_a_hundred_megabytes_a_second():
    found = measure_ceilings(torch.device("cpu"))
    assert 1e9 < found.operations < 1e14
    assert 1e8 < found.bandwidth < 1e13
