"""Boxes and distances on the sphere; degrees in, metres out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]

#: Mean radius of the earth in metres, and what a degree of latitude measures there.
EARTH = 6_371_008.8
DEGREE = math.radians(1.0) * EARTH


def haversine(origin: ArrayLike, destination: ArrayLike) -> Floats:
    """Metres [...] between places [..., 2] (latitude, longitude) in degrees; shapes are broadcast."""
    a, b = np.radians(np.asarray(origin, dtype=np.float64)), np.radians(np.asarray(destination, dtype=np.float64))
    rise, turn = np.sin((a - b) / 2)[..., 0] ** 2, np.sin((a - b) / 2)[..., 1] ** 2
    chord = rise + np.cos(a[..., 0]) * np.cos(b[..., 0]) * turn
    return np.asarray(2 * EARTH * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of latitudes and longitudes in degrees."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def around(cls, latitude: float, longitude: float, size: float) -> Box:
        """A square with sides of `size` metres."""
        half = size / 2 / DEGREE
        wide = half / max(math.cos(math.radians(latitude)), 1e-6)
        return cls(latitude - half, longitude - wide, latitude + half, longitude + wide)

    @classmethod
    def of(cls, points: ArrayLike) -> Box:
        """The smallest box around places [P, 2] (latitude, longitude)."""
        where = np.asarray(points, dtype=np.float64)
        return cls(*where.min(axis=0).tolist(), *where.max(axis=0).tolist())

    @property
    def extent(self) -> float:
        """Metres of the longer side."""
        wide = (self.east - self.west) * math.cos(math.radians((self.south + self.north) / 2))
        return DEGREE * max(self.north - self.south, wide)

    def grown(self, margin: float) -> Box:
        """The box with `margin` metres more on each side."""
        high = margin / DEGREE
        wide = high / max(math.cos(math.radians((self.south + self.north) / 2)), 1e-6)
        return Box(self.south - high, self.west - wide, self.north + high, self.east + wide)

    def holds(self, points: ArrayLike) -> Bools:
        """Whether places [..., 2] (latitude, longitude) lie inside, borders included."""
        where = np.asarray(points, dtype=np.float64)
        latitude, longitude = where[..., 0], where[..., 1]
        inside = (latitude >= self.south) & (latitude <= self.north)
        return np.asarray(inside & (longitude >= self.west) & (longitude <= self.east))
