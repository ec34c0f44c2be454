"""One self-contained HTML page for a colleague: map, routes, schedule, comparison. No network, opens from disk."""

from nco.report.page import render, write_html

__all__ = ["render", "write_html"]
