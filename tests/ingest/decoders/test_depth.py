"""What is nested, repeated or escaped without end is refused by decoders, and at little cost."""

import time
from contextlib import suppress

import pytest

from ingest import reading
from ingest.decoders import DECODERS
from ingest.errors import DecodeError
from ingest.message import Message
from ingest.sender import Sender

LONG = 1 << 18
SPENT_S = 1.0
BODIES = {
    "arrays": b"[" * LONG,
    "objects": b'{"a":' * (LONG // 5),
    "arrays in a part": b'{"fixes":' + b"[" * LONG,
    "closed arrays": b"[" * (LONG // 2) + b"]" * (LONG // 2),
    "empty objects": b"[" + b"{}," * (LONG // 3) + b"{}]",
    "numbers": b"[" + b"1," * (LONG // 2) + b"1]",
    "escapes": b'{"device":"' + b"\\u0041" * (LONG // 6) + b'"}',
    "elements": b"<a>" * (LONG // 3),
    "elements in a part": b'<event version="2.0">' + b"<detail>" * (LONG // 8),
    "closed elements": b"<a>" * (LONG // 7) + b"</a>" * (LONG // 7),
    "attributes": b"<event " + b" ".join(b'a%d="1"' % one for one in range(LONG // 12)) + b"/>",
    "comments": b"<event>" + b"<!---->" * (LONG // 7) + b"</event>",
    "sentences": b"$GPRMC," * (LONG // 7),
}


@pytest.mark.parametrize("format_", DECODERS)
def test_nothing_without_end_costs_more_than_a_refusal(format_: str) -> None:
    sender = Sender("radio-1", 1)
    for name, body in BODIES.items():
        began = time.process_time()
        with suppress(DecodeError):
            reading.decode(Message(body, format_, 1_700_000_000_000_000, sender))
        assert time.process_time() - began < SPENT_S, name
