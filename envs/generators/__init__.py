"""Distributions of problems, one a file."""
