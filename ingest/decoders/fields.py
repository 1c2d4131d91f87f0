"""Named values: of a URL's query, of an urlencoded form, or of a flat JSON object."""

import math
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from ingest.errors import DecodeError

_MOST: Final = 500  # a message with more names than that is no position
_LONGEST: Final = 64  # characters of a number

Fields = Mapping[str, object]


def from_query(payload: bytes) -> Fields:
    """Read `a=1&b=2`, also with a path and `?` before it; a name that comes twice counts once.

    Raises DecodeError where there is no name in it.
    """
    text = payload.decode("utf-8", "replace").strip()
    if text.startswith(("/", "?")):
        text = text.partition("?")[2]
    try:
        fields = dict(reversed(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST)))
    except ValueError as error:
        message = f"the message has more than {_MOST} parameters"
        raise DecodeError(message) from error
    if "=" not in text:
        message = "the message is neither JSON nor parameters like lat=51.5&lon=-0.1"
        raise DecodeError(message)
    return fields


def from_object(element: object) -> Fields:
    """Take a JSON object as it is; ValueError where it is something else."""
    if not isinstance(element, dict):
        message = f"expected an object, got {type(element).__name__}"
        raise ValueError(message)  # noqa: TRY004 (what a decoder's element raises)
    return element


def as_number(value: object) -> float | None:
    """Give a finite number, also one written as text; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > _LONGEST:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def number(fields: Fields, *names: str) -> float | None:
    """Give the first of the named values that is a number; None (unknown) where none is."""
    for name in names:
        if name in fields and (value := as_number(fields[name])) is not None:
            return value
    return None


def positive(fields: Fields, *names: str) -> float | None:
    """Give a value that is above 0; others are ways to say "unknown"."""
    value = number(fields, *names)
    return value if value is not None and value > 0 else None


def unsigned(fields: Fields, *names: str) -> float | None:
    """Give a value that is 0 or above; below, most often -1, it says "unknown"."""
    value = number(fields, *names)
    return value if value is not None and value >= 0 else None


def coordinate(fields: Fields, name: str) -> float:
    """Give a coordinate, which must be a number: ValueError where it is none."""
    value = as_number(fields.get(name))
    if value is None:
        message = f"{name}: missing" if name not in fields else f"{name}: expected a number"
        raise ValueError(message)
    return value


def text(fields: Fields, *names: str) -> str | None:
    """Give the first of the named values that is a text (or a whole number) and not empty."""
    for name in names:
        value = fields.get(name)
        if value is None:
            continue
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def flag(fields: Fields, name: str) -> bool | None:
    """Give a yes or no (`true`, `1`; all else is no); None where there is no such name."""
    if name not in fields:
        return None
    value = fields[name]
    return value.strip().lower() in {"true", "1"} if isinstance(value, str) else value == 1
