import numpy as np
import pytest

from nco.bench.statistics import interval, judge, references, summarise


def test_the_published_cost_is_the_reference_even_when_it_is_beaten(instances, record):
    assert references(instances, [record("pyvrp", "square", 9.0)]) == {"square": 10.0}


def test_without_a_published_cost_the_best_feasible_one_is_the_reference(instances, record):
    runs = [record("pyvrp", "timed", 90.0), record("ortools", "timed", 80.0), record("neural", "timed", None)]
    assert references(instances, runs) == {"square": 10.0, "timed": 80.0}


def test_a_gap_is_relative_to_the_reference_and_may_be_negative(instances, record):
    judged = judge(instances, [record("pyvrp", "square", 9.0), record("pyvrp", "timed", None)])
    assert [j.gap for j in judged] == [pytest.approx(-0.1), None]


def test_a_reference_of_zero_gives_no_gap(instances, record):
    assert judge(instances, [record("pyvrp", "timed", 0.0)])[0].gap is None


def test_a_solver_is_summarised_over_seeds_then_over_problems(instances, record):
    runs = [
        record("pyvrp", "square", 11.0),
        record("pyvrp", "square", 13.0, seed=2),
        record("pyvrp", "timed", 100.0),
    ]
    (row,) = summarise(judge(instances, runs), ["neural", "pyvrp"])
    assert (row.solver, row.runs, row.feasible) == ("pyvrp", 3, 3)
    assert row.cost == pytest.approx(124 / 3)
    assert row.gap == pytest.approx((0.2 + 0.0) / 2)
    assert row.wall == 1.5


def test_infeasible_overrunning_and_failed_runs_are_counted_and_have_no_cost(instances, record):
    runs = [
        record("pyvrp", "square", None),
        record("pyvrp", "timed", None, status="overrun"),
        record("pyvrp", "timed", None, seed=2, status="failed"),
    ]
    (row,) = summarise(judge(instances, runs), ["pyvrp"])
    assert (row.runs, row.feasible, row.overruns, row.failures) == (3, 0, 1, 1)
    assert (row.cost, row.gap, row.interval) == (None, None, None)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(20):
        low, high = interval(rng.normal(3.0, 1.0, size=30))
        held += low <= 3.0 <= high
    assert held / 20 >= 0.85


def test_the_interval_narrows_with_more_problems_and_is_always_the_same():
    values = np.random.default_rng(2).normal(size=400)
    few, many = interval(values[:20]), interval(values)
    assert many[1] - many[0] < few[1] - few[0]
    assert interval(values) == many


def test_one_problem_has_no_interval(instances, record):
    (row,) = summarise(judge(instances, [record("pyvrp", "square", 11.0)]), ["pyvrp"])
    assert row.interval is None
