"""Building blocks of the page: elements that escape what they are given, and numbers as people write them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from xml.etree import ElementTree

Element = ElementTree.Element
Child = Element | str | None

#: What a cell shows that has nothing to show.
NOTHING = "\u2013"


def element(tag: str, *children: Child, **attributes: object) -> Element:
    """An HTML or SVG element; `class_` means class, `data_x` data-x. Attributes that are None are left out."""
    node = Element(tag, {k.rstrip("_").replace("_", "-"): str(v) for k, v in attributes.items() if v is not None})
    for child in children:
        if isinstance(child, Element):
            node.append(child)
        elif child and len(node):
            node[-1].tail = (node[-1].tail or "") + child
        elif child:
            node.text = (node.text or "") + child
    return node


def row(cells: Iterable[Child], kind: str = "td", **attributes: object) -> Element:
    """A table row."""
    return element("tr", *(element(kind, cell) for cell in cells), **attributes)


def to_html(root: Element) -> str:
    """The document as text; every string in it was escaped, save the content of script and style."""
    return "<!doctype html>\n" + ElementTree.tostring(root, encoding="unicode", method="html") + "\n"


def number(value: float) -> str:
    """A number to six significant digits, at most three of them decimals: 27,591 or 828.94."""
    if not math.isfinite(value):
        return "∞" if value > 0 else NOTHING
    digits = max(0, 5 - math.floor(math.log10(abs(value)))) if value else 0
    shown = f"{value:,.{min(digits, 3)}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def plural(count: int, noun: str) -> str:
    """'1 route', '2 routes'."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) from low to high, about `count` of them."""
    span = (high - low) / count
    if not span > 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= span)
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


SOLVER_TITLES = {"lkh": "LKH", "ortools": "OR-Tools", "pyvrp": "PyVRP"}


def solver_title(name: str) -> str:
    """How a solver is written in tables."""
    return SOLVER_TITLES.get(name, name)
