"""Track files through the real service, by curl, and straight into its database."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running
from typer.testing import CliRunner

from app.cli import cli

MOST_BYTES = 500_000


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Running]:
    settings = {"database": database_url, "max_upload_bytes": str(MOST_BYTES)}
    with Running(tmp_path, settings) as running:
        yield running


def made(service: Running, name: str) -> str:
    with service.client() as client:
        answer = client.post("/devices", json={"name": name, "kind": "handheld"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


def curl(*arguments: object) -> tuple[int, dict[str, object]]:
    command = ["curl", "-sS", "-w", "\n%{http_code}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def rows(visits: list[dict[str, object]]) -> list[tuple[object, ...]]:
    names = ("hotspot", "dwell_s", "inside_s", "low_s", "high_s", "fixes", "pass_through")
    return sorted(tuple(str(visit[name]) for name in names) for visit in visits)


def test_a_real_track_sent_by_curl_gives_its_visits_and_what_is_none_is_refused(
    service: Running, database_url: str, shared_data: Path, tmp_path: Path
) -> None:
    track = shared_data / "raw" / "fit" / "activity-small-fenix2-run.fit"
    hotspots = shared_data / "tracks" / "handhelds.hotspots.geojson"
    with service.client() as client:
        taken = client.post(
            "/hotspots", content=hotspots.read_bytes(), params={"valid_from": "2015-01-01"}
        )
        assert taken.status_code in {200, 201}, taken.text
    key, files = made(service, track.stem), f"{service.url}/ingest/files"
    bearer = ("-H", f"Authorization: Bearer {key}")
    status, first = curl(*bearer, "--data-binary", f"@{track}", files)
    assert (status, first["accepted"], first["rejected_count"]) == (200, 2809, 0)
    status, again = curl("-F", f"file=@{track}", f"{files}/{key}")
    assert (status, again["accepted"], again["duplicates"]) == (200, 0, 2809)
    beside = ["import", "tracks", str(track), "--device", track.stem, "--database", database_url]
    imported = CliRunner().invoke(cli, beside)
    assert imported.stdout == f"{track}: 0 new, 2809 there already, 0 not taken\n"
    out = tmp_path / "visits.json"
    wanted = ["dwell", str(track), "--hotspots", str(hotspots), "--out", str(out)]
    assert CliRunner().invoke(cli, wanted).exit_code == 0
    with service.client(service.token_of("analyst")) as client:
        span = {"from": "2015-08-15T00:00:00Z", "to": "2015-08-17T00:00:00Z"}
        told = client.get("/visits", params={**span, "pass_through": "true"}).json()
    expected = json.loads(out.read_text())
    assert expected
    assert rows(told["items"]) == rows(expected)
    refuse_what_cannot_be_taken(service, tmp_path)


def refuse_what_cannot_be_taken(service: Running, tmp_path: Path) -> None:
    """As the API answers; what is no track is kept."""
    key, files = made(service, "logger"), f"{service.url}/ingest/files"
    large = tmp_path / "large.csv"
    large.write_bytes(b"x" * (MOST_BYTES + 1))
    sent = "--data-binary"
    assert curl(sent, "x", files)[0] == 401
    assert curl(sent, f"@{large}", f"{files}/{key}")[0] == 413
    assert (
        curl("-T", large, "-X", "POST", "-H", "Transfer-Encoding: chunked", f"{files}/{key}")[0]
        == 413
    )
    status, problem = curl(sent, "{}", f"{files}?key={key}")
    assert (status, problem["detail"]) == (400, "the file is JSON, not a track file")
    with service.client() as client:
        (kept,) = client.get("/quarantine").json()["items"]
        assert (kept["sender"], kept["reason"]) == ("logger", "the file is JSON, not a track file")
        paths = client.get(f"{service.url}/openapi.json").json()["paths"]
    assert {"/ingest/files", "/ingest/files/{key}"} <= set(paths)
    assert key not in service.log()
