"""Comparing solvers: run matrix -> runs.jsonl -> statistics -> table and plots. `bench` does the whole."""

from nco.bench.run import Bench, bench

__all__ = ["Bench", "bench"]
