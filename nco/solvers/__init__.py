"""Solvers behind one protocol: neural, search, ortools, pyvrp, lkh, nearest."""
