"""Options that hold several values, separated by commas."""

from __future__ import annotations

from nco.errors import ConfigError, Fault


def entries(option: str, text: str) -> list[str]:
    """Entries of a list separated by commas, each once."""
    found = [entry.strip() for entry in text.split(",") if entry.strip()]
    if not found:
        raise ConfigError(Fault("C503", option, "it is empty", "Give at least one"))
    return list(dict.fromkeys(found))


def whole_number(option: str, text: str) -> int:
    """An entry as a whole number."""
    try:
        return int(text)
    except ValueError:
        raise ConfigError(
            Fault("C503", option, f"'{text}' is not a whole number", "Give numbers such as 1,2")
        ) from None


def number(option: str, text: str) -> float:
    """An entry as a number."""
    try:
        return float(text)
    except ValueError:
        raise ConfigError(Fault("C503", option, f"'{text}' is not a number", "Give numbers such as 0.1,0.2")) from None
