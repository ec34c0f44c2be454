"""Optimisers: Muon on the hidden matrices, AdamW on everything else, one schedule for both.

Muon (Jordan et al. 2024; nco.train.muon) orthogonalises the momentum of matrices that map hidden states to hidden
states. Embeddings of raw inputs, norms, biases and scalars go to AdamW.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import nn

from nco.train.muon import BatchedMuon

#: Matrices with fewer rows or columns see raw inputs.
HIDDEN = 16


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class OptimizerConfig:
    """Learning rates and their schedule; measured on CVRP100."""

    muon_rate: float = Field(1e-2, ge=0)  # 0: no Muon, AdamW on all parameters
    adam_rate: float = Field(5e-4, gt=0)
    weight_decay: float = Field(1e-2, ge=0)
    warmup: int = Field(200, ge=0)  # steps
    decay_from: float = Field(0.5, ge=0, lt=1)  # fraction of the run after which rates fall linearly to `final`
    final: float = Field(0.02, ge=0, le=1)  # fraction of the rate that is left at the end
    clip: float = Field(1.0, gt=0)  # largest norm of the gradient


def make_optimizers(model: nn.Module, config: OptimizerConfig) -> list[torch.optim.Optimizer]:
    """The optimisers, Muon first when it is used."""
    hidden = [p for p in model.parameters() if config.muon_rate and p.ndim == 2 and min(p.shape) >= HIDDEN]
    chosen = {id(p) for p in hidden}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    optimizers: list[torch.optim.Optimizer] = []
    if hidden:
        optimizers.append(BatchedMuon(hidden, lr=config.muon_rate, weight_decay=config.weight_decay))
    on_gpu = next(model.parameters()).is_cuda  # one kernel there
    options: dict[str, Any] = {"betas": (0.9, 0.95), "weight_decay": config.weight_decay, "fused": on_gpu}
    optimizers.append(torch.optim.AdamW(rest, lr=config.adam_rate, **options))
    return optimizers


def schedule(config: OptimizerConfig, step: int, progress: float) -> list[float]:
    """Learning rates, in the order of `make_optimizers`, at a step and a fraction of the run: up, constant, down."""
    rise = min(1.0, (step + 1) / max(1, config.warmup))
    fall = 1.0 if progress < config.decay_from else (1.0 - progress) / (1.0 - config.decay_from)
    factor = rise * max(config.final, fall)
    rates = [config.muon_rate, config.adam_rate] if config.muon_rate else [config.adam_rate]
    return [rate * factor for rate in rates]
