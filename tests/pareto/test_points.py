import json

import pytest

from nco.pareto import Front
from nco.pareto.points import write_json


def test_a_point_tells_the_cost_and_the_preferences_apart(front, liked):
    side, detour, wanted, _ = front.points
    assert side.cost == side.driving == pytest.approx(4 * 101**0.5 + 4)
    assert wanted.cost == pytest.approx(4 * 101**0.5 + 40)
    assert [point.preference for point in (side, detour, wanted)] == pytest.approx([2, 2, 4])
    assert [point.mean_preference for point in (side, detour, wanted)] == pytest.approx([0.5, 0.5, 1])


def test_the_number_of_visits_is_that_of_clients_served(front):
    assert [point.visits for point in front.points] == [4, 4, 4, 3]


def test_no_visit_is_against_no_preference(liked, at):
    nothing = at(liked, 0.5)
    assert (nothing.dislike, nothing.preference, nothing.mean_preference) == (0, 0, 1)


def test_dominated_and_infeasible_points_are_marked(front):
    assert [front.verdict(point) for point in front.points] == ["", "dominated", "", "infeasible"]
    assert front.best == (front.points[0], front.points[2])


def test_points_that_are_alike_do_not_dominate_each_other(liked, at):
    twice = Front((at(liked, 0.1, [1, 2], [3, 4]), at(liked, 0.2, [2, 1], [4, 3])))
    assert [twice.verdict(point) for point in twice.points] == ["", ""]


def test_the_file_holds_the_numbers_and_the_routes_of_every_point(front, tmp_path):
    write_json([front], tmp_path / "x.json")
    data = json.loads((tmp_path / "x.json").read_text())
    assert (data["format"], data["version"], data["problem"]) == ("nco-front", 1, "liked")
    (only,) = data["fronts"]
    assert only["solver"] == "search"
    assert [point["weight"] for point in only["points"]] == [0, 0.3, 0.9, 1]
    assert [point["dominated"] for point in only["points"]] == [False, True, False, False]
    assert [point["feasible"] for point in only["points"]] == [True, True, True, False]
    assert only["points"][2]["preference"] == pytest.approx(4)
    assert [route["visits"] for route in only["points"][2]["solution"]["routes"]] == [[1, 3], [2, 4]]
