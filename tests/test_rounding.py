"""Rounding conventions, one by one."""

import numpy as np
import pytest

from nco.rounding import ROUNDINGS, straight


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none", [0.0, 1.2345, 2.5, 3.5, 7.9999]),
        ("round", [0.0, 1.0, 3.0, 4.0, 8.0]),
        ("trunc", [0.0, 1.0, 2.0, 3.0, 7.0]),
        ("ceil", [0.0, 2.0, 3.0, 4.0, 8.0]),
        ("dimacs", [0.0, 1.2, 2.5, 3.5, 7.9]),
        ("exact", [0.0, 1.235, 2.5, 3.5, 8.0]),
    ],
)
def test_each_convention_rounds_as_described(name: str, expected: list[float]) -> None:
    assert ROUNDINGS[name](np.array([0.0, 1.2345, 2.5, 3.5, 7.9999])).tolist() == expected


@pytest.mark.parametrize("name", ROUNDINGS)
def test_rounding_twice_changes_nothing(name: str) -> None:
    distances = np.random.default_rng(1).uniform(0, 1000, 10_000)
    once = ROUNDINGS[name](distances)
    assert np.array_equal(ROUNDINGS[name](once), once)


@pytest.mark.parametrize("name", ROUNDINGS)
def test_whole_numbers_stay_as_they_are(name: str) -> None:
    whole = np.arange(100_000.0)
    assert np.array_equal(ROUNDINGS[name](whole), whole)


@pytest.mark.parametrize("name", ROUNDINGS)
def test_rounding_never_reorders_distances(name: str) -> None:
    distances = np.sort(np.random.default_rng(2).uniform(0, 10, 10_000))
    assert (np.diff(ROUNDINGS[name](distances)) >= 0).all()


def test_whole_lengths_of_large_gaps_are_exact_others_those_of_the_square_root_and_unknown_ones_unknown() -> None:
    draw = np.random.default_rng(3)
    m, n, scale = draw.integers(1, 1000, (3, 50_000))
    gaps = np.stack([scale * abs(m * m - n * n), scale * 2 * m * n], axis=-1).astype(np.float64)
    lengths = scale * (m * m + n * n)
    assert (np.sqrt((gaps**2).sum(axis=-1)) != lengths).any()
    assert np.array_equal(straight(gaps), lengths)
    assert float(straight(np.array([428 * 1e6 + 0.5, 1e8]))) == np.sqrt((428 * 1e6 + 0.5) ** 2 + 1e16)
    assert np.isnan(straight(np.array([[np.nan, 1.0], [np.inf, np.nan]]))).all()
