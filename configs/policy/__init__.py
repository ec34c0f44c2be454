"""Configuration group 'policy'."""
