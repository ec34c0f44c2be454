"""Cities: places with the distances and travel times between them, from a file or made up.

A city file has `points` [P, 2] (latitude, longitude in degrees), `distance` [P, P] and `duration` [P, P], from row to
column: one of nco (see nco.cities.city), known by its entry `format`, in metres and seconds, or one of Son et al.
(2025), "RRNCO: Towards real-world routing with neural combinatorial optimization", in km and minutes.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nco.cities.city import FORMAT, read_arrays
from nco.errors import ConfigError, Fault, FileError

KEYS = ("points", "distance", "duration")
KM_PER_DEGREE = 111.32
KM, MINUTE = 1000.0, 60.0  # in the units of our own files
UNREACHABLE = 1e5  # RRNCO's files hold such numbers where there is no way
BLOCKS = 20  # streets of the town in each direction


class City(NamedTuple):
    """P places; everything in float32 on the CPU."""

    xy: Tensor  # [P, 2] in km, east and north
    distance: Tensor  # [P, P] in km
    duration: Tensor  # [P, P] in minutes


def cities(path: str | None) -> list[City]:
    """The cities of a folder, by name, or the only one of a file; raises ConfigError where there is none."""
    if path is None or not Path(path).is_dir():
        return [city(path)]
    files = sorted(Path(path).glob("*.npz"))
    if not files:
        raise ConfigError(Fault("C503", path, "the folder holds no city", "Give a folder of .npz files, or one file"))
    return [city(str(file)) for file in files]


@cache
def city(path: str | None) -> City:
    """The city of a file, or the town when there is none; raises ConfigError for a file that holds none."""
    return _town() if path is None else _read(Path(path))


def _read(path: Path) -> City:
    try:
        arrays = read_arrays(path)
    except FileError as error:
        raise _faulty(path, error.faults[0].what) from error
    if "format" in arrays and str(arrays["format"]) != FORMAT:
        raise _faulty(path, f"its format is '{arrays['format']}'")
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise _faulty(path, f"it has no {', '.join(missing)}")
    points, distance, duration = (arrays[key] for key in KEYS)
    size = len(points)
    if any(array.dtype.kind not in "fiu" for array in (points, distance, duration)):
        raise _faulty(path, "it holds something that is not a number")
    if points.shape != (size, 2) or {distance.shape, duration.shape} != {(size, size)}:
        raise _faulty(path, f"shapes are {points.shape}, {distance.shape} and {duration.shape}")
    kept = _connected(distance, duration)
    if not np.isfinite(points[kept]).all() or len(kept) < 2:
        raise _faulty(path, f"of {size} places, {len(kept)} have coordinates and ways to each other")
    latitude, longitude = points[kept].T.astype(np.float64)
    east = (longitude - longitude.mean()) * math.cos(math.radians(latitude.mean()))
    xy = KM_PER_DEGREE * np.stack([east, latitude - latitude.mean()], axis=-1)
    square = np.ix_(kept, kept)
    metres, seconds = (KM, MINUTE) if "format" in arrays else (1.0, 1.0)
    parts = (xy, distance[square] / metres, duration[square] / seconds)
    return City(*(torch.from_numpy(np.array(part, dtype=np.float32)) for part in parts))


def _faulty(path: Path, what: str) -> ConfigError:
    fix = "Give an .npz with points [P, 2], distance [P, P] and duration [P, P]"
    return ConfigError(Fault("C503", str(path), what, fix))


def _connected(distance: NDArray[Any], duration: NDArray[Any]) -> NDArray[np.intp]:
    """Places that all have ways to each other: whoever lacks most is dropped first."""
    with np.errstate(invalid="ignore"):
        bad = ~((distance >= 0) & (distance < UNREACHABLE) & (duration >= 0) & (duration < UNREACHABLE))
    np.fill_diagonal(bad, val=False)
    kept = np.arange(len(bad))
    while bad[np.ix_(kept, kept)].any():
        inside = bad[np.ix_(kept, kept)]
        kept = np.delete(kept, (inside.sum(axis=0) + inside.sum(axis=1)).argmax())
    return kept


def _town() -> City:
    """A made-up town of about 3 km x 3 km: crossings of streets with their own speeds, half of them one-way.

    The streets around it run both ways, so that every crossing can be reached. Ways are the fastest ones; as on real
    roads, their distances depend on the direction and do not keep the triangle inequality. The same town every time.
    """
    random = np.random.default_rng(1)
    places = [np.cumsum(random.uniform(0.1, 0.2, BLOCKS)) for _ in range(2)]
    speed = random.choice([20.0, 30.0, 50.0], size=(2, BLOCKS), p=[0.3, 0.5, 0.2]) / 60  # km per minute
    ways = random.choice([(True, True), (True, False), (False, True)], size=(2, BLOCKS), p=[0.5, 0.25, 0.25])
    ways[:, [0, -1]] = True
    number = np.arange(BLOCKS**2).reshape(BLOCKS, BLOCKS)  # of the crossing of a west-east and a south-north street
    length = np.full((BLOCKS**2, BLOCKS**2), np.inf)
    time = length.copy()
    for axis, crossings in enumerate((number, number.T)):
        gaps = np.diff(places[axis])
        for street, line in enumerate(crossings):
            for there, (a, b) in enumerate([(line[:-1], line[1:]), (line[1:], line[:-1])]):
                if ways[axis, street, there]:
                    length[a, b], time[a, b] = gaps, gaps / speed[axis, street]
    np.fill_diagonal(length, 0.0)
    np.fill_diagonal(time, 0.0)
    for between in range(BLOCKS**2):  # Floyd and Warshall
        detour = time[:, between, None] + time[between]
        faster = detour < time
        np.copyto(time, detour, where=faster)
        np.copyto(length, length[:, between, None] + length[between], where=faster)
    east, north = np.meshgrid(*places)
    xy = np.stack([east.ravel(), north.ravel()], axis=-1)
    return City(*(torch.from_numpy(array.astype(np.float32)) for array in (xy, length, time)))
