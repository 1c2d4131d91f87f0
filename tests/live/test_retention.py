"""Fixes that come later than the force keeps them, at the service's door."""

import datetime as dt
from pathlib import Path

import httpx
from running import Running


def test_a_fix_older_than_the_retention_is_refused_by_name_and_counted(
    sqlite_url: str, tmp_path: Path
) -> None:
    now = dt.datetime.now(dt.UTC)
    ages = [dt.timedelta(days=31), dt.timedelta(days=29), dt.timedelta(0)]
    fixes = [{"time": (now - age).isoformat(), "lat": 53.4, "lon": -2.9} for age in ages]
    settings = {"database": sqlite_url, "raw_retention_days": "30"}
    with Running(tmp_path, settings) as service, service.client() as client:
        phone = client.post("/devices", json={"name": "phone-1", "kind": "phone"}).json()
        url, key = f"{service.url}/ingest/pings", {"key": phone["key"]}
        answer = httpx.post(url, params=key, json=fixes).json()
        counts = client.get("/ingest").json()
    assert answer["accepted"] == counts["accepted"] == 2
    [refused] = answer["rejected"]
    assert (refused["index"], refused["reason"]) == (0, "past_retention")
    assert refused["detail"].endswith("is 31 d ago, older than fixes may be when they come")
    assert counts["rejected"] == {"past_retention": 1}
