"""Sound messages of every wire format, to be spoilt: examples, vectors, and odder ones."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Final

from ingest.examples import EXAMPLES

_VECTORS: Final = Path(__file__).parents[3] / "shared/PROTOCOL_VECTORS.json"
_OF_FORMAT: Final = {
    "owntracks": ("owntracks", "owntracks-encrypted"),
    "osmand": ("osmand-query", "traccar-client-json"),
    "traccar": ("osmand-query", "traccar-client-json"),
    "nmea": ("nmea0183",),
    "taip": ("taip",),
    "lip": ("tetra-lip",),
    "tetra": ("tetra-lip", "tetra-simple-location-0x80"),
    "lrrp": ("motorola-lrrp",),
    "hytera": ("hytera-lp",),
}
_LINE: Final = """{"type":"Feature","geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]},
"properties":{"coordTimes":[1772399045,"2026-03-01T21:04:06Z"],"device":"a"}}"""
_ODDER: Final[dict[str, tuple[str, ...]]] = {
    "pings": (
        """{"fixes":[{"time":1772399045,"lat":51.5,"lon":-0.1,"event":"x","device":"a"}]}""",
        """{"time":1772399045.5,"lat":1,"lon":2}\n\n\x1e{"time":"2026-03-01T21:04:05+01:00"}""",
    ),
    "owntracks": (
        """[{"_type":"transition","tst":1,"event":"enter","desc":"x","lat":1,"lon":2},
        {"_type":"lwt","tst":1},{"_type":"encrypted","data":"AAAA"}]""",
    ),
    "osmand": (
        """[{"id":1,"lat":1,"lon":2,"timestamp":"3","alarm":"sos","mock":true}]""",
        """{"location":[{"timestamp":"2026-03-01T21:04:05Z","event":"motion"}],"id":"a"}""",
    ),
    "overland": (
        """{"locations":[{"type":"Feature","geometry":null,"properties":{"action":"visit"}}],
        "current":{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2,3]},
        "properties":{"timestamp":"2026-03-01T21:04:05-0700","vertical_accuracy":-1}}}""",
    ),
    "gpslogger": ("""[{"lat":"51.5","lon":"1","time":"2026-03-01T21:04:05Z","spd_kph":"3"}]""",),
    "geojson": (
        _LINE,
        f"""{{"type":"FeatureCollection","features":[{_LINE}]}}""",
        """[{"type":"Feature","temporalGeometry":{"type":"MovingPoint",
        "datetimes":[1772399045000],"coordinates":[[1,2]]},"properties":{}}]""",
        """{"type":"Feature","geometry":{"type":"MultiLineString","coordinates":[[[1,2,3]]]},
        "properties":{"coordinateProperties":{"times":[["2026-03-01T21:04:05Z"]]}}}""",
    ),
    "cot": (
        """<event uid="A" type="b-a-o-tbl" how="h-e" time="2026-03-01T21:04:05Z">
        <point lat="1" lon="2" ce="9999999.0"/><detail><link uid="B"/>
        <emergency cancel="false"/><status battery="50"/></detail></event>""",
    ),
    "nmea": (
        """\\s:unit7,c:1772399045*57\\$GPGNS,210405.00,5130.4,N,00007.6,W,AN,9,1.1,25.0,M,,,*00
$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48\n$GPZDA,210405.00,01,03,2026,00,00*00
$GPGST,210405.00,1.5,2.0,1.0,45.0,1.8,2.2,3.3*00""",
        """2167005 $GPRMC,210405,A,5130.4,N,00007.6,W,2.5,054.7,160706,,,A*00
$GPGGA,235959.99,5130.4,N,00007.6,W,1,08,1.0,25.0,M,47.0,M,,*00""",
    ),
    "taip": (
        """>RPV75845+5150720-0001276000305512;ID=7;*00<\
>RGP010326210405+5150720-000127600030553000A1234<""",
        ">RLN75845123+515072000-0000127600+000025000030+0000547000000000000000000002<",
    ),
    "lip": ("0A4EC8F2B154F2F2BC0EF7A0183D1FC4410", "0A4D4BFFA3169282665250E030", "0A4C0040B08C8"),
    "tetra": (
        "+CTSDSR: 13,2167005,0,4098,0,16\n0000\n+CTSDSR: 12,1,2,84\n0A001BDE31D89B7900081\nOK",
        """7 03809213B14EC01BB5FF0\n830001000A001BDE31D89B790008
801313232F341F8893000F663F7EBBBB07CB07555672""",
    ),
    "lrrp": ("1315232F341F4AD07B2E66474326660A4D56E46B0B5620", "0704371022010A"),
    "hytera": (
        "88b003002d0a2110dd01" + b"A210400160706N5130.0000W00007.2000010121".hex() + "0003",
        "08a002003200000001" + "0a2110dd" + "0006" + "00" * 40 + "0003\n1100030009" + "0a" * 11,
    ),
}
_HEX: Final = re.compile(r"\b[0-9A-Fa-f]{8,}\b")
_BINARY: Final = frozenset({"lip", "tetra", "lrrp", "hytera"})


@cache
def seeds(format_: str) -> tuple[bytes, ...]:
    """Give the sound messages of a format; those of radios in hex and raw."""
    texts = [EXAMPLES[format_].text, *_ODDER.get(format_, ()), *_vectors(format_)]
    raw = []
    if format_ in _BINARY:
        runs = [run for text in texts for run in _HEX.findall(text)]
        raw = [bytes.fromhex(run[: len(run) // 2 * 2]) for run in runs]
    return (*(text.encode() for text in texts), *raw)


def _vectors(format_: str) -> list[str]:
    if not _VECTORS.exists():
        return []
    found = json.loads(_VECTORS.read_text())["vectors"]
    wanted = _OF_FORMAT.get(format_, ())
    return [v.get("text") or v["hex"] for v in found if v["format"] in wanted]
