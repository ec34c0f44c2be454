import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nco.bench.plots import plot_gaps, plot_sizes
from nco.bench.statistics import judge


@pytest.fixture
def judged(instances, record):
    return judge(
        instances,
        [
            record("pyvrp", "square", 10.5),
            record("pyvrp", "timed", 100.0),
            record("ortools", "square", 12.0),
            record("neural", "square", None),
        ],
    )


@pytest.mark.parametrize("plot", [plot_gaps, plot_sizes])
def test_a_picture_shows_something_and_only_solvers_with_feasible_runs(judged, plot):
    ax = plot(judged, ["neural", "ortools", "pyvrp"])
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    assert len(np.unique(np.asarray(canvas.buffer_rgba()).reshape(-1, 4), axis=0)) > 20
    texts = [text.get_text() for text in (ax.get_legend().get_texts() if ax.get_legend() else ax.get_xticklabels())]
    assert texts == ["ortools", "pyvrp"]
