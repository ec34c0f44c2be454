"""Files that ship with nco: weights of trained policies and example problems."""
