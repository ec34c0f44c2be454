"""The picture and the page of fronts."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nco.errors import FileError
from nco.pareto import Front
from nco.pareto.page import render, write_html
from nco.pareto.plot import plot_front


@pytest.fixture
def other(liked, at):
    """What another solver found."""
    return Front((at(liked, 0.0, [1, 2], [4, 3], solver="pyvrp"), at(liked, 1.0, [3, 1], [4, 2], solver="pyvrp")))


@pytest.fixture
def failed(liked, at):
    """A front of one infeasible point."""
    return Front((at(liked, 0.5, [1]),))


def test_the_picture_shows_something_and_draws_on_the_axes_it_is_given(front):
    ax = Figure().add_subplot()
    assert plot_front(front, ax) is ax
    canvas = FigureCanvasAgg(plot_front(front).figure)
    canvas.draw()
    assert len(np.unique(np.asarray(canvas.buffer_rgba()).reshape(-1, 4), axis=0)) > 20


def test_the_line_goes_through_the_front_and_dominated_points_are_hollow(front):
    ax = plot_front(front)
    (line,), (hollow,) = ax.get_lines(), ax.collections
    assert line.get_ydata() == pytest.approx([50, 100])
    assert hollow.get_offsets().tolist() == [[pytest.approx(front.points[1].cost), 50]]
    assert len(hollow.get_facecolors()) == 0
    assert [text.get_text() for text in ax.texts] == ["0", "0.9"]


def test_points_in_the_same_place_share_a_label(liked, at):
    routes = {0: ([1, 2], [3, 4]), 0.1: ([2, 1], [3, 4]), 0.5: ([1, 3], [2, 4]), 1: ([3, 1], [2, 4])}
    ax = plot_front(Front(tuple(at(liked, weight, *drivers) for weight, drivers in routes.items())))
    assert [text.get_text() for text in ax.texts] == ["0, 0.1", "0.5, 1"]


def test_several_fronts_are_named_and_their_weights_left_out(front, other):
    ax = plot_front([front, other])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["search", "PyVRP"]
    assert list(ax.texts) == []


def test_the_page_has_a_table_and_a_spot_for_every_feasible_point(front, other):
    html = render([front, other])
    assert html.count('<circle class="spot"') == 4
    assert html.count('<circle class="spot dominated"') == 1
    rows = [re.sub("<[^>]*>", "|", row) for row in re.findall("<tr.*?</tr>", html)]
    assert sum("dominated|" in row for row in rows) == 1
    assert sum("infeasible|" in row for row in rows) == 1
    assert any("|4 of 4|" in row and "|100\u00a0%|" in row.replace("100.0", "100") for row in rows)
    assert "search, weight 0.9: cost 80.2, preference 100.0 %" in html


def test_the_page_needs_no_network(front):
    html = render([front])
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<script|<link|src=", html)
    assert "default-src 'none'" in html
    ElementTree.fromstring(re.search("<svg.*?</svg>", html, re.DOTALL)[0])


def test_fronts_without_feasible_points_are_said_to_be(failed):
    assert "No point is feasible." in render([failed])
    assert len(plot_front(failed).get_lines()[0].get_xdata()) == 0


def test_a_front_of_one_point_has_a_picture(liked, at):
    lonely = Front((at(liked, 0.5, [1, 2], [3, 4]),))
    assert "nan" not in re.search("<svg.*?</svg>", render([lonely]), re.DOTALL)[0].lower()


def test_names_are_escaped(liked, at):
    object.__setattr__(liked, "name", "<b>&")
    assert "<b>" not in render([Front((at(liked, 0.5, [1, 2], [3, 4]),))])


def test_a_page_that_cannot_be_written_is_an_error(front, tmp_path):
    write_html(front, tmp_path / "x.html")
    with pytest.raises(FileError, match="F012"):
        write_html(front, tmp_path / "no" / "x.html")
