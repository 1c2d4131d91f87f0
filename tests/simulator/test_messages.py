"""What goes on the wire carries every fix, and arrives as unruly as in life."""

import json
from collections import Counter
from datetime import date, datetime

import numpy as np
import pytest

from ingest.decoders import DECODERS
from simulator import Scenario, make
from simulator.devices import Recording
from simulator.messages import UPLOAD_FIXES, Message

SCENARIO = make(11, date(2026, 3, 6))


def fixes(message: Message) -> list[dict[str, object]]:
    text = message.body.decode()
    if message.device.startswith("handheld"):
        return [json.loads(line) for line in text.splitlines()]
    body = json.loads(text)
    return list(body.get("fixes", [body]))


def of(recording: Recording, scenario: Scenario = SCENARIO) -> list[Message]:
    name = recording.device.name
    return [message for message in scenario.messages if message.device == name]


def seconds(fix: dict[str, object]) -> float:
    """When a fix was made, in seconds since the shift began."""
    if "tst" in fix:
        return float(str(fix["tst"])) - SCENARIO.start.timestamp()
    return (datetime.fromisoformat(str(fix["time"])) - SCENARIO.start).total_seconds()


@pytest.mark.parametrize("recording", SCENARIO.recordings, ids=lambda made: made.device.name)
def test_the_messages_decode_to_every_fix_as_exactly_as_their_format_has_it(
    recording: Recording,
) -> None:
    sent = {seconds(fix): fix for message in of(recording) for fix in fixes(message)}
    ordered = [sent[moment] for moment in sorted(sent)]
    step_s = 1.0 if recording.device.format == "owntracks" else 0.001
    accuracy = "acc" if recording.device.format == "owntracks" else "accuracy_m"
    assert np.array(sorted(sent)) == pytest.approx(recording.t_s, abs=step_s)
    assert [fix["lat"] for fix in ordered] == pytest.approx(recording.lat, abs=1e-6)
    assert [fix["lon"] for fix in ordered] == pytest.approx(recording.lon, abs=1e-6)
    if recording.device.gives_accuracy:
        assert [fix[accuracy] for fix in ordered] == pytest.approx(recording.accuracy_m, abs=0.51)
    else:
        assert all("accuracy_m" not in fix for fix in ordered)


@pytest.mark.parametrize("recording", SCENARIO.recordings, ids=lambda made: made.device.name)
def test_no_fix_is_sent_before_it_is_made(recording: Recording) -> None:
    assert all(seconds(fix) <= message.at_s for message in of(recording) for fix in fixes(message))


def test_messages_go_out_in_order_of_time_and_to_the_address_of_their_format() -> None:
    at_s = [message.at_s for message in SCENARIO.messages]
    assert at_s == sorted(at_s)
    assert {message.target for message in SCENARIO.messages if message.transport == "http"} == {
        "/ingest/pings",
        "/ingest/owntracks",
    }
    assert {m.target for m in SCENARIO.messages if m.device in ("radio-1", "phone-1")} == {
        "beatkeeper/up/radio-1/pings",
        "owntracks/phone-1/app",
    }


def test_some_messages_are_sent_twice() -> None:
    sent = Counter((message.device, message.body) for message in SCENARIO.messages)
    twice = {device for (device, _), times in sent.items() if times > 1}
    assert {"radio", "phone"} <= {device.split("-")[0] for device in twice}


@pytest.mark.parametrize("kind", ["radio", "phone"])
def test_some_fixes_come_late_and_after_newer_ones(kind: str) -> None:
    late = overtaken = 0
    for recording in SCENARIO.recordings:
        newest = -np.inf
        for message in of(recording) if recording.device.kind == kind else []:
            moments = [seconds(fix) for fix in fixes(message)]
            late += message.at_s - min(moments) > 300
            overtaken += min(moments) < newest
            newest = max(newest, *moments)
    assert late >= 3
    assert overtaken >= 3


def test_radios_send_what_they_stored_as_one_batch() -> None:
    batches = [fixes(m) for m in SCENARIO.messages if m.device.startswith("radio")]
    assert max(map(len, batches)) >= 8


def test_handhelds_upload_their_file_in_parts_after_the_shift() -> None:
    uploads = [m for m in SCENARIO.messages if m.device.startswith("handheld")]
    assert min(message.at_s for message in uploads) > 8 * 3600
    assert max(len(fixes(message)) for message in uploads) == UPLOAD_FIXES


def test_an_owntracks_message_is_as_the_app_writes_it() -> None:
    message = next(m for m in SCENARIO.messages if m.device == "phone-2")
    body = json.loads(message.body)
    assert body["_type"] == "location"
    assert body["topic"] == "owntracks/phone-2/app"
    assert len(body["tid"]) == 2
    assert all(type(body[name]) is int for name in ("tst", "acc", "vel", "cog"))


def test_the_services_own_decoders_read_every_message_whole() -> None:
    for message in SCENARIO.messages:
        decoded = DECODERS[message.format](message.body, 0)
        assert decoded.rejected == []
        assert len(decoded.fixes) == len(fixes(message))
