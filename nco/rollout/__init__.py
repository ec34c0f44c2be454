"""Rollouts: policies acting in environments, and the probability of what they did."""

from nco.rollout.eager import Trajectory, rollout
from nco.rollout.rescore import Decisions, log_probability, rebuild

__all__ = ["Decisions", "Trajectory", "log_probability", "rebuild", "rollout"]
