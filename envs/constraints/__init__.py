"""Constraints of the routing environment, one a file."""
