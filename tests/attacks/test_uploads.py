"""Files that mean harm: names that lead elsewhere, and bombs. What they may cost is bounded."""

import gzip
import io
import stat
import time
import zipfile
from pathlib import Path

import pytest
from attacking import Attacked
from requests import Response

BOMB_MIB = 150
MOST_MIB = 120
SPENT_S = 30
NAMES = (
    "../../../../tmp/beatkeeper-was-here.gpx",
    "/tmp/beatkeeper-was-here.gpx",  # noqa: S108 -- it is not to be written
    "..\\..\\beatkeeper-was-here.gpx",
    "a/\x00b.gpx",
    "C:\\beatkeeper-was-here.gpx",
    "x" * 5_000 + ".gpx",
    'a"\r\nX-Evil: 1.gpx',
)
GPX = (
    b'<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="x"><trk><trkseg>'
    b'<trkpt lat="51.5" lon="-0.12"><time>2026-01-15T12:00:00Z</time></trkpt>'
    b"</trkseg></trk></gpx>"
)
ENTITIES = (
    b'<!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10)
        for letter in range(ord("b"), ord("k"))
    )
    + b"]><gpx>&j;</gpx>"
)
OUTSIDE = b'<!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/passwd">]><gpx>&x;</gpx>'


def sent(service: Attacked, name: str, content: bytes, **headers: str) -> Response:
    url = "http://testserver/ingest/files"
    shown = service.shown["device"] | headers
    return service.client.post(url, files={"file": (name, content)}, headers=shown)


def zipped(name: str, content: bytes, mode: int = 0o644) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, content)
    return made.getvalue()


def deflated_zeros(mebibytes: int) -> bytes:
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as packed:
        for _ in range(mebibytes):
            packed.write(bytes(1 << 20))
    return made.getvalue()


def peak_mib() -> int:
    """The most memory that was resident since somebody last asked Linux to forget it."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) >> 10


@pytest.fixture(autouse=True)
def costs_little(service: Attacked) -> object:
    """Memory and processor time of the whole process, service and all, stay bounded."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what it is now
    before_mib, before_s = peak_mib(), time.process_time()
    yield
    assert peak_mib() - before_mib < MOST_MIB
    assert time.process_time() - before_s < SPENT_S


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_opens_nothing(service: Attacked, name: str, tmp_path: Path) -> None:
    for content in (GPX, zipped(name, GPX), zipped(name, b"/etc/passwd", stat.S_IFLNK | 0o777)):
        answer = sent(service, name, content)
        assert answer.status_code in {200, 400}, answer.text
        assert "root:" not in answer.text
        assert "X-Evil" not in answer.headers
    assert not Path("/tmp/beatkeeper-was-here.gpx").exists()  # noqa: S108 -- as above
    assert not list(Path.cwd().rglob("beatkeeper-was-here*"))[:1]


@pytest.mark.parametrize("content", [ENTITIES, OUTSIDE], ids=["entities", "outside"])
@pytest.mark.parametrize("name", ["x.gpx", "x.kml", "x.tcx", "x.kmz"])
def test_what_an_entity_stands_for_is_not_fetched_nor_multiplied(
    service: Attacked, name: str, content: bytes
) -> None:
    body = zipped("doc.kml", content) if name.endswith("kmz") else content
    answer = sent(service, name, body)
    assert answer.status_code == 400
    assert "root:" not in answer.text


@pytest.mark.parametrize("name", ["x.gpx.gz", "x.nmea", "x.csv"])
def test_a_bomb_is_not_unpacked_past_its_limit(service: Attacked, name: str) -> None:
    answer = sent(service, name, deflated_zeros(BOMB_MIB))
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("path", ["/import", "/import?check=true"])
@pytest.mark.parametrize("inside", ["xl/workbook.xml", "xl/sharedStrings.xml", "officers.csv"])
def test_a_workbook_that_unpacks_past_its_limit_is_refused(
    service: Attacked, path: str, inside: str
) -> None:
    made = io.BytesIO()
    with (
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(inside, "w", force_zip64=True) as bomb,
    ):
        for _ in range(BOMB_MIB):
            bomb.write(b" " * (1 << 20))
    answer = service.client.post(
        f"http://testserver/api/v1{path}",
        files={"file": ("teams.xlsx", made.getvalue())},
        headers=service.shown["administrator"],
    )
    assert 400 <= answer.status_code < 500, answer.text
