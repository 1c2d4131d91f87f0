"""What the settings mean: the parts of the service that they describe, opened by nobody yet."""

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from app.access.claims import Names
from app.access.sessions import Life
from app.api.guard import Guard
from app.auditing import Auditor
from app.directory import Directory
from app.oidc import Client
from app.refusals import Refusals
from app.retention import Periods
from app.settings import Settings
from app.signing_in import CALLBACK, SignIn
from app.storage.directory import Why
from app.storage.engine import Database, parse_url, sqlite_file
from ingest import http as ingest_http
from ingest.broker import Broker, Tls
from ingest.consumer import Consumer
from ingest.intake import Intake
from ingest.rates import EACH_MINUTE, Rate, Rates
from ingest.spool import Spool
from ingest.spoolrecord import MARK_BYTES
from ingest.topics import Topics
from ingest.turnstile import Turnstile


def guard(settings: Settings, doors: ingest_http.Doors) -> Guard:
    """What stands before all doors: whose hosts are asked for, and how often one may guess."""
    guesses = Rate(settings.guesses_per_minute / 60, settings.guesses_per_minute)
    url = settings.public_url
    hosts = [] if url is None else [url.host or "", f"{url.host}:{url.port}"]
    return Guard(
        doors,
        Rates(guesses, time.monotonic),
        Rates(EACH_MINUTE, time.monotonic),
        hosts=hosts,
        over_tls=url is not None and url.scheme == "https",
    )


def sign_in(
    settings: Settings, database: Database, auditor: Auditor, now_us: Callable[[], int]
) -> SignIn | None:
    """How people sign in; None: nobody can."""
    issuer, id_, url = settings.oidc_issuer, settings.oidc_client_id, settings.public_url
    if issuer is None or id_ is None or url is None:
        return None
    secret = settings.oidc_client_secret
    origin = str(url).rstrip("/")
    hours, minutes = settings.session_hours, settings.session_idle_minutes
    life = Life(timedelta(hours=hours), timedelta(minutes=minutes))
    return SignIn(
        database,
        auditor,
        Client(
            issuer, id_, None if secret is None else secret.get_secret_value(), origin + CALLBACK
        ),
        Names(settings.oidc_role_claim, settings.oidc_team_claim, settings.oidc_officer_claim),
        life,
        origin=origin,
        now_us=now_us,
    )


def periods(settings: Settings) -> Periods:
    """How long each kind of data is kept."""
    return Periods(
        fixes=settings.raw_retention_days,
        visits=settings.visits_retention_days,
        events=settings.events_retention_days,
        audit=settings.audit_retention_days,
    )


def turnstile(settings: Settings, refusals: Refusals, door: str, at_once: int) -> Turnstile:
    """How often each device may come to a door (`http`, `mqtt`); `at_once` after a silence."""
    return Turnstile(
        Rates(Rate(settings.device_posts_per_s, at_once), time.monotonic),
        Rates(EACH_MINUTE, time.monotonic),
        lambda number: refusals.note(door, number, Why.TOO_OFTEN),
    )


def consumer(
    settings: Settings,
    intake: Intake,
    directory: Directory,
    by_mqtt: Turnstile,
    now_us: Callable[[], int],
) -> Consumer:
    """Who listens to the broker, once it is started."""
    return Consumer(
        Broker.from_url(str(settings.mqtt)),
        intake=intake,
        identify=directory.identify,
        recognise=directory.recognise,
        turnstile=by_mqtt,
        now_us=now_us,
        protocol=settings.mqtt_protocol,
        client_id=settings.mqtt_client_id,
        topics=Topics(settings.mqtt_owntracks),
        tls=tls_of(settings),
    )


def tls_of(settings: Settings) -> Tls:
    """How the broker and the service know each other by certificates."""
    return Tls(settings.mqtt_ca, settings.mqtt_certificate, settings.mqtt_key)


def spool(settings: Settings, now_us: Callable[[], int]) -> Spool:
    """The disk that stands in for storage while that is away."""
    return Spool(
        settings.spool or spool_of(settings.database),
        run=f"{now_us():016}",
        mark=secrets.token_bytes(MARK_BYTES),
        limit_bytes=settings.spool_bytes,
    )


def spool_of(database: str) -> Path:
    """The folder for one database: what waits for it is not to get into another."""
    file, url = sqlite_file(database), parse_url(database)
    if file is not None:
        return file.with_name(f"{file.name}.spool")
    place = f"{url.database}@{url.host or 'localhost'}-{url.port or 5432}"
    return Path(f"{quote(place, safe='@')}.spool")
