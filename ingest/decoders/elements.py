"""From the elements of one message to what was decoded: a bad one costs none of its neighbours."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec

from ingest.decoders.gathering import Gathering
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded

E = TypeVar("E")

WORD: Final = 64
"""As many characters of an event's name are kept."""

_DETAIL: Final = 500  # characters of what more there is to say


def each(elements: Iterable[E], read: Callable[[E], Fix | Event | None]) -> Decoded:
    """Read each element: as a fix, an event or nothing (None); one with a ValueError is malformed.

    Raises DecodeError where more than `gathering.MAX_REJECTED` are malformed.
    """
    gathering = Gathering()
    for index, element in enumerate(elements):
        try:
            gathering.take(index, _storable(read(element)))
        except ValueError as error:
            gathering.reject(index, error)
    return gathering.gathered()


def lone(element: E, read: Callable[[E], Fix | Event | None]) -> Decoded:
    """Read a message that is one element. Raises DecodeError where it is malformed."""
    decoded = each([element], read)
    if decoded.rejected:
        raise DecodeError(decoded.rejected[0].detail)
    return decoded


def each_or_lone(whole: object, read: Callable[[object], Fix | Event | None]) -> Decoded:
    """Read a message that is a list of elements, or one that stands by itself."""
    return each(whole, read) if isinstance(whole, list) else lone(whole, read)


def _storable(said: Fix | Event | None) -> Fix | Event | None:
    """Check and shorten the texts: no database takes half a surrogate pair, PostgreSQL no NUL."""
    if isinstance(said, Fix):
        if said.device is not None:
            check_text(said.device)
        if said.event is not None:
            check_text(said.event)
            if len(said.event) > WORD:
                return msgspec.structs.replace(said, event=said.event[:WORD])
    elif said is not None:
        check_text(said.kind + (said.device or "") + (said.detail or ""))
        kind, detail = said.kind[:WORD], said.detail and said.detail[:_DETAIL]
        return msgspec.structs.replace(said, kind=kind, detail=detail)
    return said


def check_text(text: str) -> None:
    """Raise ValueError for a text that could not be kept."""
    try:
        text.encode()
    except UnicodeEncodeError:
        message = "a text in it is not Unicode"
        raise ValueError(message) from None
    if "\0" in text:
        message = "a text in it holds a NUL character"
        raise ValueError(message)
