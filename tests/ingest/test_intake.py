import asyncio
import json

import msgspec
import pytest
from memory import Storage

from ingest.allowance import OF_ONE
from ingest.batch import Batcher
from ingest.columns import Delivery
from ingest.decoders import DECODERS, FILES, SOURCES
from ingest.errors import DecodeError, StorageUnavailable, Unstorable
from ingest.intake import Intake
from ingest.message import Broken, Message, Receipt, Rejection, Said
from ingest.sender import Sender

RADIO = Sender("radio-7", 7)
GATEWAY = Sender("gateway", None, {"radio-7": 7, "radio-8": 8})
NOW = 1_772_399_045
NOW_US = NOW * 1_000_000
LWT = b'{"_type":"lwt"}'
STATUS = b"+CTSDSR: 13,%d,0,7654321,0,16\r\n0000\r\n"  # an emergency


def message(
    *pings: dict[str, object], sender: Sender = RADIO, payload: bytes | None = None
) -> Message:
    defaults = {"time": NOW, "lat": 51.5, "lon": -0.12}
    body = json.dumps([defaults | ping for ping in pings]).encode()
    return Message(body if payload is None else payload, "pings", NOW * 1_000_000, sender)


async def test_the_receipt_counts_and_names_what_was_rejected_in_order(
    intake: Intake, storage: Storage
) -> None:
    receipt = await intake.accept(
        message(
            {"time": NOW - 2},
            {"time": NOW + 11_045},
            {"lat": "x"},
            {"time": NOW - 2},
            {"lat": 0, "lon": 0},
            {"lat": float("nan")},
        )
    )
    assert (receipt.accepted, receipt.duplicates) == (1, 1)
    assert [(bad.index, bad.reason) for bad in receipt.rejected] == [
        (1, "future"),
        (2, "malformed"),
        (4, "null_island"),
        (5, "not_finite"),
    ]
    assert "3 h 4 min ahead" in receipt.rejected[0].detail
    assert len(storage.fixes) == 1
    counts = intake.counts
    assert (counts.messages, counts.accepted, counts.duplicates, counts.broken) == (1, 1, 1, 0)
    assert counts.rejected == {"future": 1, "malformed": 1, "null_island": 1, "not_finite": 1}


async def test_the_source_of_a_fix_is_its_wire_format(intake: Intake, storage: Storage) -> None:
    await intake.accept(message({}))
    owntracks = b'{"_type":"location","tst":1772399045,"lat":51.5,"lon":-0.1}'
    await intake.accept(Message(owntracks, "owntracks", NOW * 1_000_000, RADIO))
    assert [SOURCES[batch.source[0]] for batch in storage.batches] == ["pings", "owntracks"]
    assert set(SOURCES) == {*DECODERS, *FILES}


async def test_a_device_speaks_for_itself_named_or_not_and_for_nobody_else(
    intake: Intake, storage: Storage
) -> None:
    receipt = await intake.accept(
        message({"time": NOW - 1}, {"device": "radio-8"}, {"device": "radio-7"})
    )
    assert receipt == Receipt(
        2, 0, [Rejection(1, "unknown_device", "device: 'radio-7' may not send for 'radio-8'")]
    )
    assert {device for device, _ in storage.fixes} == {7}


async def test_a_gateway_speaks_for_its_listed_devices_and_must_name_one(
    intake: Intake, storage: Storage
) -> None:
    receipt = await intake.accept(
        message(
            {"device": "radio-8"},
            {},
            {"device": "gateway"},
            {"device": "radio-9"},
            {"device": "radio-7"},
            sender=GATEWAY,
        )
    )
    assert receipt.accepted == 2
    assert [bad.index for bad in receipt.rejected] == [1, 2, 3]
    assert "names a device in each fix" in receipt.rejected[0].detail
    assert {device for device, _ in storage.fixes} == {7, 8}


async def test_a_message_that_names_nobody_is_about_whom_its_sender_says(
    intake: Intake, storage: Storage
) -> None:
    sender = GATEWAY.about("radio-8")
    receipt = await intake.accept(message({}, {"device": "radio-7"}, sender=sender))
    assert receipt.accepted == 2
    assert {device for device, _ in storage.fixes} == {7, 8}
    receipt = await intake.accept(message({}, sender=GATEWAY.about("radio-9")))
    assert "'gateway' may not send for 'radio-9'" in receipt.rejected[0].detail


async def test_a_device_is_known_by_its_own_addresses_too(intake: Intake, storage: Storage) -> None:
    radio = Sender("radio-7", 7, {"2167005": 7})
    receipt = await intake.accept(message({"device": "2167005"}, sender=radio))
    assert receipt.accepted == 1
    assert {device for device, _ in storage.fixes} == {7}


async def test_a_broken_message_is_set_aside_whole_and_counted(
    intake: Intake, storage: Storage
) -> None:
    with pytest.raises(DecodeError, match="not JSON"):
        await intake.accept(message(payload=b"hello"))
    (broken,) = storage.broken
    assert (broken.payload, broken.format, broken.origin) == (b"hello", "pings", "radio-7")
    assert "not JSON" in broken.reason
    assert (intake.counts.messages, intake.counts.broken) == (1, 1)


async def test_of_a_flood_at_once_no_more_is_kept_than_one_after_the_other(
    storage: Storage,
) -> None:
    asked = []

    async def slow(broken: Broken) -> None:
        asked.append(broken)
        await asyncio.sleep(0)
        await storage.quarantine(broken)

    intake = Intake(_nothing_else, slow, storage.keep)
    broken = Broken(b"{", "pings", NOW_US, "radio-7", "not JSON")
    storage.failures = [StorageUnavailable("gone")] * 3
    outcomes = await asyncio.gather(
        *(intake.set_aside(broken) for _ in range(2000)), return_exceptions=True
    )
    assert len(asked) == OF_ONE
    assert (len(storage.broken), outcomes.count(None)) == (OF_ONE - 3, 2000 - 3)
    given_up = asyncio.create_task(intake.set_aside(broken))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    for _ in range(5):
        await intake.set_aside(broken)  # what was not kept took no room
    assert len(storage.broken) == OF_ONE


async def _nothing_else(delivery: Delivery) -> list[int]:
    raise AssertionError(delivery)


async def test_a_message_that_storage_chokes_on_is_set_aside(
    intake: Intake, storage: Storage
) -> None:
    storage.poison_lat = 13.0
    with pytest.raises(Unstorable):
        await intake.accept(message({"lat": 13.0}))
    assert storage.broken[0].reason.startswith("the message could not be stored")


async def test_nothing_is_counted_or_set_aside_while_storage_is_away(
    intake: Intake, storage: Storage
) -> None:
    storage.failures = [StorageUnavailable("away"), StorageUnavailable("away")]
    with pytest.raises(StorageUnavailable):
        await intake.accept(message({}))
    with pytest.raises(StorageUnavailable):
        await intake.accept(message(payload=b"hello"))
    assert storage.broken == []
    assert intake.counts.messages == 0


async def test_a_message_without_fixes_needs_no_storage(intake: Intake, storage: Storage) -> None:
    assert await intake.accept(message()) == Receipt()
    assert storage.batches == []


async def test_events_with_a_position_and_without_one_are_kept(
    intake: Intake, storage: Storage
) -> None:
    receipt = await intake.accept(message({"event": "power_on"}, {"time": NOW - 1}))
    assert receipt.accepted == 2
    assert await intake.accept(Message(LWT, "owntracks", NOW_US, RADIO)) == Receipt()
    crossing = b'{"_type":"transition","tst":1772399040,"event":"enter","desc":"Yard"}'
    await intake.accept(Message(crossing, "owntracks", NOW_US, RADIO))
    assert storage.said[:2] == [
        Said(7, NOW_US, NOW_US, "power_on", None, "pings"),
        Said(7, NOW_US, NOW_US, "offline", None, "owntracks"),
    ]
    assert (storage.said[2].time_us, storage.said[2].detail) == (NOW_US - 5_000_000, "Yard")
    assert (intake.counts.events, intake.counts.messages, intake.counts.accepted) == (3, 3, 2)


async def test_an_event_is_kept_before_its_fix_and_whatever_becomes_of_that(
    intake: Intake, storage: Storage
) -> None:
    nowhere = message({"lat": 0, "lon": 0, "event": "emergency"})
    assert (await intake.accept(nowhere)).accepted == 0
    storage.poison_lat = 13.0
    with pytest.raises(Unstorable):
        await intake.accept(message({"lat": 13.0, "event": "emergency"}))
    assert [said.kind for said in storage.said] == ["emergency"] * 2


async def test_there_is_no_receipt_for_an_event_that_is_not_kept(
    intake: Intake, storage: Storage
) -> None:
    storage.failures = [StorageUnavailable("away"), StorageUnavailable("away")]
    with pytest.raises(StorageUnavailable):
        await intake.accept(Message(LWT, "owntracks", NOW_US, RADIO))
    with pytest.raises(StorageUnavailable):
        await intake.accept(message({"event": "emergency"}))
    assert (storage.batches, storage.broken) == ([], [])
    assert (intake.counts.messages, intake.counts.events) == (0, 0)
    await intake.accept(message({"event": "emergency"}))
    assert len(storage.said) == intake.counts.events == 1


async def test_there_is_no_receipt_for_an_event_whose_fix_is_not_stored(
    intake: Intake, storage: Storage
) -> None:
    storage.away_lat = 51.5
    with pytest.raises(StorageUnavailable):
        await intake.accept(message({"event": "emergency"}))
    assert len(storage.said) == 1
    assert intake.counts.events == 0  # it comes again


async def test_events_of_devices_that_the_sender_may_not_speak_for_are_refused(
    intake: Intake, storage: Storage
) -> None:
    gateway = Sender("gateway", None, {"2167005": 7})
    body = b"".join(STATUS % issi for issi in (2167006, 2167005, 2167007))
    receipt = await intake.accept(Message(body, "tetra", NOW_US, gateway))
    assert [(bad.index, bad.reason) for bad in receipt.rejected] == [
        (1, "unknown_device"),  # by the lines of the message
        (5, "unknown_device"),
    ]
    assert "may not send for '2167006'" in receipt.rejected[0].detail
    assert storage.said == [Said(7, NOW_US, NOW_US, "emergency", None, "tetra")]
    await intake.accept(message({"device": "radio-8", "event": "emergency"}))
    assert len(storage.said) == 1
    assert intake.counts.rejected == {"unknown_device": 3}


@pytest.mark.parametrize("ahead_s", [-NOW, 301, 10**9])
async def test_an_event_whose_time_cannot_be_true_is_one_of_when_it_came(
    intake: Intake, storage: Storage, ahead_s: int
) -> None:
    await intake.accept(message({"time": NOW + ahead_s, "event": "emergency"}))
    await intake.accept(message({"time": NOW + 300, "event": "emergency"}))
    times = [said.time_us for said in storage.said]
    assert times == [NOW_US, NOW_US + 300_000_000]


async def test_what_nobody_would_hear_of_is_set_aside_beside_what_is_stored(
    intake: Intake, storage: Storage
) -> None:
    sent = message({"device": "x"}, {"time": NOW - 1}, {"device": "y"})
    assert intake.begin(sent) is None
    storage.failures = [StorageUnavailable("away")]
    with pytest.raises(StorageUnavailable):
        await intake.accept(sent)
    receipt = await intake.accept(sent)
    assert (receipt.accepted, len(receipt.rejected)) == (1, 2)
    (broken,) = storage.broken
    assert broken.payload == sent.payload
    assert broken.reason == "not taken: device: 'radio-7' may not send for 'x' (and 1 more)"
    counts = intake.counts
    assert (counts.messages, counts.broken, counts.accepted) == (1, 0, 1)
    assert counts.rejected == {"unknown_device": 2}
    told = msgspec.structs.replace(sent, told=True)
    assert (await intake.accept(told)).duplicates == 1
    assert len(storage.broken) == 1


async def test_where_positions_are_left_out_no_copy_is_set_aside_of_what_is_good_as_well(
    batcher: Batcher, storage: Storage
) -> None:
    intake = Intake(batcher.submit, storage.quarantine, storage.keep, sparing=True)
    await intake.accept(message({"device": "x"}, {"time": NOW - 1}))
    (broken,) = storage.broken
    assert (broken.payload, broken.origin) == (b"", "radio-7")
    assert "may not send for 'x'" in broken.reason
