import io
import math
import os
import signal

import pytest
from rich.console import Console

from nco.cli.watch import Watch
from nco.stop import MaxIterations, MaxRuntime


def console(terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100)


def test_a_watched_criterion_stops_when_the_criterion_does():
    with Watch(console(False)) as watch:
        running = watch.follow("x", MaxIterations(2)).start()
        assert [running(1.0) for _ in range(3)] == [False, False, True]
        assert running.seconds_left() == math.inf


def test_ctrl_c_stops_a_watched_criterion_and_the_next_one_interrupts():
    with Watch(console(False)) as watch:
        running = watch.follow("x", MaxRuntime(100)).start()
        assert not running(1.0)
        os.kill(os.getpid(), signal.SIGINT)
        assert running(1.0)
        assert running.seconds_left() == 0
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_afterwards_ctrl_c_does_what_it_did_before():
    before = signal.getsignal(signal.SIGINT)
    with Watch(console(False)):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_progress_shows_the_best_cost_on_a_terminal():
    screen = console(True)
    with Watch(screen) as watch:
        running = watch.follow("PyVRP", MaxRuntime(100)).start()
        running(12345.0)
        watch.progress.refresh()
    assert "best cost 12,345" in screen.file.getvalue()


@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True)])
def test_progress_is_silent_in_a_pipe_and_when_asked(terminal, quiet):
    screen = console(terminal)
    with Watch(screen, quiet) as watch:
        watch.follow("PyVRP", MaxRuntime(100)).start()(12345.0)
    assert screen.file.getvalue() == ""
