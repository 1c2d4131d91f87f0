"""Sends events to webhooks: signed, in order, each at least once, from where the webhook stopped.

One process does so at a time. What is sent and signed is as Standard Webhooks 1.0 says:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import asyncio
import base64
import hmac
import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

import app as package
from app.access.audit import Act, Entry, Whose
from app.access.secrets import SIGNING_PREFIX
from app.destinations import Destinations, ForbiddenDestination, GuardedTransport
from app.live import Live
from app.storage import audit, events, webhooks
from app.storage.audit import OURSELVES
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.events import Told
from app.storage.types import from_us
from app.storage.webhooks import State, Webhook
from app.turn import Turn

_LOG: Final = logging.getLogger(__name__)
# Whoever has not answered by then has not taken it.
PATIENCE_S: Final = 10.0
# From one attempt that failed to the next; the last of these from then on.
WAITS: Final = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600))
# What could not be delivered for so long is given up, and a webhook that always fails is revoked.
GIVE_UP: Final = timedelta(days=1)
REVOKE: Final = timedelta(days=3)
# Until a look for what is due, or has been made or revoked, that no event has called for.
LOOK_EVERY_S: Final = 1.0
# Events read for one webhook at once; past so many that it does not want, its position is saved.
AT_ONCE: Final = 100
PASSED: Final = 1_000
_HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": f"Beatkeeper/{package.__version__}",
}


class Failed(Exception):
    """An event was not taken: why. `gone` is what a receiver says that wants no more."""

    def __init__(self, why: str, *, gone: bool = False) -> None:
        super().__init__(why)
        self.gone = gone


class Webhooks:
    """Delivers to all webhooks at the same time, so that none waits for another.

    `now_us` reads the clock (microseconds, UTC); `destinations` says where they may be, `people`
    whether those that ask for it are told who it was.
    """

    def __init__(
        self,
        database: Database,
        live: Live,
        now_us: Callable[[], int],
        destinations: Destinations,
        *,
        people: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._database = database
        self._live = live
        self._now_us = now_us
        self._destinations = destinations
        self._people = people
        self._patience_s = patience_s
        self._busy: set[int] = set()
        # Past events that it does not want, further than is saved: by webhook.
        self._passed: dict[int, int] = {}

    async def run(self, holder: str) -> None:
        """Delivers while it is this holder's turn, until it is cancelled."""
        await Turn(self._database, "webhooks", holder).run(self.deliver, LOOK_EVERY_S)

    async def deliver(self) -> None:
        """Delivers until it is cancelled, there is no webhook, or the service ends.

        Raises DatabaseUnavailable.
        """
        if not await self._active():
            return
        self._busy.clear()
        position = await self._live.last()
        trusted = await asyncio.to_thread(httpx.create_ssl_context)
        async with self._client(trusted) as client, asyncio.TaskGroup() as group:

            def begin(webhook: Webhook) -> None:
                self._busy.add(webhook.id)
                group.create_task(self._attend(client, webhook))

            with self._live.following():
                while not self._live.ended and await self._look(position, begin):
                    _, position = await self._live.after(position, LOOK_EVERY_S)

    def _client(self, trusted: ssl.SSLContext) -> httpx.AsyncClient:
        # What is answered is not read, so that no connection serves twice.
        limits = httpx.Limits(max_connections=webhooks.MOST, max_keepalive_connections=0)
        # With a transport of its own it goes by no proxy that the environment names.
        transport = GuardedTransport(self._destinations, verify=trusted, limits=limits)
        return httpx.AsyncClient(transport=transport, timeout=self._patience_s, headers=_HEADERS)

    async def _look(self, position: int, begin: Callable[[Webhook], object]) -> bool:
        """Begins with each webhook that is due and not so far yet; False where there is none."""
        # Known before the look, which then shows all that these have done.
        busy = set(self._busy)
        now = from_us(self._now_us())
        try:
            active = await self._active()
        except DatabaseUnavailable:
            return True  # `Live` tells of it
        for webhook in active:
            due = webhook.state.next_attempt is None or webhook.state.next_attempt <= now
            if due and webhook.id not in busy and self._reached(webhook) < position:
                begin(webhook)
        return bool(active)

    async def _active(self) -> Sequence[Webhook]:
        async with self._database.read() as reader:
            return await webhooks.active(reader)

    def _reached(self, webhook: Webhook) -> int:
        return max(webhook.state.position, self._passed.get(webhook.id, 0))

    async def _attend(self, client: httpx.AsyncClient, webhook: Webhook) -> None:
        try:
            await self._deliver(client, webhook)
        except DatabaseUnavailable as exc:
            _LOG.warning("webhook %d waits for the database: %s", webhook.id, exc)
        except Exception:  # noqa: BLE001 -- the others are to go on
            _LOG.exception("webhook %d failed here", webhook.id)
        finally:
            self._busy.discard(webhook.id)

    async def _deliver(self, client: httpx.AsyncClient, webhook: Webhook) -> None:
        """Sends what is past its position, in order, until one is not taken or it is revoked."""
        state = webhook.state
        while True:
            told, end = await self._wanted(webhook)
            if told and webhook.people and self._people:
                await self._account(webhook, told)
            for one in told:
                try:
                    await self._send(client, webhook, one)
                except Failed as failed:
                    await self._note(webhook, state, failed)
                    return
                if not await self._save(webhook, State(one.id), state.position):
                    return
                state = State(one.id)
            self._passed[webhook.id] = end
            if len(told) < AT_ONCE or self._live.ended:
                break
        if end - state.position >= PASSED:
            await self._save(webhook, replace(state, position=end), state.position)

    async def _account(self, webhook: Webhook, told: Sequence[Told]) -> None:
        """Has the audit log say who is about to be told of to whom."""
        entry = Entry(
            Act.DISCLOSURE,
            *OURSELVES,
            f"webhook {webhook.id}",
            {"events": str(len(told)), "through": str(told[-1].id)},
            Whose(
                officers=frozenset(who.officer_id for one in told for who in one.carriers),
                devices=frozenset(one.device_id for one in told if one.device_id is not None),
            ),
        )
        async with self._database.write() as writer:
            await audit.write(writer, [entry], from_us(self._now_us()))

    async def _wanted(self, webhook: Webhook) -> tuple[Sequence[Told], int]:
        """The next events for a webhook, and the position up to which they are all there are."""
        reached = self._reached(webhook)
        async with self._database.read() as reader:
            told = await events.after(reader, reached, AT_ONCE, webhook.kinds)
            if len(told) == AT_ONCE:
                return told, told[-1].id
            return told, max(await events.last(reader), reached)

    async def _send(self, client: httpx.AsyncClient, webhook: Webhook, told: Told) -> None:
        """Posts an event. Raises Failed unless it is taken: any 2xx, in time."""
        body = message(told, people=webhook.people and self._people)
        headers = signed(webhook.secret, str(told.id), self._now_us() // 1_000_000, body)
        try:
            async with (
                asyncio.timeout(self._patience_s),
                client.stream("POST", webhook.url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except (TimeoutError, httpx.TimeoutException) as exc:
            msg = f"no answer within {self._patience_s:g} s"
            raise Failed(msg) from exc
        except ForbiddenDestination as exc:
            raise Failed(str(exc)) from exc
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            msg = f"{type(exc).__name__}: {exc}"
            raise Failed(msg) from exc
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            msg = f"answered {status} {answer.reason_phrase}"
            raise Failed(msg, gone=status == HTTPStatus.GONE)

    async def _note(self, webhook: Webhook, state: State, failed: Failed) -> None:
        """Says that an event was not taken; gives up those for which that has been so too long."""
        now = from_us(self._now_us())
        before, state = state.position, after_failure(state, failed, now)
        if state.revoked is not None:
            _LOG.error("webhook %d is revoked, it failed too long: %s", webhook.id, failed)
        elif _since(state, now) >= GIVE_UP:
            async with self._database.read() as reader:
                last = await webhooks.last_before(reader, state.position, now - GIVE_UP)
            if last > state.position:
                _LOG.error(
                    "webhook %d: events %d to %d are given up: %s",
                    webhook.id,
                    state.position + 1,
                    last,
                    failed,
                )
                state = replace(state, position=last, next_attempt=None)
        await self._save(webhook, state, before)

    async def _save(self, webhook: Webhook, state: State, before: int) -> bool:
        async with self._database.write() as writer:
            return await webhooks.save(writer, webhook.id, state, before)


def after_failure(state: State, failed: Failed, now: datetime) -> State:
    """A webhook's state once an attempt has failed: when to try again, or that it is revoked."""
    failing = state.failing or now
    return replace(
        state,
        attempts=state.attempts + 1,
        failing=failing,
        next_attempt=now + WAITS[min(state.attempts, len(WAITS) - 1)],
        error=str(failed),
        revoked=now if failed.gone or now - failing >= REVOKE else None,
    )


def _since(state: State, now: datetime) -> timedelta:
    return timedelta() if state.failing is None else now - state.failing


def message(told: Told, *, people: bool) -> bytes:
    """What is sent of an event, JSON. Without `people` nothing says whose device it was.

    Of what a device said of itself only the kind is left then: its words may name somebody.
    """
    data: dict[str, object] = {
        "id": told.id,
        "stored": told.stored,
        "hotspot": told.hotspot,
        "visit": told.visit,
        "plan": told.plan,
        "data": None if told.data is None else msgspec.Raw(told.data.encode()),
        "detail": told.detail if people or told.visit is not None else None,
    }
    if people:
        data["device"] = told.device
        data["officers"] = [one.number for one in told.carriers]
    return msgspec.json.encode({"type": told.kind, "timestamp": told.time, "data": data})


def signed(secret: str, id_: str, time_s: int, body: bytes) -> Mapping[str, str]:
    """The headers that show by whom, and when (seconds since the Unix epoch), a body was sent."""
    key = base64.b64decode(secret.removeprefix(SIGNING_PREFIX))
    digest = hmac.digest(key, b".".join((id_.encode(), str(time_s).encode(), body)), "sha256")
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(time_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
