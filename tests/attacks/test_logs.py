"""Where somebody was stands in no log line, in whatever format it came, sound or spoilt."""

import logging
import re

import pytest
from attacking import Attacked

from ingest.doors import DOORS
from ingest.examples import EXAMPLES

# Of a latitude or longitude, in degrees with decimals or as NMEA and TAIP write them.
POSITION = re.compile(r"(?<![\d.:])-?\d{1,3}\.\d{3,}|\d{5,}\.\d+|[+-]\d{7,8}")
NUMBER = re.compile(rb"\d{2,}\.\d{3,}|\d{4,5}\.\d+")


@pytest.mark.parametrize("format_", [door.format for door in DOORS])
def test_no_log_line_holds_a_position(
    service: Attacked, format_: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ingest")
    caplog.set_level(logging.DEBUG, "app")
    url, shown = f"http://testserver/ingest/{format_}", service.shown["device"]
    sound = EXAMPLES[format_].text.encode()
    for body in (
        sound,
        sound[: len(sound) // 2],
        sound[:-3] + b"\x00}",
        NUMBER.sub(b"991.2345678", sound),
    ):
        service.client.post(url, data=body, headers=shown)
    ours = [one for one in caplog.records if one.name.startswith(("app", "ingest"))]
    text = "\n".join(one.getMessage() for one in ours)
    assert not POSITION.search(text), text
    for number in NUMBER.findall(sound):
        assert number.decode() not in text
