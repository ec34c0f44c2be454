import itertools

import numpy as np
import pytest

from nco.plotting import PALETTE, route_colours
from nco.solution import Route

#: How people with a colour vision deficiency see linear RGB: Machado et al. 2009, severity 1.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return lab @ np.cbrt(cones @ np.clip(rgb, 0, 1))


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_colours_can_be_told_apart(sight):
    seen = [oklab(np.asarray(SIGHT[sight]) @ linear(colour)) for colour in PALETTE]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= 0.09


@pytest.mark.parametrize("background", ["#ffffff", "#171c23"])
def test_every_colour_is_visible_in_light_and_in_dark(background):
    weights = np.array([0.2126, 0.7152, 0.0722])
    ground = weights @ linear(background)
    for colour in PALETTE:
        bright, dark = sorted([weights @ linear(colour), ground], reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 3, colour


@pytest.mark.parametrize("count", [1, 2, 8, 9, 10, 17, 18, 57])
def test_neighbouring_routes_differ_in_colour_all_the_way_round(square, count):
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    xy = np.column_stack([np.cos(angles), np.sin(angles)])
    colours = route_colours(square, [Route((k,)) for k in range(1, count + 1)], np.vstack([[0, 0], xy]))
    assert len(colours) == count
    reach = min(2, count - 1)
    assert all(colours[k] != colours[(k + step) % count] for k in range(count) for step in range(1, reach + 1))


def test_no_routes_have_no_colours(square):
    assert route_colours(square, [], square.xy) == []
