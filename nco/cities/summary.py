"""A city in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nco.cities.city import City
from nco.cities.geometry import Floats, haversine


@dataclass(frozen=True, slots=True)
class Summary:
    """Means over pairs of different places. Asymmetry: mean of |M - M^T| / max(M, M^T)."""

    places: int
    streets: float  # km with addresses in the box
    distance: float  # km
    duration: float  # minutes
    circuity: float  # mean distance / mean distance as the crow flies
    distance_asymmetry: float
    duration_asymmetry: float
    correlation: float  # of distance and duration


def summarise(city: City) -> Summary:
    """The numbers of a city."""
    pairs = ~np.eye(len(city.points), dtype=bool)
    distance, duration = city.distance.astype(np.float64), city.duration.astype(np.float64)
    straight = haversine(city.points[:, None], city.points[None])
    return Summary(
        len(city.points),
        _streets(city),
        float(distance[pairs].mean() / 1000),
        float(duration[pairs].mean() / 60),
        float(distance[pairs].mean() / max(straight[pairs].mean(), 1e-9)),
        _asymmetry(distance[pairs], distance.T[pairs]),
        _asymmetry(duration[pairs], duration.T[pairs]),
        float(np.corrcoef(distance[pairs], duration[pairs])[0, 1]),
    )


def _asymmetry(there: Floats, back: Floats) -> float:
    return float(np.mean(abs(there - back) / np.maximum(np.maximum(there, back), 1e-9)))


def _streets(city: City) -> float:
    roads = city.roads
    streets = roads.streets[roads.lived[roads.streets]]
    inside = city.box.holds((roads.vertex[roads.tail[streets]] + roads.vertex[roads.head[streets]]) / 2)
    return float(roads.length[streets[inside]].sum() / 1000)
