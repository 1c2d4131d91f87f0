"""A message of each wire format about one place and time, as its senders write it."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final
from urllib.parse import urlencode

from ingest.doors import JSON
from ingest.examples import EXAMPLES

RADIO: Final = "16777214"
"""What the device of the trial is called where a format has room for a radio's number only."""

ACCURACY_M: Final = 6
_GPS_EPOCH: Final = dt.datetime(1980, 1, 6, tzinfo=dt.UTC)
# The end of a LIP report: error under 2 m, standing, and as reason that it was time for one.
_LIP_REST: Final = 0x81
_LIP_REST_BITS: Final = 23
_LIP_DIGITS: Final = 19


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Who is where (degrees WGS84) and when (UTC, to the second)."""

    name: str
    time: dt.datetime
    lat: float
    lon: float

    @property
    def epoch_s(self) -> int:
        """Seconds since the Unix epoch."""
        return round(self.time.timestamp())

    @property
    def rfc3339(self) -> str:
        """The time as text."""
        return f"{self.time:%Y-%m-%dT%H:%M:%SZ}"


def message(format_: str, at: Whereabouts) -> bytes:
    """One message of a format, which must be one of `ingest.decoders.DECODERS`."""
    return _WRITERS[format_](at).encode()


def media_type(format_: str) -> str:
    """What a message of a format is announced as over HTTP."""
    return JSON if format_ == "traccar" else EXAMPLES[format_].media_type


def _pings(at: Whereabouts) -> str:
    fix = {"time": at.rfc3339, "lat": at.lat, "lon": at.lon, "accuracy_m": ACCURACY_M}
    return json.dumps(fix)


def _owntracks(at: Whereabouts) -> str:
    place = {"tst": at.epoch_s, "lat": at.lat, "lon": at.lon, "acc": ACCURACY_M, "tid": "dr"}
    return json.dumps({"_type": "location"} | place)


def _osmand(at: Whereabouts) -> str:
    who = {"id": at.name, "timestamp": at.epoch_s}
    return urlencode(who | {"lat": at.lat, "lon": at.lon, "accuracy": ACCURACY_M})


def _traccar(at: Whereabouts) -> str:
    place = {"latitude": at.lat, "longitude": at.lon, "accuracy": ACCURACY_M}
    return json.dumps(
        {"device_id": at.name, "location": {"timestamp": at.rfc3339, "coords": place}}
    )


def _feature(at: Whereabouts, properties: dict[str, object]) -> dict[str, object]:
    point = {"type": "Point", "coordinates": [at.lon, at.lat]}
    return {"type": "Feature", "geometry": point, "properties": properties}


def _overland(at: Whereabouts) -> str:
    said = {"timestamp": at.rfc3339, "horizontal_accuracy": ACCURACY_M, "device_id": at.name}
    return json.dumps({"locations": [_feature(at, said)]})


def _geojson(at: Whereabouts) -> str:
    return json.dumps(_feature(at, {"time": at.rfc3339, "accuracy": ACCURACY_M}))


def _gpslogger(at: Whereabouts) -> str:
    place = {"lat": at.lat, "lon": at.lon, "acc": ACCURACY_M, "prov": "gps"}
    return urlencode(place | {"timestamp": at.epoch_s, "time": at.rfc3339})


def _cot(at: Whereabouts) -> str:
    stale = at.time + dt.timedelta(minutes=5)
    times = f'time="{at.rfc3339}" start="{at.rfc3339}" stale="{stale:%Y-%m-%dT%H:%M:%SZ}"'
    place = f'lat="{at.lat}" lon="{at.lon}" hae="0" ce="{ACCURACY_M}" le="9999999.0"'
    who = f'<event version="2.0" uid="{at.name}" type="a-f-G-U-C" how="m-g" {times}>'
    return f"{who}<point {place}/></event>"


def _minutes(degrees: float, digits: int) -> str:
    """An angle without its sign as degrees and minutes, written together."""
    whole, rest = divmod(round(abs(degrees) * 600_000), 600_000)
    return f"{whole:0{digits}}{rest / 10_000:07.4f}"


def _sides(at: Whereabouts) -> tuple[str, str]:
    return "S" if at.lat < 0 else "N", "W" if at.lon < 0 else "E"


def _nmea(at: Whereabouts) -> str:
    north, east = _sides(at)
    place = f"{_minutes(at.lat, 2)},{north},{_minutes(at.lon, 3)},{east}"
    body = f"GPRMC,{at.time:%H%M%S}.00,A,{place},0.0,0.0,{at.time:%d%m%y},,,A"
    return f"${body}*{reduce(xor, body.encode()):02X}\r\n"


def _taip(at: Whereabouts) -> str:
    since = at.time - _GPS_EPOCH
    week, day = divmod(since.days, 7)
    place = f"{round(at.lat * 1e5):+08}{round(at.lon * 1e5):+09}"
    body = f">REV01{week:04}{day}{since.seconds:05}{place}00000032;ID={RADIO};"
    return f"{body}*{reduce(xor, f'{body}*'.encode()):02X}<\r\n"


def _lip_digits(at: Whereabouts) -> str:
    """A short location report in hex, after its protocol identifier: dated when it is received."""
    east = round(at.lon * 2**25 / 360) % 2**25
    north = round(at.lat * 2**24 / 180) % 2**24
    return f"0A{(east << 24 | north) << _LIP_REST_BITS | _LIP_REST:0{_LIP_DIGITS}X}"


def _lip(at: Whereabouts) -> str:
    return f"{RADIO} {_lip_digits(at)}"


def _tetra(at: Whereabouts) -> str:
    digits = _lip_digits(at)
    return f"+CTSDSR: 12,{RADIO},0,4098,0,{4 * len(digits)}\r\n{digits}"


def _lrrp(at: Whereabouts) -> str:
    time = at.time.year << 26 | at.time.month << 22 | at.time.day << 17
    time |= at.time.hour << 12 | at.time.minute << 6 | at.time.second
    north = round(abs(at.lat) * 2**32 / 180) | (at.lat < 0) << 31
    east = round(at.lon * 2**32 / 360) % 2**32
    tokens = f"34{time:010X}66{north:08X}{east:08X}"
    return f"{RADIO} 13{len(tokens) // 2:02X}{tokens}"


def _hytera(at: Whereabouts) -> str:
    (north, east), where = _sides(at), (_minutes(at.lat, 2), _minutes(at.lon, 3))
    place = f"{north}{where[0]}{east}{where[1]}"
    gps = f"A{at.time:%H%M%S%d%m%y}{place}0.0000".encode()
    body = (1).to_bytes(4) + b"\x0a" + int(RADIO).to_bytes(3) + bytes(2) + gps
    head = b"\x08\xa0\x02" + len(body).to_bytes(2)
    checksum = (~sum(head[1:] + body) + 0x33) & 0xFF
    return (head + body + bytes([checksum, 0x03])).hex()


_WRITERS: Final[dict[str, Callable[[Whereabouts], str]]] = {
    "pings": _pings,
    "owntracks": _owntracks,
    "osmand": _osmand,
    "traccar": _traccar,
    "overland": _overland,
    "gpslogger": _gpslogger,
    "geojson": _geojson,
    "cot": _cot,
    "nmea": _nmea,
    "taip": _taip,
    "tetra": _tetra,
    "lip": _lip,
    "lrrp": _lrrp,
    "hytera": _hytera,
}
