"""What every decoder promises, whatever comes: checked on one message, up to its storing."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from ingest import moment, screen
from ingest.columns import Columns, Delivery
from ingest.decoders.gathering import MAX_REJECTED
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.intake import addressed
from ingest.message import Decode, Decoded, Message
from ingest.sender import Sender

LIMIT_S: Final = 2.0
"""Of processor time, for one message of any size that the service takes: twice what any took."""

RECEIVED_US: Final = 1_772_399_045_000_000
_SENDER: Final = Sender("radio-7", 7)
_SENTENCE: Final = 300  # characters that a reason has at most
_DETAIL: Final = 500
_WORD: Final = 64
_PLACE: Final = ("lat", "lon")
_SIDE: Final = ("accuracy_m", "speed_mps", "heading_deg", "altitude_m", "battery_pct")


class Fault(Exception):
    """A promise that was not kept, in one sentence."""


class TooSlow(BaseException):
    """Raised in the midst of a decoder, and so that no `except` of its own catches it."""


def judge(decode: Decode, payload: bytes) -> Decoded | None:
    """Decode a message; None if it is refused, as it may be. Raises Fault, or what escapes."""
    try:
        with _in_time():
            decoded = decode(payload, RECEIVED_US)
    except DecodeError as error:
        _check_sentence(str(error))
        return None
    except TooSlow:
        message = f"took more than {LIMIT_S} s of processor time"
        raise Fault(message) from None
    _check_shape(decoded)
    for fix in decoded.fixes:
        _check_fix(fix)
    for event in decoded.events:
        _check_event(event)
    for rejection in decoded.rejected:
        _check_sentence(rejection.detail)
    _check_taken_in(decoded)
    return decoded


@contextmanager
def _in_time() -> Iterator[None]:
    def late(signum: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _check_taken_in(decoded: Decoded) -> None:
    """See what comes after the decoder through: whose a fix is, columns, screening, its reason."""
    addressed(Message(b"", "pings", RECEIVED_US, _SENDER), decoded)
    if not decoded.fixes:
        return
    devices = [1] * len(decoded.fixes)
    columns = Columns.of([Delivery(decoded.fixes, devices, RECEIVED_US, 0)])
    for fix, code in zip(decoded.fixes, screen.screen(columns).tolist(), strict=True):
        if code > screen.Verdict.DUPLICATE:
            _check_sentence(
                screen.explain(
                    screen.Verdict(code),
                    time_us=fix.time_us,
                    received_us=RECEIVED_US,
                    lat=fix.lat,
                    lon=fix.lon,
                )
            )


def _check_shape(decoded: Decoded) -> None:
    if len(decoded.fixes) != len(decoded.indexes):
        message = f"{len(decoded.fixes)} fixes at {len(decoded.indexes)} places"
        raise Fault(message)
    if len(decoded.events) != len(decoded.event_indexes):
        message = f"{len(decoded.events)} events at {len(decoded.event_indexes)} places"
        raise Fault(message)
    if len(decoded.rejected) > MAX_REJECTED:
        message = f"{len(decoded.rejected)} rejections"
        raise Fault(message)


def _check_fix(fix: Fix) -> None:
    """A coordinate may be NaN or out of range: screening rejects it, and says so."""
    _check_time(fix.time_us)
    for name in (*_PLACE, *_SIDE):
        value: object = getattr(fix, name)
        if not isinstance(value, float) and (value is not None or name in _PLACE):
            message = f"{name}: {value!r:.50}"
            raise Fault(message)
    _check_text("device", fix.device)
    _check_text("event", fix.event, _WORD)


def _check_event(event: Event) -> None:
    _check_time(event.time_us)
    _check_text("kind", event.kind, _WORD)
    _check_text("device", event.device)
    _check_text("detail", event.detail, _DETAIL)


def _check_time(time_us: int) -> None:
    try:
        moment.as_text(time_us)
    except OverflowError as error:
        message = f"time: {time_us} is in no year from 1 to 9999"
        raise Fault(message) from error


def _check_text(name: str, text: str | None, longest: int = 1 << 20) -> None:
    if text is not None:
        text.encode()
        if "\0" in text or len(text) > longest:
            message = f"{name}: {text!r:.80}"
            raise Fault(message)


def _check_sentence(text: str) -> None:
    text.encode()  # so that it can be answered
    if not text or len(text) > _SENTENCE:
        message = f"its reason has {len(text)} characters: {text:.80}"
        raise Fault(message)
