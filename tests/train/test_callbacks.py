import pytest

from nco.train import callbacks
from nco.train.callbacks import Every, learner_of


def test_every_is_true_once_when_its_time_has_passed(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(callbacks.time, "perf_counter", lambda: now[0])
    due = Every(10)
    answers = []
    for seconds in (5, 4.9, 0.2, 0, 9.9, 0.2, 35, 1):
        now[0] += seconds
        answers.append(due())
    assert answers == [False, False, True, False, False, True, True, False]


def test_callbacks_refuse_a_module_that_is_no_learner():
    with pytest.raises(TypeError, match="expected a Learner, not int"):
        learner_of(1)
