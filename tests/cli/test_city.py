"""nco city build, nco city show, and nco solve on roads."""

import json

import numpy as np
import pytest
from town import LATITUDE, LONGITUDE, Town

import nco
from nco.cities.city import read_city
from nco.io import read_solution

ARGUMENTS = ("--size", "1.2km", "--points", "30", "--engine", "dijkstra")


@pytest.fixture
def extract(tmp_path):
    return Town().write(tmp_path / "town.osm")


@pytest.fixture
def city(run, extract, tmp_path):
    """A city's file."""
    done = run("city", "build", extract, *ARGUMENTS, "-o", tmp_path / "city.npz")
    assert done.exit_code == 0, done.output
    assert "city.npz: 30 places by scipy" in done.stdout
    assert "OpenStreetMap contributors" in done.stdout
    assert done.stderr == ""
    return tmp_path / "city.npz"


def test_a_city_is_built_and_shown(run, city, tmp_path):
    done = run("city", "show", city, "-o", tmp_path / "city.png")
    assert done.exit_code == 0
    for words in ("places", "mean distance", "circuity", "asymmetry of duration", "town.osm (sha256", "ODbL"):
        assert words in done.stdout
    assert (tmp_path / "city.png").read_bytes().startswith(b"\x89PNG")


def test_the_options_say_where_and_how_large(run, extract, tmp_path):
    center = f"{LATITUDE + 0.001},{LONGITUDE + 0.001}"
    options = ("--center", center, "--size", "300m", "--points", "5", "--seed", "9", "--engine", "dijkstra")
    assert run("city", "build", extract, *options, "-q", "-o", tmp_path / "c.npz").stdout == ""
    built = read_city(tmp_path / "c.npz")
    assert built.provenance["center"] == pytest.approx([LATITUDE + 0.001, LONGITUDE + 0.001])
    assert (built.provenance["size"], built.provenance["seed"], len(built.points)) == (300, 9, 5)
    assert built.box.holds(built.points).all()


def test_a_centre_may_lie_in_the_south_west(run, extract):
    done = run("city", "build", extract, "--center", "-33.4,-70.6")
    assert done.exit_code == 2
    assert "R601 town.osm: there are no roads in -33.4" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--center", "49.5"), "C503 --center: '49.5' is no latitude and longitude"),
        (("--center", "149.5,8"), "C503 --center"),
        (("--size", "3 miles"), "C503 --size: '3 miles' is no length"),
        (("--size", "1m"), "C503 --size"),
        (("--engine", "valhalla"), "C503 engine: 'valhalla' is unknown"),
        (("--points", "99999"), "R601 places: the box has"),
        (("-o", "city.json"), "F002 city.json: not a kind of file for cities"),
        (("-o", "nowhere/city.npz"), "F012 nowhere/city.npz: its folder does not exist"),
    ],
)
def test_a_wrong_option_is_one_clear_line(run, extract, arguments, fault):
    done = run("city", "build", extract, *(() if "--engine" in arguments else ("--engine", "dijkstra")), *arguments)
    assert done.exit_code == 2
    assert fault in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_osrm_that_lacks_is_one_clear_line(run, extract, monkeypatch):
    monkeypatch.setattr("nco.cities.osrm.find", lambda: None)
    done = run("city", "build", extract, "--engine", "osrm")
    assert done.exit_code == 2
    assert "C502 osrm" in done.stderr


def test_a_file_that_is_no_city_is_not_shown(run, extract, tmp_path):
    assert "F001" in run("city", "show", extract).stderr
    np.savez(tmp_path / "other.npz", points=np.zeros((2, 2)))
    assert "F008" in run("city", "show", tmp_path / "other.npz").stderr


@pytest.fixture
def sheets(tmp_path, extract):
    """Orders in the town, a van and a bicycle, and the options that read them."""
    places = Town().at([(4, 5, 0.5), (0, 1, 0.3), (2, 6, 0.5), (3, 7, 0.2), (10, 9, 0.5)])
    orders = [f"shop-{k},{lat:.6f},{lon:.6f},1" for k, (lat, lon) in enumerate(places[1:])]
    (tmp_path / "orders.csv").write_text("\n".join(["id,lat,lon,demand", *orders]))
    depot = f"{places[0, 0]:.6f},{places[0, 1]:.6f}"
    (tmp_path / "vehicles.csv").write_text(
        f"name,lat,lon,capacity,count,mode\nvan,{depot},3,1,car\nbike,{depot},2,1,Bike\n"
    )
    return (tmp_path / "orders.csv", "--vehicles", tmp_path / "vehicles.csv")


def test_orders_become_routes_along_the_roads(run, sheets, extract, tmp_path):
    options = ("--roads", extract, "--engine", "dijkstra", "--solver", "pyvrp", "--max-runtime", "0.5")
    files = ("--out", tmp_path / "x.geojson", "--html", tmp_path / "x.html", "--plot", tmp_path / "x.png")
    done = run("solve", *sheets, *options, *files)
    assert done.exit_code == 0, done.output
    assert "4 of 4 clients" in done.stdout
    features = json.loads((tmp_path / "x.geojson").read_text())["features"]
    assert {f["properties"].get("vehicle") for f in features} == {"van", "bike", None}
    assert "road road-1" in (tmp_path / "x.html").read_text()


def test_a_plan_on_roads_is_checked_later_by_the_problem_that_was_converted(run, sheets, extract, tmp_path):
    along = ("--roads", extract, "--engine", "dijkstra")
    assert run("convert", *sheets, *along, tmp_path / "day.json").exit_code == 0
    done = run("solve", *sheets, *along, "--solver", "pyvrp", "--max-runtime", "0.2", "--out", tmp_path / "plan.json")
    assert done.exit_code == 0, done.output
    cost = json.loads((tmp_path / "plan.json").read_text())["cost"]["total"]
    problem = nco.read(tmp_path / "day.json")
    report = nco.check(problem, read_solution(tmp_path / "plan.json", problem))
    assert report.is_feasible()
    assert report.cost.total == pytest.approx(cost)


def test_orders_are_solved_without_roads_too(run, sheets):
    done = run("solve", *sheets, "--solver", "pyvrp", "--max-runtime", "0.2")
    assert done.exit_code == 0, done.output
    assert "4 of 4 clients" in done.stdout


def test_an_order_far_from_the_roads_is_named(run, sheets, extract):
    with sheets[0].open("a") as file:
        file.write("\nlost,49.6,8.5,1")
    done = run("solve", *sheets, "--roads", extract)
    assert done.exit_code == 2
    assert "R602 lost: its nearest road for a car is more than 500 m away" in done.stderr


def test_orders_come_with_vehicles_and_nothing_else_does(run, sheets, file):
    assert "C503 --vehicles: it is missing" in run("solve", sheets[0]).stderr
    assert "C503 --vehicles: the problem is no .csv of orders" in run("solve", file, *sheets[1:]).stderr


def test_a_mode_of_no_vehicle_is_an_error_with_its_line(run, sheets):
    sheets[2].write_text(sheets[2].read_text().replace("Bike", "boat"))
    done = run("solve", *sheets)
    assert done.exit_code == 2
    assert "F005 vehicles.csv, line 3, column 'mode': 'boat' is none of: car, bike" in done.stderr
