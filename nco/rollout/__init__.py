"""Rollouts: policies acting in environments, and the probability of what they did."""

from nco.rollout.eager import Trajectory, rollout
from nco.rollout.rescore import log_probability

__all__ = ["Trajectory", "log_probability", "rollout"]
