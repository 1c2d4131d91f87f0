from pathlib import Path

import campaign
import pytest
from campaign import Share
from judging import LIMIT_S, RECEIVED_US, Fault, judge
from seeds import seeds

from ingest.decoders import DECODERS
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decode, Decoded, Rejection

INPUTS = 3_000


@pytest.mark.parametrize("format_", DECODERS)
def test_no_spoilt_message_makes_a_decoder_break_a_promise(format_: str) -> None:
    share = Share(format_, seed=1, first=0, count=INPUTS)
    for _ in campaign.run(share):
        pass
    assert share.faults == []
    assert share.tried == INPUTS
    assert share.refused < INPUTS * 0.9, "most inputs do not get past the first check"
    assert share.fixes > INPUTS * 0.02


@pytest.mark.parametrize("format_", DECODERS)
def test_a_message_is_the_same_whenever_its_seed_and_number_are(format_: str) -> None:
    numbers = range(200)
    first = [campaign.message(format_, 5, number) for number in numbers]
    assert first == [campaign.message(format_, 5, number) for number in numbers]
    assert first != [campaign.message(format_, 6, number) for number in numbers]


def fixed(time_us: int = RECEIVED_US, **said: object) -> Decoded:
    return Decoded([Fix(time_us, 51.5, 0.1, **said)], [0])  # type: ignore[arg-type] # faulty ones


def refuses(payload: bytes, received_us: int) -> Decoded:
    raise DecodeError(payload.decode())


def runs_on(payload: bytes, received_us: int) -> Decoded:
    while True:
        pass


def test_what_a_decoder_may_answer_is_no_fault() -> None:
    assert judge(lambda *_: fixed(event="emergency"), b"") == fixed(event="emergency")
    assert judge(refuses, b"broken") is None


@pytest.mark.parametrize(
    ("decode", "fault"),
    [
        (runs_on, f"more than {LIMIT_S} s"),
        (lambda *_: fixed(2**62), "in no year"),
        (lambda *_: fixed(accuracy_m="5"), "accuracy_m"),
        (lambda *_: fixed(device="a\0"), "device"),
        (lambda *_: fixed(event="x" * 65), "event"),
        (lambda *_: Decoded([], [0]), "0 fixes at 1 places"),
        (lambda *_: Decoded([], [], [], [Event(2**62, "online")], [0]), "in no year"),
        (lambda *_: Decoded([], [], [Rejection(0, "malformed", "x" * 301)]), "301 characters"),
        (lambda *_: refuses(b"", 0), "0 characters"),
    ],
)
def test_a_promise_that_is_broken_is_a_fault(decode: Decode, fault: str) -> None:
    with pytest.raises(Fault, match=fault):
        judge(decode, b"")


def test_an_input_that_shows_a_fault_is_kept_with_the_command_to_repeat_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(payload: bytes, received_us: int) -> Decoded:
        if payload not in seeds("lip"):
            raise KeyError(payload[:1])
        return Decoded()

    monkeypatch.setitem(DECODERS, "lip", breaks)
    (share,) = campaign.campaign([Share("lip", 1, 0, 1_000)], 1, tmp_path)
    (fault,) = share.faults
    (file,) = tmp_path.iterdir()
    assert "KeyError" in fault
    assert f"--only lip --seed 1 --first {share.tried} --inputs 1" in fault
    assert file.read_bytes() == campaign.message("lip", 1, share.tried)


def test_an_input_that_ends_the_process_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(payload: bytes, received_us: int) -> Decoded:
        if payload == campaign.message("lip", 1, 7):
            raise SystemExit(3)
        return Decoded()

    monkeypatch.setitem(DECODERS, "lip", dies)
    (share,) = campaign.campaign([Share("lip", 1, 5, 10)], 1, tmp_path)
    assert "lip 7: ended the process (3)" in share.faults[0]
    assert (tmp_path / "lip-1-7").exists()
