"""Speeds of ways by their tags, as OSRM's car.lua and bicycle.lua have them."""

import pytest

from nco.cities.speeds import blocks, lived, rank, speeds


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "residential"}, (25, 25)),
        ({"highway": "motorway"}, (90, 0)),
        ({"highway": "motorway_link"}, (45, 45)),
        ({"highway": "motorway_link", "oneway": "yes"}, (45, 0)),
        ({"highway": "primary", "oneway": "-1"}, (0, 65)),
        ({"highway": "motorway", "oneway": "no"}, (90, 90)),
        ({"highway": "tertiary", "junction": "roundabout"}, (40, 0)),
        ({"highway": "tertiary", "junction": "circular"}, (40, 0)),
        ({"highway": "residential", "maxspeed": "50"}, (40, 40)),
        ({"highway": "residential", "maxspeed": "30 mph"}, (30 * 1.609 * 0.8,) * 2),
        ({"highway": "residential", "maxspeed": "30mph"}, (30 * 1.609 * 0.8,) * 2),
        ({"highway": "residential", "maxspeed": "FR:urban"}, (40, 40)),
        ({"highway": "residential", "maxspeed": "walk"}, (25, 25)),
        ({"highway": "residential", "maxspeed": "50", "maxspeed:backward": "30"}, (40, 24)),
        ({"highway": "residential", "access": "destination"}, (25, 25)),
        ({"highway": "residential", "access": "no", "motor_vehicle": "yes"}, (25, 25)),
    ],
)
def test_a_car_drives_as_its_road_and_its_limit_say(tags, expected):
    assert speeds(tags) == pytest.approx(expected)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"highway": "footway"},
        {"highway": "construction"},
        {"highway": "residential", "access": "no"},
        {"highway": "residential", "access": "private"},
        {"highway": "residential", "motor_vehicle": "no"},
        {"highway": "service", "area": "yes"},
        {"highway": "service", "service": "emergency_access"},
    ],
)
def test_a_car_does_not_drive_where_it_may_not(tags):
    assert speeds(tags) is None


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "cycleway"}, (15, 15)),
        ({"highway": "primary", "maxspeed": "50"}, (15, 15)),
        ({"highway": "footway"}, (4, 4)),
        ({"highway": "residential", "oneway": "yes"}, (15, 0)),
        ({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, (15, 15)),
        ({"highway": "residential", "oneway": "yes", "cycleway": "opposite_lane"}, (15, 15)),
        ({"highway": "motorway"}, None),
        ({"highway": "residential", "bicycle": "no"}, None),
        ({"highway": "residential", "motor_vehicle": "no"}, (15, 15)),
    ],
)
def test_a_bicycle_has_ways_of_its_own(tags, expected):
    assert speeds(tags, "bike") == expected


@pytest.mark.parametrize(
    ("tags", "car", "bike"),
    [
        ({"highway": "traffic_signals"}, False, False),
        ({"barrier": "bollard"}, True, False),
        ({"barrier": "bollard", "bollard": "rising"}, False, False),
        ({"barrier": "gate"}, False, False),
        ({"barrier": "gate", "access": "no"}, True, True),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, False, False),
        ({"barrier": "wall"}, True, True),
    ],
)
def test_barriers_stop_whom_they_are_for(tags, car, bike):
    assert (blocks(tags, "car"), blocks(tags, "bike")) == (car, bike)


def test_addresses_are_on_streets_and_not_on_motorways_ramps_bridges_or_drives():
    assert lived({"highway": "residential"})
    assert lived({"highway": "primary", "bridge": "no"})
    for name in ("motorway", "primary_link", "service", "footway"):
        assert not lived({"highway": name})
    assert not lived({"highway": "residential", "bridge": "yes"})
    assert not lived({"highway": "residential", "tunnel": "building_passage"})


def test_roads_are_ranked_from_motorways_to_paths():
    names = ("motorway_link", "secondary", "living_street", "service", "path")
    assert [rank({"highway": name}) for name in names] == [0, 1, 2, 3, 3]
