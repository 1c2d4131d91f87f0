"""A whole late shift from a seed: town, officers, devices, plan, messages, and the truth."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from simulator.devices import Device, Recording, issue, record
from simulator.messages import Message, send
from simulator.roster import Officer, deal, muster
from simulator.shift import work
from simulator.town import GeoJson, build
from simulator.truth import Truth, witness


@dataclass(frozen=True, slots=True)
class Plan:
    """What the officers were asked for: patrols of each hot spot in a daily window."""

    time_zone: str = "Europe/London"
    window_start: time = time(15)
    window_end: time = time(23)
    patrols_per_window: int = 3
    minimum_minutes: int = 10
    maximum_minutes: int = 15
    coverage_target: float = 0.9


@dataclass(frozen=True, slots=True)
class Scenario:
    """A simulated shift: what a service is to be told, what it will hear, and what is true."""

    seed: int
    start: datetime
    """When the shift began, in UTC."""
    hotspots: GeoJson
    officers: tuple[Officer, ...]
    devices: tuple[Device, ...]
    plan: Plan
    recordings: tuple[Recording, ...]
    messages: tuple[Message, ...]
    """Of all devices, by time of sending."""
    truth: Truth


def make(seed: int, day: date) -> Scenario:
    """The late shift (15:00 to 23:00 local time) of `day`; the same seed gives the same shift."""
    plan = Plan()
    begins = datetime.combine(day, plan.window_start, ZoneInfo(plan.time_zone))
    start = begins.astimezone(UTC)
    town_rng, shift_rng, device_rng, send_rng = np.random.default_rng(seed).spawn(4)

    town = build(town_rng)
    officers = muster()
    tasks = deal(officers, town, shift_rng)
    tracks = {officer.name: work(officer, tasks[officer], town, shift_rng) for officer in officers}

    devices = issue(officers, device_rng)
    recordings = tuple(
        record(device, tracks[device.officer], town.plane, device_rng) for device in devices
    )
    truth = witness(
        {device.name: tracks[device.officer] for device in devices},
        town.places,
        {made.device.name: made.silences() for made in recordings},
    )
    messages = [message for made in recordings for message in send(made, start, send_rng)]
    return Scenario(
        seed=seed,
        start=start,
        hotspots=town.hotspots(),
        officers=officers,
        devices=devices,
        plan=plan,
        recordings=recordings,
        messages=tuple(sorted(messages, key=lambda message: message.at_s)),
        truth=truth,
    )
