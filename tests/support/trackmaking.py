"""Track files as devices write them, of fixes a second apart."""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
BEGIN_US = 1_577_836_800_000_000
FIT_BEGIN = 1_577_836_800 - 631_065_600
NOWHERE = 0x7FFFFFFF

Place = tuple[float, float]  # latitude, longitude
WALK: Sequence[Place] = [(51.5 + step * 1e-5, -0.1) for step in range(5)]


def stamps(count: int) -> list[str]:
    return [(BEGIN + timedelta(seconds=s)).isoformat().replace("+00:00", "Z") for s in range(count)]


def gpx(places: Sequence[Place] = WALK) -> str:
    points = "".join(
        f'<trkpt lat="{lat}" lon="{lon}"><time>{time}</time></trkpt>'
        for (lat, lon), time in zip(places, stamps(len(places)), strict=True)
    )
    head = '<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">'
    return f"{head}<trk><trkseg>{points}</trkseg></trk></gpx>"


def tcx_point(time: str, place: Place | None, more: str = "") -> str:
    where = ""
    if place:
        lat = f"<LatitudeDegrees>{place[0]}</LatitudeDegrees>"
        where = f"<Position>{lat}<LongitudeDegrees>{place[1]}</LongitudeDegrees></Position>"
    return f"<Trackpoint><Time>{time}</Time>{where}{more}</Trackpoint>"


def tcx(points: Iterable[str] | None = None) -> str:
    if points is None:
        points = map(tcx_point, stamps(len(WALK)), WALK)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><TrainingCenterDatabase'
        ' xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>'
        '<Activity Sport="Other"><Id>2020-01-01T00:00:00Z</Id>'
        '<Lap StartTime="2020-01-01T00:00:00Z"><Track>'
        f"{''.join(points)}</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
    )


def kml_track(whens: Iterable[str], coords: Iterable[str], prefix: str = "gx:") -> str:
    times = "".join(f"<when>{when}</when>" for when in whens)
    places = "".join(f"<{prefix}coord>{coord}</{prefix}coord>" for coord in coords)
    return f"<{prefix}Track>{times}{places}</{prefix}Track>"


def kml(inside: str | None = None) -> str:
    if inside is None:
        coords = [f"{lon} {lat} 3.5" for lat, lon in WALK]
        inside = f"<Placemark>{kml_track(stamps(len(WALK)), coords)}</Placemark>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"'
        f' xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>{inside}</Document></kml>'
    )


def csv(places: Sequence[Place] = WALK, device: str | None = None) -> str:
    whose = "" if device is None else f"{device},"
    rows = (
        f"{whose}{time},{lat},{lon}\n"
        for (lat, lon), time in zip(places, stamps(len(places)), strict=True)
    )
    return f"{'device,' if whose else ''}time,lat,lon\n{''.join(rows)}"


def semicircles(degrees: float) -> int:
    return round(degrees * 2**31 / 180)


def fit(places: Sequence[Place | None] = WALK, begin: int = FIT_BEGIN) -> bytes:
    """Records of a time and a place (None: without one)."""
    definition = bytes([0x40, 0, 0, 20, 0, 3, 253, 4, 0x86, 0, 4, 0x85, 1, 4, 0x85])
    body = [definition]
    for second, place in enumerate(places):
        lat, lon = map(semicircles, place) if place else (NOWHERE, NOWHERE)
        body.append(struct.pack("<BIii", 0, begin + second, lat, lon))
    return fit_file(b"".join(body))


def fit_compressed(places: Sequence[Place], begin: int = FIT_BEGIN) -> bytes:
    """A record with its whole time, and others whose headers hold the last five bits of theirs."""
    (lat, lon), *others = places
    timed = bytes([0x40, 0, 0, 20, 0, 3, 253, 4, 0x86, 0, 4, 0x85, 1, 4, 0x85])
    bare = bytes([0x41, 0, 0, 20, 0, 2, 0, 4, 0x85, 1, 4, 0x85])
    body = timed + struct.pack("<BIii", 0, begin, semicircles(lat), semicircles(lon)) + bare
    for second, (lat, lon) in enumerate(others, 1):
        header = 0x80 | 1 << 5 | (begin + second) & 31
        body += struct.pack("<Bii", header, semicircles(lat), semicircles(lon))
    return fit_file(body)


def fit_file(body: bytes) -> bytes:
    head = struct.pack("<BBHI4s", 14, 0x10, 2132, len(body), b".FIT")
    whole = head + struct.pack("<H", fit_crc(head)) + body
    return whole + struct.pack("<H", fit_crc(whole))


def fit_crc(content: bytes) -> int:
    crc = 0
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
