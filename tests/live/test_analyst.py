"""An analyst's month: crimes in, hot spots suggested and drawn, patrolled for a week, told of."""

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import openpyxl
import pypdfium2
import pytest
from running import Running

from simulator import week
from simulator.crews import Staffing

# The week before this operational day: a briefing is of what is known when it is held.
NOW = dt.datetime.now(ZoneInfo("Europe/London"))
LAST = (NOW - dt.timedelta(hours=6)).date() - dt.timedelta(days=1)
FIRST = LAST - dt.timedelta(days=6)
SPOTS, OFFICERS = 20, 4


@pytest.fixture
def service(postgis_url: str, tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, {"database": postgis_url}) as running:
        yield running


def beatkeeper(service: Running, *words: str) -> str:
    """What a command printed; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *words, "--database", service.settings["database"]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def send(client: httpx.Client, method: str, path: str, body: object) -> dict[str, Any]:
    answer = client.request(method, path, json=body)
    assert answer.is_success, answer.text
    return dict(answer.json()) if answer.content else {}


def enrol(client: httpx.Client, made: week.Week) -> None:
    """The people, devices and duty of a week, and its plan."""
    send(client, "POST", "/teams", {"name": "City"})
    number_of = {one.name: f"C{number:02}" for number, one in enumerate(made.officers)}
    for name, number in number_of.items():
        send(client, "POST", "/officers", {"number": number, "name": name, "team": "City"})
    for device in made.devices:
        profile = {
            "interval_s": device.interval_s,
            "max_gap_s": device.max_gap_s,
            "reports_when_still": True,
            "assumed_accuracy_m": device.assumed_accuracy_m,
        }
        send(client, "PUT", f"/profiles/{device.name}", profile)
        phone = {"name": device.name, "kind": device.kind, "profile": device.name}
        send(client, "POST", "/devices", phone)
        carried = {"device": device.name, "officer": number_of[device.officer]}
        carried["start"] = f"{FIRST}T06:00:00Z"
        send(client, "POST", "/assignments", carried)
    send(client, "PUT", "/plans/city", plan())


def plan() -> dict[str, object]:
    return {
        "name": "City evenings",
        "hotspots": "all",
        "first_day": FIRST.isoformat(),
        "last_day": (LAST + dt.timedelta(days=7)).isoformat(),
        "windows": [{"name": "late", "start": "15:00", "end": "23:00"}],
    }


def test_from_crimes_to_the_briefing(service: Running, shared_data: Path, tmp_path: Path) -> None:
    crimes = sorted((shared_data / "crime").glob("2019-*-city-of-london-street.csv"))
    suggested = tmp_path / "suggested.geojson"
    beatkeeper(service, "import", "crimes", *map(str, crimes))
    beatkeeper(service, "suggest", "--top", str(SPOTS), "--out", str(suggested))
    beatkeeper(service, "import", "hotspots", str(suggested), "--valid-from", f"{FIRST}")
    hotspots = json.loads(suggested.read_text())
    made = week.make(7, hotspots, FIRST, 7, Staffing(officers=OFFICERS))
    tracks = tmp_path / "tracks.csv"
    tracks.write_text("\n".join(made.csv()) + "\n")
    of_plan = ("--plan", "city", "--from", f"{FIRST}", "--to", f"{LAST}")
    with service.client() as client:
        enrol(client, made)
        promised = json.loads(
            beatkeeper(service, "capacity", *of_plan[:2], "--officers", f"{OFFICERS}", "--json")
        )
        beatkeeper(service, "import", "tracks", str(tracks))
        days = {"plan": "city", "from": f"{FIRST}", "to": f"{LAST}", "by": "day"}
        answer = client.get("/compliance", params=days).json()
    covered = [row["cells_covered"] for row in answer["rows"]]
    assert (len(covered), answer["total"]["cells"]) == (7, 7 * SPOTS)

    # What was promised of such shifts held, as it does of nine in ten.
    [forecast] = promised["forecasts"]
    held = [forecast["low"] <= one / SPOTS <= forecast["high"] for one in covered]
    assert sum(held) >= 5
    assert forecast["coverage"] > 0.3

    workbook = tmp_path / "cells.xlsx"
    beatkeeper(service, "export", "cells", *of_plan, "--out", str(workbook))
    heading, *rows = openpyxl.load_workbook(workbook).worksheets[0].iter_rows(values_only=True)
    cells = [dict(zip(heading, row, strict=True)) for row in rows]
    required = [cell for cell in cells if cell["kind"] == "required"]
    assert len(required) == 7 * SPOTS
    assert sum(cell["covered"] for cell in required) == sum(covered)

    pdf = tmp_path / "briefing.pdf"
    beatkeeper(service, "briefing", "--plan", "city", "--team", "City", "--out", str(pdf))
    text = " ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))
    assert f"{covered[-1]} of {SPOTS}" in text
    assert f"{sum(covered)} of {7 * SPOTS}" in text
