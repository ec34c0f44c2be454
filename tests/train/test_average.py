import pytest
import torch

from nco.train.average import follow


def line(value: float) -> torch.nn.Linear:
    model = torch.nn.Linear(1, 1)
    torch.nn.init.constant_(model.weight, value)
    torch.nn.init.constant_(model.bias, value)
    return model


def test_a_decay_of_zero_keeps_the_last_step():
    average = line(1.0)
    follow(average, line(5.0), decay=0.0, step=100)
    assert [float(p.detach()) for p in average.parameters()] == [5.0, 5.0]


def test_late_in_a_run_each_step_counts_one_minus_the_decay():
    average = line(0.0)
    follow(average, line(1.0), decay=0.99, step=100_000)
    assert float(average.weight.detach()) == pytest.approx(0.01)


def test_where_a_run_began_is_soon_forgotten():
    average = line(1.0)
    for step in range(100):
        follow(average, line(0.0), decay=0.999, step=step)
    assert float(average.weight.detach()) < 1e-6


def test_the_model_is_left_as_it_is():
    model = line(3.0)
    follow(line(1.0), model, decay=0.9, step=10)
    assert float(model.weight.detach()) == 3.0
    assert model.weight.requires_grad
