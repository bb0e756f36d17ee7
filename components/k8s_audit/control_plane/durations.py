"""Durations as the API server's flags and our settings spell them: https://pkg.go.dev/time#ParseDuration."""

import re

UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def seconds(text: str) -> float:
    """Seconds of a duration such as `1m30s`.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(rf"({PART.pattern})+", text, re.ASCII):
        raise ValueError("a duration is a number and a unit (ms, s, m, h), such as 500ms, 5s or 1m30s")
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))
