"""The front between what routes cost and how well they keep to preferences: weights -> points -> table and pictures."""

from nco.pareto.points import Front, Point
from nco.pareto.sweep import front, sweep
from nco.pareto.weights import spread

__all__ = ["Front", "Point", "front", "spread", "sweep"]
