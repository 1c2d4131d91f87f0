"""Cursor on Target, as ATAK and other TAK clients send it: XML events, one or several in a row.

`<event uid type time how><point lat lon hae ce/><detail><track speed course/>...</detail></event>`
(MITRE's Event.xsd): UTC, degrees, metres (`ce` one sigma, `hae` above the ellipsoid), m/s.
9999999 is unknown. Of all that is said this way only two kinds tell where somebody is: positions
of friends (type `a-f-...`), and alarms (`b-a-...`), which name who raised them in a link.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ingest.decoders import fields, stamp
from ingest.decoders.elements import each
from ingest.decoders.staleness import stale
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded

_UNKNOWN: Final = 9_999_999.0
_BEGIN: Final = re.compile(rb"<event[\s/>]")
_END: Final = b"</event>"


def decode(payload: bytes, received_us: int) -> Decoded:  # noqa: ARG001 (every event has its time)
    """Read each event; markers, chats, pings and cancelled alarms are nothing.

    Raises DecodeError where there is no event in the message.
    """
    if _BEGIN.search(payload) is None:
        message = "the message is not Cursor on Target: there is no <event> in it"
        raise DecodeError(message)
    return each(_documents(payload), _fix)


def _documents(payload: bytes) -> Iterator[bytes]:
    """Cut a message where events begin and end, so that one that is not XML costs no other."""
    begins = [found.start() for found in _BEGIN.finditer(payload)]
    for begin, following in pairwise([*begins, len(payload)]):
        end = payload.find(_END, begin, following)
        yield payload[begin : following if end < 0 else end + len(_END)]


def _fix(document: bytes) -> Fix | None:
    event = _parsed(document)
    kind = event.get("type", "")
    is_alarm = kind.startswith("b-a-")
    if not is_alarm and not kind.startswith("a-f-"):
        return None
    detail = event.find("detail")
    if is_alarm and _is_cancelled(kind, detail):
        return None
    point = event.find("point")
    if point is None:
        message = "point: missing"
        raise ValueError(message)
    track = None if detail is None else detail.find("track")
    status = None if detail is None else detail.find("status")
    return Fix(
        time_us=stamp.read(event.get("time")),
        lat=fields.coordinate(point.attrib, "lat"),
        lon=fields.coordinate(point.attrib, "lon"),
        accuracy_m=_accuracy(point, event.get("how", "")),
        speed_mps=_known(track, "speed"),
        heading_deg=_known(track, "course"),
        altitude_m=_below_unknown(fields.number(point.attrib, "hae")),
        battery_pct=_known(status, "battery"),
        device=(_raised_by(detail) if is_alarm else None) or event.get("uid"),
        event="emergency" if is_alarm else None,
    )


def _parsed(document: bytes) -> Element:
    try:
        event: Element = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        message = f"the event is not XML: {error}"
        raise ValueError(message) from error
    return event


def _is_cancelled(kind: str, detail: Element | None) -> bool:
    emergency = None if detail is None else detail.find("emergency")
    return kind == "b-a-o-can" or (emergency is not None and emergency.get("cancel") == "true")


def _raised_by(detail: Element | None) -> str | None:
    """Give the uid of whoever raised an alarm, whose own uid is made up for it."""
    link = None if detail is None else detail.find("link")
    return None if link is None else link.get("uid")


def _accuracy(point: Element, how: str) -> float | None:
    accuracy = _below_unknown(fields.positive(point.attrib, "ce"))
    # `h-...`: a person entered it. Nobody measured it, however exact it claims to be.
    return stale(accuracy) if how.startswith("h") else accuracy


def _known(element: Element | None, name: str) -> float | None:
    return None if element is None else _below_unknown(fields.unsigned(element.attrib, name))


def _below_unknown(value: float | None) -> float | None:
    return value if value is not None and value < _UNKNOWN else None
