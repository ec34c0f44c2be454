"""The page as a reader's browser would see it, parsed by the standard library."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import nco
from nco.errors import ConfigError, FileError
from nco.report import render, write_html

VOID = {"meta", "input", "br", "link", "img"}


class Page(HTMLParser):
    """Tags with their attributes in order, and the visible text; raises when tags do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.tags if t == tag and all(a.get(k.rstrip("_")) == v for k, v in wanted.items())]

    def shows(self, text: str) -> bool:
        return text in re.sub(r"[ \n]+", " ", "".join(self.text))


@pytest.fixture
def three(square, judged) -> list[nco.Result]:
    """The same problem solved three times, the second result being worse, the third incomplete."""
    return [
        judged(square, [[1, 2], [3, 4]], "neural"),
        judged(square, [[1, 3], [2, 4]], "ortools"),
        judged(square, [[1, 2], [3]], "pyvrp"),
    ]


def test_a_page_holds_the_cost_the_routes_and_their_stops(timed, judged):
    page = Page(render(judged(timed, [[1, 2], [3]])))
    assert page.shows("timed")
    assert page.shows("feasible")
    assert page.shows("3 clients · 1 depot · van (3) · distances not rounded")
    assert len(page.all("details")) == 2
    assert [page.shows(name) for name in ("early", "late", "west")] == [True] * 3
    assert page.shows("Timetable")
    assert page.shows("Cost over time")


def test_every_stop_on_the_map_has_its_row_in_the_table(timed, judged):
    page = Page(render(judged(timed, [[1, 2], [3]])))
    assert len(page.all("path", class_="stop")) == len(page.all("tr", class_="c")) == 3
    assert [a["data-r"] for a in page.all("g", class_="route")] == ["0", "1"]
    assert [a["data-r"] for a in page.all("details")] == ["0", "1"]
    assert [a["data-r"] for a in page.all("div", class_="strip")] == ["0", "1"]


def test_a_row_shows_arrival_wait_start_and_load(timed, judged):
    html = render(judged(timed, [[1, 2], [3]]))
    row = re.search(r"<tr class=\"c\"><td>2</td><td>late</td>(.*?)</tr>", html).group(1)
    assert re.findall(r"<td>(.*?)</td>", row) == ["30", "30", "60", "0"]


def test_several_results_are_compared_and_the_best_is_shown_first(three):
    page = Page(render(three))
    assert [page.shows(name) for name in ("neural", "OR-Tools", "PyVRP", "0.00\u00a0%")] == [True] * 4
    assert [a["id"] for a in page.all("input", type="radio") if "checked" in a] == ["view-0"]
    assert len(page.all("path", class_="step")) == 3
    assert page.shows("infeasible")


def test_the_same_solver_twice_is_told_apart_by_its_seed(square, judged):
    page = Page(render([judged(square, [[1, 2], [3, 4]], seed=1), judged(square, [[1, 2], [3, 4]], seed=2)]))
    assert page.shows("PyVRP, seed 2")


def test_clients_left_out_are_listed_once_with_their_reason(three):
    page = Page(render(three[2]))
    assert page.shows("Clients left out (1)")
    assert page.shows(three[2].unassigned[0].message)
    assert not page.shows("Rules broken")
    assert len(page.all("g", class_="missing")) == 1


def test_broken_rules_are_listed(square, judged):
    page = Page(render(judged(square, [[1, 2, 3], [4]])))
    assert page.shows("Rules broken (1)")
    assert page.shows("carries 3 after yard")


def test_late_stops_are_marked(timed, judged):
    page = Page(render(judged(timed, [[2, 1], [3]])))
    assert len(page.all("tr", class_="c late")) == 1


def test_every_name_of_the_user_is_escaped(judged):
    evil = "<script>alert('&')</script>"
    model = nco.Model(evil)
    model.add_depot(x=0, y=0, name=evil + "depot")
    model.add_client(x=1, y=1, name=evil + "client", delivery=5)
    model.add_client(x=1, y=2, name=evil + '"left out"')
    model.add_vehicle_type(1, capacity=1, name=evil + "type")
    html = render([judged(model.build(), [[1]], evil), judged(model.build(), [[1]], "pyvrp")])
    page = Page(html)
    assert len(page.all("script")) == 1
    assert "<script>alert" not in html
    assert page.shows(evil + "client")


def test_the_page_is_self_contained(three):
    html = render(three)
    page = Page(html)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttpRequest", re.sub(r"// .*", "", html))
    assert not [a for _, a in page.tags if {"src", "href", "srcset", "action"} & set(a)]
    assert "default-src 'none'" in page.all("meta")[1]["content"]


def test_the_page_fits_a_phone_and_follows_light_and_dark(three):
    page = Page(render(three))
    assert page.all("meta", name="viewport", content="width=device-width, initial-scale=1")
    assert page.all("meta", name="color-scheme", content="light dark")


def test_a_problem_without_coordinates_or_capacity_or_time_has_a_page(judged):
    model = nco.Model()
    model.add_depot()
    model.add_client()
    model.add_client()
    model.add_vehicle_type(end_depot=None)
    model.set_matrix([[0, 3, 4], [3, 0, 5], [4, 5, 0]])
    page = Page(render(judged(model.build(), [[1, 2]])))
    assert page.shows("places derived from the distances")
    assert not page.shows("Timetable")


@pytest.mark.parametrize("routes", [[], [[0]]])
def test_a_solution_without_clients_has_a_page(square, judged, routes):
    assert Page(render(judged(square, routes))).shows("Clients left out (4)")


def test_a_page_about_three_thousand_stops_is_smaller_than_3_mb(judged, tmp_path):
    rng = np.random.default_rng(0)
    model = nco.Model("large")
    model.add_depot(x=0, y=0)
    for k, (x, y) in enumerate(rng.uniform(-1000, 1000, size=(1500, 2))):
        model.add_client(x=x, y=y, delivery=1, tw=(0, 1e6), service=10, name=f"customer number {k}")
    model.add_vehicle_type(capacity=30)
    problem = model.build()
    routes = [list(range(k, k + 30)) for k in range(1, 1501, 30)]
    write_html([judged(problem, routes, "neural"), judged(problem, routes[::-1])], tmp_path / "large.html")
    assert 100_000 < (tmp_path / "large.html").stat().st_size < 3_000_000


def test_a_page_that_cannot_be_written_names_the_place(three, tmp_path):
    with pytest.raises(FileError) as error:
        write_html(three, tmp_path / "missing" / "x.html")
    assert error.value.codes == ("F012",)


def test_results_of_different_problems_are_not_compared(square, timed, judged):
    with pytest.raises(ConfigError) as error:
        render([judged(square, [[1, 2], [3, 4]]), judged(timed, [[1, 2], [3]])])
    assert error.value.codes == ("C503",)


def test_vehicle_types_are_named_in_the_heading_and_with_each_route_when_there_are_several(judged):
    model = nco.Model()
    model.add_depot(x=0, y=0)
    model.add_client(x=1, y=1)
    model.add_vehicle_type(2, name="bike")
    model.add_vehicle_type()
    page = Page(render(judged(model.build(), [[1]])))
    assert page.shows("bike (2), type 1 (any number)")
    assert page.all("summary")
    assert page.shows("1bike")
    for _ in range(3):
        model.add_vehicle_type()
    assert Page(render(judged(model.build(), [[1]]))).shows("5 vehicle types")


def test_the_cost_of_the_costliest_route_is_said_to_be_its_own(square, judged):
    slowest = replace(square, objective="max")
    results = [judged(slowest, [[1], [2, 3], [4]], "neural"), judged(slowest, [[1, 2], [3, 4]])]
    page = Page(render(results))
    assert page.shows("Cost (costliest route)")
    assert page.shows("of route 2, the costliest: distance 4.828")
    assert page.shows("all routes")
    assert not Page(render(judged(square, [[1], [2, 3], [4]]))).shows("costliest")


def test_what_no_routes_can_do_is_said(square, judged):
    few = replace(square, vehicle_types=(replace(square.vehicle_types[0], num_available=1),))
    page = Page(render(judged(few, [[1, 2]])))
    assert page.shows("Impossible whatever the routes (1)")
    assert page.shows("the deliveries of required clients are 4 in all, the fleet carries 2")
