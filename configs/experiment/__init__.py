"""Configuration group 'experiment'."""
