"""Pictures of problems and results; each function draws on `ax`, or on a figure of its own, and returns the axes.

Matplotlib is loaded by the first picture, never through pyplot: works without a display and changes no global state.
"""

from nco.plotting.demands import plot_demands
from nco.plotting.history import plot_history
from nco.plotting.palette import PALETTE, route_colours
from nco.plotting.routes import plot_routes
from nco.plotting.schedule import plot_schedule

__all__ = [
    "PALETTE",
    "plot_demands",
    "plot_history",
    "plot_routes",
    "plot_schedule",
    "route_colours",
]
