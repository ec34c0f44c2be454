"""Optimisers: Muon on the hidden matrices, AdamW on everything else, one schedule for both.

Muon (Jordan et al. 2024; torch.optim.Muon) orthogonalises the momentum of matrices that map hidden states to hidden
states. Embeddings of raw inputs, norms, biases and scalars go to AdamW.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True, slots=True)
class OptimizerConfig:
    """Learning rates and their schedule; measured on CVRP100."""

    muon_rate: float = 1e-2  # 0: no Muon, AdamW on all parameters
    adam_rate: float = 5e-4
    weight_decay: float = 1e-2
    warmup: int = 200  # steps
    decay_from: float = 0.5  # fraction of the run after which rates fall linearly to `final`
    final: float = 0.02  # fraction of the rate that is left at the end
    clip: float = 1.0  # largest norm of the gradient


def make_optimizers(model: nn.Module, config: OptimizerConfig) -> list[torch.optim.Optimizer]:
    """The optimisers, Muon first when it is used."""
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and min(p.shape) > 8 and config.muon_rate]
    chosen = {id(p) for p in hidden}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    optimizers: list[torch.optim.Optimizer] = []
    if hidden:
        optimizers.append(torch.optim.Muon(hidden, lr=config.muon_rate, weight_decay=config.weight_decay))
    optimizers.append(torch.optim.AdamW(rest, lr=config.adam_rate, betas=(0.9, 0.95), weight_decay=config.weight_decay))
    return optimizers


def schedule(config: OptimizerConfig, step: int, progress: float) -> list[float]:
    """Learning rates, in the order of `make_optimizers`, at a step and a fraction of the run: up, constant, down."""
    rise = min(1.0, (step + 1) / max(1, config.warmup))
    fall = 1.0 if progress < config.decay_from else (1.0 - progress) / (1.0 - config.decay_from)
    factor = rise * max(config.final, fall)
    rates = [config.muon_rate, config.adam_rate] if config.muon_rate else [config.adam_rate]
    return [rate * factor for rate in rates]
