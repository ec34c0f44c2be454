"""Prices of time in the costs of arcs."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import RULES, any_routes, judged
from random_problems import random_problem

import nco
from nco.search.data import search_data
from nco.search.paid_time import time_in_arcs

FEATURES = ("duration_cost", "speed", "profiles", "fleet", "fixed", "depots", "open")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_without_windows_arcs_cost_all_that_the_checker_counts(seed):
    problem = random_problem(seed, FEATURES, 5)
    data = time_in_arcs(search_data(problem))
    for kind, clients in any_routes(problem, seed):
        path = [data.start[kind], *clients, data.end[kind]]
        arcs = data.cost[data.sight[kind]][path[:-1], path[1:]].sum()
        assert arcs + data.fixed[kind] == pytest.approx(judged(problem, kind, clients, RULES))


def paying(square: nco.Problem, *rates: float) -> nco.Problem:
    vehicle = square.vehicle_types[0]
    return replace(square, vehicle_types=tuple(replace(vehicle, unit_duration_cost=rate) for rate in rates))


def test_kinds_share_a_view_if_they_pay_the_same_for_time(square):
    data = time_in_arcs(search_data(paying(square, 2.0, 1.0, 2.0)))
    assert data.sight.tolist() == [0, 1, 0]
    assert len(data.cost) == len(data.cost_into) == len(data.ride) == 2


def test_nothing_changes_where_time_is_free(square):
    free = search_data(square)
    assert time_in_arcs(free) is free
