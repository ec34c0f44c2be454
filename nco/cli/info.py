"""nco info: what is installed, what it runs on, which weights are shipped. For bug reports and the curious."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from importlib.resources.abc import Traversable

from nco.cli.group import Debug


def info(debug: Debug = False) -> None:
    """Show versions, devices and the shipped weights."""
    from nco.bench.environment import EXTRA, PACKAGES, devices, versions
    from nco.cli.console import results, say

    console = results()
    for title, facts in (("versions", versions([*PACKAGES, *EXTRA])), ("devices", devices()), ("weights", _weights())):
        say(console, title, "bold")
        width = max(map(len, facts), default=0) + 2
        for name, value in facts.items():
            say(console, f"  {name:<{width}}{value}")


def _weights() -> dict[str, str]:
    """File name -> hash and what its card says; one line a fact of the card."""
    folder = resources.files("nco.data.weights")
    facts: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".safetensors"):
            content = file.read_bytes()
            facts[file.name] = f"sha256 {hashlib.sha256(content).hexdigest()}, {len(content) / 1e6:.1f} MB"
            facts |= _card(folder.joinpath(file.name.removesuffix(".safetensors") + ".json"))
    return facts or {"none": "this installation ships no weights"}


def _card(file: Traversable) -> dict[str, str]:
    """What a card says, one line an entry; the hash is shown above, as computed."""
    try:
        card = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        return {"  card": f"cannot be read ({error})"}
    return {f"  {key}": _short(value) for key, value in card.items() if value and key not in ("sha256", "name")}


def _short(value: object) -> str:
    """An entry on one line; lists of numbers such as curves only by their length."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return " to ".join(map(str, value)) if len(value) == 2 else f"({len(value)} entries)"
    return str(value)
