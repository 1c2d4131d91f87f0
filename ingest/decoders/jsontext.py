"""JSON as it really comes: read quickly where it is sound, and forgivingly where it is not."""

import json
from typing import Final, TypeVar

import msgspec

from ingest.decoders.sentence import sentence
from ingest.errors import DecodeError

T = TypeVar("T", bound=msgspec.Struct)

_INT64_DIGITS: Final = 18  # whole numbers any longer become floats, as no field needs them exactly


def read(payload: bytes) -> object:
    """Read one JSON text; ValueError, with a sentence that is safe to show, where it is none.

    NaN, Infinity, a byte order mark, bytes that are not UTF-8 and half surrogate pairs are let
    through, so that they cost the element they stand in and none of its neighbours.
    """
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _forgiving(payload)


def parse(payload: bytes, what: str) -> object:
    """Read one JSON text; DecodeError ("the message is not `what`: ...") where it is none."""
    try:
        return read(payload)
    except ValueError as error:
        message = f"the message is not {what}: {error}"
        raise DecodeError(message) from error


def _forgiving(payload: bytes) -> object:
    try:
        parsed: object = json.loads(payload.decode("utf-8-sig", "replace"), parse_int=_whole)
    except RecursionError:
        message = "nested too deeply"
        raise ValueError(message) from None
    return parsed


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INT64_DIGITS else float(digits)


def convert(element: object, kind: type[T]) -> T:
    """Read a JSON value as a struct; ValueError, with where and what is wrong, if it is none.

    Not strict: some clients send numbers as text.
    """
    try:
        return msgspec.convert(element, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(sentence(error)) from error
