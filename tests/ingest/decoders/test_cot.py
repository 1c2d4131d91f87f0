import pytest

from ingest.decoders import cot
from ingest.decoders.staleness import STALE_ACCURACY_M
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded

NOW = 1_772_399_045_000_000
FIX = Fix(NOW, 51.5, -0.12, device="ANDROID-1")


def event(
    *,
    kind: str = "a-f-G-U-C",
    uid: str = "ANDROID-1",
    how: str = "m-g",
    point: str = "",
    time: str = "2026-03-01T21:04:05.000Z",
    detail: str = "",
) -> bytes:
    place = point or '<point lat="51.5" lon="-0.12" hae="9999999.0" ce="9999999.0" le="9999999.0"/>'
    return (
        f'<event version="2.0" uid="{uid}" type="{kind}" how="{how}" time="{time}" start="{time}"'
        f' stale="{time}">{place}<detail>{detail}</detail></event>'
    ).encode()


def decode(payload: bytes) -> Decoded:
    return cot.decode(payload, NOW)


def test_a_position_of_a_friend_with_everything_unknown_has_nothing_made_up() -> None:
    assert decode(event()) == Decoded([FIX], [0], [])


def test_every_field_arrives_in_its_own_place_and_unit() -> None:
    payload = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + event(
        point='<point lat="51.5" lon="-0.12" hae="35.5" ce="6.2" le="9999999.0"/>',
        detail='<contact callsign="K1"/><status battery="80"/><track speed="1.5" course="270"/>',
    )
    (fix,) = decode(payload).fixes
    assert fix == Fix(NOW, 51.5, -0.12, 6.2, 1.5, 270.0, 35.5, 80.0, "ANDROID-1")


@pytest.mark.parametrize("between", [b"", b"\n", b'\n<?xml version="1.0"?>\n', b"\0", b"</events>"])
def test_several_events_in_a_row_are_read(between: bytes) -> None:
    assert decode(event() + between + event()) == Decoded([FIX, FIX], [0, 1], [])


def test_events_inside_a_root_are_read() -> None:
    assert len(decode(b"<events>" + event() + event() + b"</events>").fixes) == 2


@pytest.mark.parametrize("kind", ["b-m-p-s-p-i", "b-t-f", "t-x-c-t", "a-h-G", "u-d-r", "m-t-t", ""])
def test_markers_chats_and_pings_are_no_positions(kind: str) -> None:
    assert decode(event(kind=kind, point='<point lat="0" lon="0"/>')) == Decoded([], [], [])


def test_an_alarm_belongs_to_who_raised_it_and_a_cancelled_one_is_none() -> None:
    link = '<link uid="ANDROID-1" type="a-f-G-U-C" relation="p-p"/>'
    raised = event(kind="b-a-o-tbl", uid="ANDROID-1-9-1-1", detail=link)
    (fix,) = decode(raised).fixes
    assert (fix.device, fix.event) == ("ANDROID-1", "emergency")
    assert decode(event(kind="b-a-o-tbl", uid="X")).fixes[0].device == "X"
    cancelled = event(kind="b-a-o-can", detail=link)
    assert decode(cancelled) == Decoded([], [], [])
    cancelled = event(kind="b-a-o-tbl", detail=link + '<emergency cancel="true"/>')
    assert decode(cancelled) == Decoded([], [], [])


def test_a_position_that_a_person_entered_is_never_counted() -> None:
    (fix,) = decode(event(how="h-g-i-g-o")).fixes
    assert fix.accuracy_m == STALE_ACCURACY_M


@pytest.mark.parametrize(
    ("bad", "detail"),
    [
        (b"<event></event>x</event>", None),
        (b"<event type='a-f'><point lat='1'", "not XML"),
        (b"<event type='a-f'><point></event>", "not XML"),
        (b"<event type='a-f-G'>&lol;</event>", "not XML"),
        (b"<event type='a-f-G' time='2026-03-01T21:04:05Z'></event>", "point: missing"),
        (event(time="soon"), "time: 'soon'"),
        (event(time=""), "time: "),
        (event(point='<point lat="x" lon="1"/>'), "lat: expected a number"),
        (event(point='<point lon="1"/>'), "lat: missing"),
    ],
)
def test_a_bad_event_costs_only_itself(bad: bytes, detail: str | None) -> None:
    decoded = decode(event() + bad + event())
    assert (decoded.fixes, decoded.indexes) == ([FIX, FIX], [0, 2])
    assert [r.index for r in decoded.rejected] == ([] if detail is None else [1])
    assert detail is None or detail in decoded.rejected[0].detail


def test_an_event_cut_short_is_rejected_and_the_one_before_it_kept() -> None:
    decoded = decode(event() + event()[:-30])
    assert (decoded.indexes, [r.index for r in decoded.rejected]) == ([0], [1])


def test_entities_are_never_expanded() -> None:
    bomb = b'<!DOCTYPE e [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    body = event(uid="&b;")
    assert [r.index for r in decode(bomb + body).rejected] == [0]


@pytest.mark.parametrize("payload", [b"", b"hello", b"<point/>", b"\xff\xfe"])
def test_a_message_without_events_is_broken(payload: bytes) -> None:
    with pytest.raises(DecodeError, match="no <event>"):
        decode(payload)
