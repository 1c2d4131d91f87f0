"""Degrees and minutes run together, as NMEA and the radios that copied it write them."""

import re
from typing import Final

_PATTERN: Final = re.compile(r"(\d{1,3}?)(\d\d(?:\.\d{0,12})?)", re.ASCII)
_SIGNS: Final = {"N": 1, "E": 1, "S": -1, "W": -1}


def from_minutes(text: str, hemisphere: str) -> float | None:
    """Read "4916.45", "N" as degrees: the two digits before the point are minutes.

    None where both are empty; ValueError where they are anything else.
    """
    if not text and not hemisphere:
        return None
    match = _PATTERN.fullmatch(text)
    if match is None or hemisphere not in _SIGNS or float(match[2]) >= 60:  # noqa: PLR2004
        message = f"not degrees, minutes and a hemisphere: {text[:20]!r}, {hemisphere[:5]!r}"
        raise ValueError(message)
    return _SIGNS[hemisphere] * (int(match[1]) + float(match[2]) / 60)
