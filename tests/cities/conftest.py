"""A synthetic town, and OSRM where it is installed."""

import pytest
from town import Town

from nco.cities import osrm


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def extract(town, tmp_path):
    """The town as a file."""
    return town.write(tmp_path / "town.osm")


@pytest.fixture
def installed_osrm():
    """OSRM; tests that need it are skipped where it is not."""
    found = osrm.find()
    if found is None:
        pytest.skip("OSRM is not installed")
    return found
