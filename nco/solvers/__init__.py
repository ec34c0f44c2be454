"""Solvers behind one protocol: neural, ortools, pyvrp."""
