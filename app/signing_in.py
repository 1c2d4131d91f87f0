"""Signing in: people go to the identity provider, come back, and have a session in one role."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from app.access.audit import Act, Entry
from app.access.claims import Claimed, Names, choose, read
from app.access.secrets import digest, new_session
from app.access.sessions import FLOW_LIFE, Flow, Life
from app.access.viewer import Role
from app.auditing import Auditor
from app.oidc import Client, NotSignedIn, Provider
from app.storage import accounts, audit, secrets, sessions
from app.storage.accounts import Known
from app.storage.engine import Database
from app.storage.types import from_us

CALLBACK = "/sign-in/callback"
WHAT = f"GET {CALLBACK}"
"""What the log calls it."""


class NoRole(Exception):
    """The provider knows them, and they may do nothing here."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has begun: its secret, for the cookie alone, and where they wanted to go."""

    secret: str
    back: str


class SignIn:
    """Signs people in by one provider; `origin` is ours as browsers call it (https://NAME)."""

    def __init__(
        self,
        database: Database,
        auditor: Auditor,
        client: Client,
        names: Names,
        life: Life,
        *,
        origin: str,
        now_us: Callable[[], int],
    ) -> None:
        self.life = life
        self.origin = origin
        self.issuer = client.issuer
        self._database = database
        self._auditor = auditor
        self._names = names
        self._now_us = now_us
        self._provider = Provider(client, lambda: now_us() // 1_000_000)
        self._key: bytes | None = None

    async def begin(self, back: str, role: Role | None) -> tuple[str, str]:
        """Where to send somebody, and what their browser is to remember meanwhile, sealed.

        Raises ProviderAway and DatabaseUnavailable.
        """
        flow = Flow.begin(back, role, self._now_us() + FLOW_LIFE // dt.timedelta(microseconds=1))
        return await self._provider.address(flow), flow.sealed(await self._sealing_key())

    async def flow(self, cookie: str | None, state: str | None) -> Flow:
        """The sign-in that a browser has begun and comes back from. Raises NotSignedIn."""
        key = await self._sealing_key()
        flow = None if cookie is None else Flow.unsealed(cookie, key, self._now_us())
        if flow is None or state is None or digest(flow.state) != digest(state):
            msg = "this sign-in was not begun in this browser, or too long ago: begin anew"
            raise NotSignedIn(msg)
        return flow

    async def finish(self, flow: Flow, code: str, before: str | None, origin: str) -> SignedIn:
        """A session for whom the provider gave the code, in place of the one of `before`.

        Raises ProviderAway, NotSignedIn, NoRole and DatabaseUnavailable.
        """
        claimed = read(await self._provider.claims(code, flow), self._names)
        secret, now = new_session(), from_us(self._now_us())
        async with self._database.write() as writer:
            known = await accounts.sign_in(writer, claimed, now)
            role = None if known.locked else choose(known.roles, flow.role)
            await sessions.end_other(
                writer,
                known.id,
                roles=known.roles,
                officer_id=known.officer_id,
                team_ids=known.team_ids,
                now=now,
            )
            if role is not None:
                if before is not None:
                    await sessions.end_shown(writer, digest(before), now)
                id_ = await sessions.create(
                    writer,
                    known.id,
                    digest(secret),
                    role=role,
                    officer_id=known.officer_id,
                    team_ids=known.team_ids,
                    now=now,
                    life=self.life,
                )
                entry = _entry(claimed, known, role, f"session {id_}", origin)
                await audit.write(writer, [entry], now)
        if role is None:
            why = "the account is locked" if known.locked else "they have no such role"
            entry = _entry(claimed, known, None, f"account {known.id}", origin, refused=why)
            await self._auditor.note(entry)
            raise NoRole
        return SignedIn(secret, flow.back)

    async def end(self, secret: str, origin: str) -> None:
        """Ends the session of a secret, if it goes on. Raises DatabaseUnavailable."""
        now = from_us(self._now_us())
        async with self._database.write() as writer:
            shown = await sessions.shown(writer, digest(secret), now, self.life)
            if shown is None:
                return
            await sessions.end(writer, shown.id, now)
            who = shown.viewer
            entry = Entry(Act.ACCESS, who.name, who.role, who.authority, origin, "POST /sign-out")
            await audit.write(writer, [entry], now)

    async def _sealing_key(self) -> bytes:
        if self._key is None:
            self._key = await secrets.of(self._database, secrets.SIGN_IN)
        return self._key


def _entry(
    claimed: Claimed, known: Known, role: Role | None, authority: str, origin: str, **more: str
) -> Entry:
    role_named = "none" if role is None else role.value
    # Names change, and two people may have one.
    details = {"account": str(known.id), "subject": claimed.subject, **more}
    return Entry(Act.ACCESS, claimed.name, role_named, authority, origin, WHAT, details)
