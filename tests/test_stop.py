"""Stopping criteria."""

import math
import time
from typing import Any

import pytest

import nco
from nco.stop import AnyOf, MaxIterations, MaxRuntime, NoImprovement, Running


def iterations(running: Running, costs: list[float]) -> int:
    """How many iterations a solver makes: it asks before each."""
    done = 0
    for cost in costs:
        if running(cost):
            break
        done += 1
    return done


@pytest.mark.parametrize("count", [0, 1, 7])
def test_max_iterations_allows_exactly_so_many(count: int) -> None:
    running = MaxIterations(count).start()
    assert iterations(running, [math.inf] * 20) == count
    assert running.seconds_left() == math.inf


def test_max_runtime_stops_when_its_time_is_over() -> None:
    running = MaxRuntime(0.05).start()
    assert not running(math.inf)
    assert 0 < running.seconds_left() <= 0.05
    time.sleep(0.06)
    assert running(math.inf)
    assert running.seconds_left() == 0


def test_no_time_stops_at_once() -> None:
    assert MaxRuntime(0).start()(1.0)


def test_endless_time_never_stops() -> None:
    running = MaxRuntime(math.inf).start()
    assert not running(1.0)
    assert running.seconds_left() == math.inf


def test_no_improvement_counts_from_the_last_better_cost() -> None:
    assert iterations(NoImprovement(2).start(), [9, 9, 8, 8, 8, 8, 7, 7]) == 5
    assert iterations(NoImprovement(2).start(), [9, 8, 7, 6, 5]) == 5


def test_a_worse_cost_is_no_improvement() -> None:
    assert iterations(NoImprovement(2).start(), [5, 9, 6, 5.5, 4]) == 3


def test_no_improvement_also_ends_a_search_that_finds_nothing() -> None:
    assert iterations(NoImprovement(3).start(), [math.inf] * 20) == 3


def test_any_of_stops_with_the_first() -> None:
    assert iterations(AnyOf(MaxIterations(5), MaxRuntime(60)).start(), [1.0] * 20) == 5
    assert iterations(AnyOf(MaxIterations(5), NoImprovement(2)).start(), [1.0] * 20) == 3


def test_any_of_knows_the_shortest_time_left() -> None:
    assert AnyOf(MaxRuntime(60), MaxRuntime(5), MaxIterations(1)).start().seconds_left() <= 5


def test_any_of_lets_every_criterion_count() -> None:
    running = AnyOf(MaxRuntime(60), MaxIterations(3), MaxIterations(9)).start()
    assert iterations(running, [1.0] * 20) == 3


@pytest.mark.parametrize(
    "criterion", [MaxIterations(2), NoImprovement(1), AnyOf(MaxIterations(2))], ids=lambda c: type(c).__name__
)
def test_a_criterion_may_be_used_again(criterion: Any) -> None:
    first, second = criterion.start(), criterion.start()
    assert (
        iterations(first, [1.0] * 9) == iterations(second, [1.0] * 9) == iterations(criterion.start(), [1.0] * 9) == 2
    )


@pytest.mark.parametrize("kind", [MaxRuntime, MaxIterations, NoImprovement])
@pytest.mark.parametrize("value", [-1, math.nan, "5", None, True])
def test_a_limit_is_a_number_that_is_not_negative(kind: Any, value: Any) -> None:
    with pytest.raises(nco.NcoError) as raised:
        kind(value)
    assert raised.value.codes == ("C503",)


@pytest.mark.parametrize("kind", [MaxIterations, NoImprovement])
def test_a_count_is_whole(kind: Any) -> None:
    with pytest.raises(nco.NcoError, match="whole number"):
        kind(2.5)


def test_any_of_nothing_would_never_stop_and_is_refused() -> None:
    with pytest.raises(nco.NcoError) as raised:
        AnyOf()
    assert raised.value.codes == ("C503",)
