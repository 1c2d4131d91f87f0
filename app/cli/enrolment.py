"""Tells the service of a simulated shift's town, people, devices and plan, through its API."""

import asyncio
import datetime as dt
from zoneinfo import ZoneInfo

import httpx

from simulator.devices import Device
from simulator.scenario import Scenario

PLAN = "late-shift"
TEAM = "Late turn"


async def enrol(client: httpx.AsyncClient, scenario: Scenario) -> dict[str, str]:
    """Sets everything up and gives each device's key. Raises httpx.HTTPStatusError if refused."""
    day = local_day(scenario)
    await _send(client, "POST", "/hotspots", scenario.hotspots, valid_from=day.isoformat())
    await _send(client, "POST", "/teams", {"name": TEAM})
    for number, officer in enumerate(scenario.officers, start=1):
        given = {"number": f"PC{number:02}", "name": officer.name, "team": TEAM}
        await _send(client, "POST", "/officers", given)
    keys = await asyncio.gather(*(_device(client, scenario, device) for device in scenario.devices))
    await _plan(client, scenario, day)
    return dict(zip((device.name for device in scenario.devices), keys, strict=True))


async def supervisor(client: httpx.AsyncClient) -> str:
    """The token of one who sees what the officers did, as an administrator does not."""
    asked = {"name": "Supervisor", "role": "supervisor", "teams": [TEAM]}
    return str((await _send(client, "POST", "/tokens", asked))["token"])


def local_day(scenario: Scenario) -> dt.date:
    """The operational day of the shift."""
    return scenario.start.astimezone(ZoneInfo(scenario.plan.time_zone)).date()


async def _device(client: httpx.AsyncClient, scenario: Scenario, device: Device) -> str:
    profile = f"{device.name} profile"
    expected = {
        "interval_s": device.interval_s,
        "max_gap_s": device.max_gap_s,
        "reports_when_still": True,
        "assumed_accuracy_m": device.assumed_accuracy_m,
    }
    await _send(client, "PUT", f"/profiles/{profile}", expected)
    address = {"kind": "owntracks", "address": device.owntracks_address}
    given = {
        "name": device.name,
        "kind": device.kind,
        "profile": profile,
        "addresses": [address] if device.format == "owntracks" else [],
    }
    made = await _send(client, "POST", "/devices", given)
    number = [officer.name for officer in scenario.officers].index(device.officer) + 1
    start = scenario.start - dt.timedelta(hours=1)
    end = scenario.start + dt.timedelta(hours=12)
    carried = {"device": device.name, "officer": f"PC{number:02}"}
    carried |= {"start": start.isoformat(), "end": end.isoformat()}
    await _send(client, "POST", "/assignments", carried)
    return str(made["key"])


async def _plan(client: httpx.AsyncClient, scenario: Scenario, day: dt.date) -> None:
    plan = scenario.plan
    window = {
        "name": "late",
        "start": f"{plan.window_start:%H:%M}",
        "end": f"{plan.window_end:%H:%M}",
        "patrols": plan.patrols_per_window,
    }
    asked = {
        "name": "Late shift",
        "hotspots": "all",
        "windows": [window],
        "minimum_minutes": plan.minimum_minutes,
        "maximum_minutes": plan.maximum_minutes,
        "coverage_target": plan.coverage_target,
        "timezone": plan.time_zone,
        "first_day": day.isoformat(),
        "last_day": day.isoformat(),
    }
    await _send(client, "PUT", f"/plans/{PLAN}", asked)


async def _send(
    client: httpx.AsyncClient, method: str, path: str, body: object, **query: str
) -> dict[str, object]:
    answer = await client.request(method, f"/api/v1{path}", json=body, params=query)
    answer.raise_for_status()
    return dict(answer.json()) if answer.content else {}
