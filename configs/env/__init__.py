"""Configuration group 'env'."""
