"""Where locations lie on a map: their coordinates, or places derived from the distances when there are none."""

from __future__ import annotations

import numpy as np

from nco.problem import Floats, Problem

#: Locations that take part in the eigenvalue problem: keeps large matrices affordable.
LANDMARKS = 400

#: What a picture says when places are not the user's own.
DERIVED = "places derived from the distances"


def map_coordinates(problem: Problem) -> tuple[Floats, bool]:
    """Coordinates [N, 2] of all locations, and whether they were derived from the distance matrix."""
    return (problem.xy, False) if problem.has_coordinates else (_scaled(problem), True)


def _scaled(problem: Problem) -> Floats:
    """Landmark multidimensional scaling (de Silva and Tenenbaum 2004) of the symmetrised first distance matrix.

    Classical scaling (Torgerson 1952) when there are at most LANDMARKS locations.
    """
    size = problem.num_locations
    every = np.arange(size)
    chosen = np.unique(np.linspace(0, size - 1, min(size, LANDMARKS)).astype(np.intp))
    there = problem.distance(every[:, None], chosen[None, :])
    back = problem.distance(chosen[:, None], every[None, :])
    squared = ((there + back.T) / 2) ** 2  # [N, landmarks]
    scores = -0.5 * (squared - squared[chosen].mean(axis=0))
    gram = scores[chosen] - scores[chosen].mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh((gram + gram.T) / 2)
    values, vectors = values[[-1, -2]] if len(values) > 1 else np.zeros(2), vectors[:, -2:][:, ::-1]
    vectors = vectors * np.where(vectors[np.abs(vectors).argmax(axis=0), np.arange(2)] < 0, -1.0, 1.0)
    spread = np.where(values > 1e-9 * max(1.0, abs(values[0])), values, np.inf)  # a flat direction collapses to zero
    return np.asarray(scores @ vectors / np.sqrt(spread))
