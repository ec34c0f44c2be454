import math

import pytest

from nco.report.markup import element, nice_ticks, number, plural, to_html


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (27591, "27,591"),
        (828.936867, "828.937"),
        (97.0, "97"),
        (0.00125, "0.001"),
        (1234567.89, "1,234,568"),
        (-3.5, "-3.5"),
        (100, "100"),
        (math.inf, "∞"),
        (math.nan, "\u2013"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, shown):
    assert number(value) == shown


def test_one_is_singular():
    assert (plural(1, "route"), plural(2, "route"), plural(0, "route")) == ("1 route", "2 routes", "0 routes")


def test_text_and_attributes_are_escaped():
    html = to_html(element("p", "<b>&", title='"<x>"'))
    assert "&lt;b&gt;&amp;" in html
    assert "<b>" not in html
    assert '"<x>"' not in html


def test_text_keeps_its_place_among_elements():
    assert "<p>a<i>b</i>cd</p>" in to_html(element("p", "a", element("i", "b"), "c", "d", None))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (27000, 28500), (0.001, 0.0017), (5, 5)])
def test_ticks_are_few_round_and_inside(low, high):
    ticks = nice_ticks(low, high)
    assert 1 <= len(ticks) <= 6
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
