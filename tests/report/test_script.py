"""The page's script: what it looks for is there, and in a browser it links map, table and timetable."""

import html
import json
import re
import shutil
import subprocess
from importlib import resources
from typing import Any

import pytest

import nco
from nco.report import render

SCRIPT = resources.files("nco.report").joinpath("page.js").read_text(encoding="utf-8")

#: Played after the page has loaded: what a reader does, and what the page shows then.
DRIVER = """
const seen = {}, result = document.querySelector(".result"), svg = result.querySelector(".map svg");
const dots = [...result.querySelectorAll(".stop")], rows = [...result.querySelectorAll("tr.c")];
function fire(target, type, options) { target.dispatchEvent(new PointerEvent(type, { bubbles: true, ...options })); }
function over(dot) {
  const [x, y] = dot.getAttribute("d").slice(1, -2).split(" ").map(Number), m = svg.getScreenCTM();
  return { clientX: x * m.a + m.e, clientY: y * m.d + m.f, pointerType: "mouse" };
}
const tip = document.getElementById("tip"), marked = () => rows.findIndex((row) => row.classList.contains("at"));
const lit = () => [...result.querySelectorAll("details")].map((one) => one.classList.contains("on"));
const width = () => Number(svg.getAttribute("viewBox").split(" ")[2]);
fire(svg, "pointermove", over(dots[1]));
seen.hover = { tip: tip.innerText, marked: marked(), lit: lit(), dim: svg.classList.contains("dim") };
fire(svg, "pointerleave", {});
seen.leave = { hidden: tip.hidden, marked: marked(), lit: lit(), dim: svg.classList.contains("dim") };
fire(svg, "pointerdown", over(dots[2]));
fire(svg, "pointerup", over(dots[2]));
seen.click = { marked: marked(), open: [...result.querySelectorAll("details")].map((one) => one.open) };
const whole = width();
result.querySelector("[data-zoom=in]").click();
seen.zoom = { in: width() / whole, zoomed: svg.classList.contains("zoomed") };
result.querySelector("[data-zoom=all]").click();
seen.zoom.all = width() / whole;
const search = result.querySelector(".routes input");
search.value = " LATE "; search.dispatchEvent(new Event("input"));
seen.find = { marked: marked(), lit: lit() };
search.value = "nobody"; search.dispatchEvent(new Event("input"));
seen.lost = { marked: marked(), lit: lit() };
fire(result.querySelectorAll(".strip[data-r]")[1], "pointerenter", {});
seen.strip = { lit: lit() };
seen.errors = errors;
document.body.textContent = JSON.stringify(seen);
"""


@pytest.fixture(scope="module")
def browser() -> str:
    """A Chromium to run the page in; the only tests that need one are those of the script at work."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture(scope="module")
def seen(browser: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the page shows while the driver plays."""
    folder = tmp_path_factory.mktemp("page")
    model = nco.Model("timed")
    model.add_depot(x=0, y=0)
    for name, x, tw in (("early", 10, (0, 15)), ("late", 20, (60, 90)), ("west <b>", -10, (0, 100))):
        model.add_client(x=x, y=0, delivery=1, tw=tw, service=5, name=name)
    model.add_vehicle_type(3, capacity=2)
    problem = model.build()
    page = render(nco.Result(problem, nco.check(problem, [[1, 2], [3]]), "hand", 0.1, 1, 1))
    early = "<script>const errors = []; addEventListener('error', (e) => errors.push(e.message));</script>"
    page = page.replace("<head>", f"<head>{early}", 1).replace("</body>", f"<script>{{{DRIVER}}}</script></body>", 1)
    (folder / "x.html").write_text(page, encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += ["--window-size=1280,900", "--dump-dom", (folder / "x.html").as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    body = re.search(r"<body>(.*?)</body>", shown, re.DOTALL)
    assert body is not None
    played: dict[str, Any] = json.loads(html.unescape(body[1]))
    return played


def test_the_script_runs_without_an_error(seen: dict[str, Any]) -> None:
    assert seen["errors"] == []


def test_a_stop_under_the_pointer_is_described_and_its_route_lights_up(seen: dict[str, Any]) -> None:
    facts = ["Arrival 30", "Wait 30", "Start 60", "Load 0"]
    assert seen["hover"] == {
        "tip": "\n".join(["late", "Route 1, stop 2", *facts]), "marked": 1, "lit": [True, False], "dim": True,
    }  # fmt: skip


def test_all_is_as_before_when_the_pointer_leaves(seen: dict[str, Any]) -> None:
    assert seen["leave"] == {"hidden": True, "marked": -1, "lit": [False, False], "dim": False}


def test_a_click_opens_the_route_in_the_table(seen: dict[str, Any]) -> None:
    assert seen["click"] == {"marked": 2, "open": [False, True]}


def test_the_buttons_zoom_and_show_everything_again(seen: dict[str, Any]) -> None:
    assert seen["zoom"] == {"in": 0.6, "zoomed": True, "all": 1}


def test_a_client_is_found_by_name_in_any_case(seen: dict[str, Any]) -> None:
    assert seen["find"] == {"marked": 1, "lit": [True, False]}
    assert seen["lost"] == {"marked": -1, "lit": [False, False]}


def test_the_timetable_lights_up_the_map(seen: dict[str, Any]) -> None:
    assert seen["strip"] == {"lit": [False, True]}


def test_everything_the_script_looks_for_is_in_the_page(timed: nco.Problem) -> None:
    page = render(nco.Result(timed, nco.check(timed, [[1, 2]]), "hand", 0.1, 1, 1))
    selectors = " ".join(re.findall(r'(?:querySelector(?:All)?|closest)\("([^"]+)"\)', SCRIPT))
    classes, attributes = set(re.findall(r"\.([a-z]+)", selectors)), set(re.findall(r"\[([a-z-]+)\]", selectors))
    assert {"route", "strip", "missing", "depot"} <= classes
    assert {"data-r", "data-zoom"} <= attributes
    assert classes <= {name for names in re.findall(r'class="([^"]*)"', page) for name in names.split()}
    assert all(f" {attribute}=" in page for attribute in attributes)
    assert all(f'id="{name}"' in page for name in re.findall(r'getElementById\("([^"]+)"\)', SCRIPT))
