"""From the elements of one message to what was decoded: a bad one costs none of its neighbours."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec

from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded, Rejection

E = TypeVar("E")

MAX_REJECTED: Final = 50_000
"""Of one message; one with more broken elements than that is no message of its format at all."""

_WORD: Final = 64  # characters of an event's name
_DETAIL: Final = 500  # and of what more there is to say


def each(elements: Iterable[E], read: Callable[[E], Fix | Event | None]) -> Decoded:
    """Read each element: as a fix, an event or nothing (None); one with a ValueError is malformed.

    Raises DecodeError where more than MAX_REJECTED are malformed.
    """
    fixes: list[Fix] = []
    indexes: list[int] = []
    events: list[Event] = []
    event_indexes: list[int] = []
    rejected: list[Rejection] = []
    for index, element in enumerate(elements):
        try:
            said = _storable(read(element))
        except ValueError as error:
            rejected.append(Rejection(index, "malformed", str(error)))
            if len(rejected) > MAX_REJECTED:
                message = f"more than {MAX_REJECTED} elements are malformed: {error}"
                raise DecodeError(message) from error
            continue
        if isinstance(said, Fix):
            fixes.append(said)
            indexes.append(index)
        elif said is not None:
            events.append(said)
            event_indexes.append(index)
    return Decoded(fixes, indexes, rejected, tuple(events), tuple(event_indexes))


def lone(element: E, read: Callable[[E], Fix | Event | None]) -> Decoded:
    """Read a message that is one element. Raises DecodeError where it is malformed."""
    decoded = each([element], read)
    if decoded.rejected:
        raise DecodeError(decoded.rejected[0].detail)
    return decoded


def _storable(said: Fix | Event | None) -> Fix | Event | None:
    """Check and shorten the texts: no database takes half a surrogate pair, PostgreSQL no NUL."""
    if isinstance(said, Fix):
        if said.device is not None:
            _sound(said.device)
        if said.event is not None:
            _sound(said.event)
            if len(said.event) > _WORD:
                return msgspec.structs.replace(said, event=said.event[:_WORD])
    elif said is not None:
        _sound(said.kind + (said.device or "") + (said.detail or ""))
        kind, detail = said.kind[:_WORD], said.detail and said.detail[:_DETAIL]
        return msgspec.structs.replace(said, kind=kind, detail=detail)
    return said


def _sound(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        message = "a text in it is not Unicode"
        raise ValueError(message) from None
    if "\0" in text:
        message = "a text in it holds a NUL character"
        raise ValueError(message)
