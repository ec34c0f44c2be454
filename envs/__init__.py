"""Batched routing environments."""

if __name__ != "nco.envs":
    raise ImportError("Write 'import nco.envs': this folder is packaged as nco.envs")
