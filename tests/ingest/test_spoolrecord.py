from io import BytesIO

import pytest

from ingest import spoolrecord
from ingest.message import Message
from ingest.sender import Sender

MARK = b"\x9ethemark"
GATEWAY = Sender(
    "gateway", None, {"radio-7": 7, "2167005": 8}, {"lost-1": 9}, "radio-7", "passphrase", 0.44704
)
MESSAGES = [
    Message(b"first", "pings", 1_772_399_045_000_001, Sender("radio-7", 7)),
    Message(b"", "osmand", 1_772_399_045_000_002, GATEWAY),
    Message(bytes(range(64)), "lrrp", 1_772_399_045_000_003, Sender("r\u00e4dio", 2**40)),
]
RECORDS = [spoolrecord.pack(message, MARK) for message in MESSAGES]
FILE = b"".join(RECORDS)


def test_what_is_packed_is_read_again() -> None:
    contents = spoolrecord.unpack(FILE, MARK)
    assert contents.messages == MESSAGES
    assert not contents.damaged
    assert spoolrecord.unpack(b"", MARK) == spoolrecord.Contents()


def test_records_are_counted_without_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for piece in (1, 7, 8, 9, 50, 1 << 20):
        monkeypatch.setattr(spoolrecord, "_PIECE_BYTES", piece)
        assert spoolrecord.begun(BytesIO(FILE * 3), MARK) == 9
        assert spoolrecord.begun(BytesIO(FILE), b"another!") == 0


def test_a_file_cut_off_anywhere_has_all_that_was_whole_and_is_not_damaged() -> None:
    ends = [0, len(RECORDS[0]), len(RECORDS[0] + RECORDS[1]), len(FILE)]
    for length in range(len(FILE) + 1):
        contents = spoolrecord.unpack(FILE[:length], MARK)
        assert contents.messages == MESSAGES[: sum(end <= length for end in ends) - 1]
        assert not contents.damaged


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_a_changed_byte_costs_its_own_message_alone_and_is_seen(mask: int) -> None:
    for at in range(len(FILE)):
        changed = bytearray(FILE)
        changed[at] ^= mask
        struck = (at >= len(RECORDS[0])) + (at >= len(RECORDS[0] + RECORDS[1]))
        contents = spoolrecord.unpack(bytes(changed), MARK)
        assert contents.messages == MESSAGES[:struck] + MESSAGES[struck + 1 :]
        assert contents.damaged


def test_bytes_that_are_missing_or_too_many_in_the_middle_are_seen() -> None:
    for at in range(len(RECORDS[0]), len(RECORDS[0] + RECORDS[1])):
        for damaged in (FILE[:at] + FILE[at + 1 :], FILE[:at] + b"?" + FILE[at:]):
            contents = spoolrecord.unpack(damaged, MARK)
            assert contents.damaged
            assert {MESSAGES[0].payload, MESSAGES[2].payload} <= {
                message.payload for message in contents.messages
            }


def test_zeros_that_a_power_cut_left_at_the_end_are_kept_for_a_look() -> None:
    contents = spoolrecord.unpack(FILE + bytes(4096), MARK)
    assert contents.messages == MESSAGES
    assert contents.damaged


def test_a_record_that_a_sender_made_up_inside_a_payload_is_never_found() -> None:
    forged = spoolrecord.pack(MESSAGES[0], b"guessed!")
    torn = spoolrecord.pack(Message(forged, "pings", 1, Sender("mallory", 6)), MARK)[:-1]
    contents = spoolrecord.unpack(torn, MARK)
    assert contents == spoolrecord.Contents()
