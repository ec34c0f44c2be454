"""Hydra configurations of `nco train`."""
