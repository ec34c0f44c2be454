"""Configuration group 'trainer'."""
