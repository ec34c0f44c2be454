"""Example problems, written by scripts/make_examples.py."""
