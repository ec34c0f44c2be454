"""Weights of trained policies (.safetensors), each with its card (.json)."""
