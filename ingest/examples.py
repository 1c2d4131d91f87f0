"""One message of each wire format as its senders write it; /docs shows them, and a test posts them.

Phones call themselves phone-03 where they say who they are, radios 2167005.
"""

import json
from dataclasses import dataclass
from typing import Final

from ingest.doors import JSON

FORM: Final = "application/x-www-form-urlencoded"
TEXT: Final = "text/plain"
OCTETS: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Example:
    """A format in a few words, and a message of it. `also`: other media types it may come in."""

    summary: str
    description: str
    text: str
    media_type: str = TEXT
    also: tuple[str, ...] = ()

    @property
    def value(self) -> object:
        """Give the message as a document shows it: what is JSON as JSON."""
        return json.loads(self.text) if self.media_type.endswith("json") else self.text


_RADIO: Final = (
    "Raw octets, or lines in hex, with the radio's id before them where a frame has none."
)

EXAMPLES: Final[dict[str, Example]] = {
    "pings": Example(
        "Send fixes",
        'One fix, a list, `{"fixes": [...]}` or NDJSON. A bad fix is rejected with its position'
        " and costs no other.",
        '{"time": "2026-03-01T21:04:05Z", "lat": 51.5072, "lon": -0.1276,'
        ' "accuracy_m": 6, "speed_mps": 1.3}',
        JSON,
        ("application/x-ndjson",),
    ),
    "owntracks": Example(
        "For the OwnTracks apps in HTTP mode",
        "One message; the answer is an empty list, as the apps expect. Who sends is told by the"
        " key alone, not by what the message, `u` and `d`, or X-Limit-U says. An encrypted message"
        " is opened with the device's `owntracks_secret`.",
        '{"_type": "location", "tst": 1772399045, "lat": 51.5072, "lon": -0.1276,'
        ' "acc": 6, "vel": 5, "batt": 67, "tid": "03"}',
        JSON,
    ),
    "osmand": Example(
        "For OsmAnd, and scripts that speak its protocol",
        "Parameters, or JSON as Traccar Client sends it. Speeds among parameters are in knots, as"
        " Traccar reads them, or in the device's `speed_unit`; in JSON of Traccar Client 9 in m/s.",
        "id=phone-03&timestamp=1772399045&lat=51.5072&lon=-0.1276&speed=2.5&bearing=54.7"
        "&accuracy=6&batt=67",
        FORM,
        (JSON,),
    ),
    "traccar": Example(
        "For Traccar Client, all generations",
        "The same as `/ingest/osmand`.",
        '{"device_id": "phone-03", "location": {"timestamp": "2026-03-01T21:04:05.000Z",'
        ' "coords": {"latitude": 51.5072, "longitude": -0.1276, "accuracy": 6, "speed": 1.3,'
        ' "heading": -1}, "battery": {"level": 0.67, "is_charging": false}}}',
        JSON,
        (FORM,),
    ),
    "overland": Example(
        "For Overland",
        'A batch. The answer is `{"result":"ok"}` also where some of its points are bad: for any'
        " other the app would send all of them again, for ever. Its OwnTracks mode sends a location"
        " in the place of a batch.",
        '{"locations": [{"type": "Feature", "geometry": {"type": "Point",'
        ' "coordinates": [-0.1276, 51.5072]}, "properties": {"timestamp": "2026-03-01T21:04:05Z",'
        ' "horizontal_accuracy": 6, "speed": 1, "course": -1, "battery_level": 0.67,'
        ' "device_id": "phone-03"}}]}',
        JSON,
    ),
    "gpslogger": Example(
        "For GPSLogger for Android, custom URL",
        "What `%ALL` stands for, by any method, in the URL or the body.",
        "lat=51.5072&lon=-0.1276&timestamp=1772399045&time=2026-03-01T21:04:05Z&acc=6&spd=1.3"
        "&dir=54.7&alt=0.0&batt=67&prov=gps&sat=9",
        FORM,
        (JSON,),
    ),
    "geojson": Example(
        "Send GeoJSON",
        "A Feature or a FeatureCollection of points, or of lines with a time for each of their"
        " positions.",
        '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [-0.1276, 51.5072]},'
        ' "properties": {"time": "2026-03-01T21:04:05Z", "accuracy": 6}}',
        "application/geo+json",
        (JSON,),
    ),
    "cot": Example(
        "For Cursor on Target (ATAK, TAK)",
        "One event or several. Its `uid` names the device: make it an address of it.",
        '<event version="2.0" uid="phone-03" type="a-f-G-U-C" how="m-g"'
        ' time="2026-03-01T21:04:05Z" start="2026-03-01T21:04:05Z" stale="2026-03-01T21:09:05Z">'
        '<point lat="51.5072" lon="-0.1276" hae="25" ce="6" le="9999999.0"/>'
        '<detail><track speed="1.3" course="54.7"/></detail></event>',
        "application/xml",
        ("text/xml",),
    ),
    "nmea": Example(
        "Send NMEA 0183",
        "Sentences, each on its line, with the unit's name before it where a gateway sends them.",
        "$GPRMC,210405.00,A,5130.432,N,00007.656,W,2.5,054.7,010326,,,A*49",
    ),
    "taip": Example(
        "Send TAIP of vehicle modems",
        "Messages, one or more a line. `ID=` names the unit.",
        ">REV012408075845+5150720-0001276000305512;ID=2167005;*66<",
    ),
    "tetra": Example(
        "Send TETRA short data as a radio's PEI prints it",
        "`+CTSDSR` and its data in hex, or the data alone. The calling SSI names the device.",
        "+CTSDSR: 12,2167005,0,4098,0,84\r\n0A001BDE31D89B7900081",
        also=(OCTETS,),
    ),
    "lip": Example(
        "Send TETRA location reports (LIP)",
        _RADIO,
        "2167005 0A001BDE31D89B7900081",
        also=(OCTETS,),
    ),
    "lrrp": Example(
        "Send Motorola location reports (LRRP)",
        _RADIO,
        "2167005 1313232F341F8893000F663F7EBBBB07CB07555672",
        also=(OCTETS,),
    ),
    "hytera": Example(
        "Send Hytera frames (LP, RRS)",
        "Raw octets, or lines in hex. A frame holds the radio's id.",
        "08a0020032000000010a2110dd00004131383336343832363130313"
        "54e343731382e383035314530313835342e34333837302e313132310b03",
        also=(OCTETS,),
    ),
}
