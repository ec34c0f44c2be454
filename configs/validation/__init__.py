"""Configuration group 'validation'."""
