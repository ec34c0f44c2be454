"""The card of shipped weights: what they are, what they were trained on, how, and how good they are."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Card(BaseModel):
    """Contents of `<name>.json` beside `<name>.safetensors`. Data only: names are looked up in registries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["nco-weights"] = "nco-weights"
    version: Literal[1] = 1
    name: str
    policy: str = Field(description="name in nco.policies.POLICIES")
    options: dict[str, Any] = Field(description="options of the policy")
    preset: str = Field(description="name in nco.envs.presets.PRESETS: constraints and distribution of the training")
    sizes: tuple[int, int] = Field(description="smallest and largest number of clients in training")
    sha256: str = Field(description="of the .safetensors file", pattern="^[0-9a-f]{64}$")
    training: dict[str, Any] = Field(description="command, device, seconds, steps, problems, curve")
    results: dict[str, Any] = Field(default_factory=dict, description="measured quality, with commands")
    licence: str = "MIT"
