"""What parts of the search need when Python runs them."""

import numpy as np
import pytest


@pytest.fixture(scope="module", autouse=True)
def _sums_may_overflow():
    """Compiled code does not warn of that; its random numbers count on it."""
    with np.errstate(all="ignore"):
        yield
