"""Every operation of the OpenAPI document, by every role: the one table says who may."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import two_teams
from callers import ADMIN, Clock, bearer
from fastapi import FastAPI
from two_teams import DAY, MARK, MORE, TIMES

from app.access.rules import DOORS, OPEN, RULES
from app.access.viewer import RIGHTS, Right, Role
from app.main import create_app
from app.settings import Settings

PREFIX = "/api/v1"
PLAN = {"plan": "late"}
# What a list cannot be asked for without.
QUERIES = {
    "/compliance": PLAN | DAY,
    "/cells": PLAN | DAY,
    "/patrols": PLAN | DAY,
    "/place-days": PLAN | DAY,
    "/plans/{key}/cells": DAY,
    "/pings": TIMES,
    "/observability": TIMES,
    "/briefing-pack": PLAN,
    "/returns": PLAN | {"month": "2026-01"},
}
# What a path names: a row that is there, and one that is not.
ROWS = {"name": two_teams.radio(1), "number": two_teams.number(1), "key": "HS1"}

# There for officers alone; by its name, for who sees names.
OF_SOME = {"GET /me/looks", "GET /me/data", "GET /devices/{name}/events"}


class Operation(NamedTuple):
    """One of the document, as the table of rules names it."""

    method: str
    path: str
    has_forms: bool

    @property
    def rule(self) -> str:
        return f"{self.method} {self.path.removeprefix(PREFIX)}"

    @property
    def query(self) -> dict[str, str]:
        return QUERIES.get(self.path.removeprefix(PREFIX), {})

    @property
    def paths(self) -> list[str]:
        """What is there, and what is not; one where the path names nothing."""
        return list(dict.fromkeys((self.there(), self.missing())))

    def there(self) -> str:
        """With what is there."""
        rows = ROWS | ({"key": "late"} if "/plans/" in self.path else {})
        return self._filled(rows, "1")

    def missing(self) -> str:
        """With what is not."""
        return self._filled({}, "4711")

    def _filled(self, rows: dict[str, str], other: str) -> str:
        parts = (
            rows.get(part[1:-1], other) if part.startswith("{") else part
            for part in self.path.split("/")
        )
        return "/".join(parts)


def operations(application: FastAPI) -> list[Operation]:
    """Those that look come before those that change anything."""
    paths = application.openapi()["paths"].items()
    found = [
        Operation(method.upper(), path, '"f"' in json.dumps(said.get("parameters", [])))
        for path, item in paths
        for method, said in item.items()
    ]
    return sorted(found, key=lambda one: (one.method != "GET", one.method == "DELETE"))


@pytest.fixture
def clock() -> Clock:
    return Clock(two_teams.NOW)


@pytest.fixture
async def application(two_teams_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[FastAPI]:
    """The real one, of which nothing but its sockets is left out.

    On one kind of database: who may ask what is decided before either is asked.
    """
    settings = Settings(database=two_teams_url, spool=tmp_path / "s", guesses_per_minute=100_000)
    app = create_app(settings, clock.now_us)
    async with app.router.lifespan_context(app):
        yield app


def client(application: FastAPI, token: str | None, below: str = "") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    headers = {} if token is None else bearer(token)
    return httpx.AsyncClient(transport=transport, base_url=f"http://test{below}", headers=headers)


async def token_for(application: FastAPI, role: Role, **more: object) -> str:
    body = {"name": role, "role": role, **MORE.get(role, {}), **more}
    async with client(application, ADMIN) as admin:
        answer = await admin.post(f"{PREFIX}/tokens", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def unruled(application: FastAPI) -> Iterator[str]:
    """Operations of which no table says who may."""
    for one in operations(application):
        if one.path.startswith(PREFIX):
            if one.rule not in RULES:
                yield one.rule
        elif one.rule not in OPEN and not one.path.startswith(DOORS):
            yield one.rule


async def test_no_route_is_without_a_rule_nor_a_rule_without_a_route(application: FastAPI) -> None:
    assert list(unruled(application)) == []
    ruled = {one.rule for one in operations(application) if one.path.startswith(PREFIX)}
    assert RULES.keys() - ruled == set()


async def test_every_operation_answers_every_role_as_the_table_says(
    application: FastAPI,
) -> None:
    found = [one for one in operations(application) if one.rule in RULES]
    assert len(found) > 60
    # Who deletes things comes last.
    for role in sorted(Role, key=lambda role: role is Role.ADMINISTRATOR):
        async with client(application, await token_for(application, role)) as caller:
            for one in found:
                if all(right in RIGHTS[role] for right in RULES[one.rule].rights):
                    await is_answered(caller, one, role, one.paths)
                else:
                    # What is not there is refused alike: one role asks, and the test of scopes.
                    paths = one.paths if role is Role.AUDITOR else one.paths[:1]
                    await is_refused(caller, one, f"the role {role} has no right to ", paths)


async def is_answered(
    caller: httpx.AsyncClient, one: Operation, role: Role, paths: Sequence[str]
) -> None:
    for path in paths:
        body = None if one.method == "GET" else {}
        answer = await caller.request(one.method, path, params=one.query, json=body)
        about = (one.rule, role, answer.text)
        assert answer.status_code not in {401, 403, 405, 429}, about
        assert answer.status_code < 500, about
        if one.method == "GET" and path == one.there():
            expected = {200, 404} if one.rule in OF_SOME else {200}
            assert answer.status_code in expected, about


async def is_refused(
    caller: httpx.AsyncClient, one: Operation, why: str, paths: Sequence[str]
) -> None:
    answers = [
        await caller.request(one.method, path, params=one.query, content=b"{") for path in paths
    ]
    assert {answer.status_code for answer in answers} == {403}, (one.rule, why)
    assert len({answer.content for answer in answers}) == 1, (one.rule, why)
    assert why in answers[0].text


async def test_who_shows_nothing_good_learns_nothing_of_any_route(
    application: FastAPI, clock: Clock
) -> None:
    """No token, an expired one, a revoked one, and a device's key."""
    brief = await token_for(application, Role.ADMINISTRATOR, expires="2026-01-15T20:30:00Z")
    revoked = await token_for(application, Role.ADMINISTRATOR)
    async with client(application, ADMIN) as admin:
        held = (await admin.get(f"{PREFIX}/tokens")).json()["items"]
        assert (await admin.delete(f"{PREFIX}/tokens/{held[-1]['id']}")).status_code == 204
        key = (await admin.post(f"{PREFIX}/devices/{two_teams.radio(1)}/keys")).json()["key"]
    clock.now += dt.timedelta(hours=1)
    bodies = set()
    for token in (None, brief, revoked, key, "x"):
        async with client(application, token) as caller:
            for one in operations(application):
                if one.rule in OPEN:
                    continue
                for path in one.paths[: 2 if token in {None, "x"} else 1]:
                    if one.path.startswith(DOORS) and (token == key or "{key}" in one.path):
                        continue
                    answer = await caller.request(one.method, path, content=b"{")
                    assert answer.status_code == 401, (one.rule, path, answer.text)
                    if one.path.startswith(PREFIX):
                        bodies.add(answer.content)
    # One for who shows nothing, one for all who show something.
    assert len(bodies) == 2


FORMATS = ("csv", "json", "geojson", "html")


async def test_an_analyst_reads_no_name_on_any_route_in_any_format(application: FastAPI) -> None:
    officer = await token_for(application, Role.OFFICER)
    async with client(application, officer, PREFIX) as caller:
        await two_teams.answer_for(caller)
    analyst = await token_for(application, Role.ANALYST)
    seen = 0
    async with client(application, analyst) as caller:
        for one in operations(application):
            if one.method != "GET" or not one.path.startswith(PREFIX) or "{" in one.path:
                continue
            for query in asked(one):
                answer = await caller.get(one.path, params=one.query | query)
                if answer.status_code == 200:
                    seen += 1
                    assert MARK not in answer.text, (one.rule, query)
    assert seen > 30


def asked(one: Operation) -> Iterator[dict[str, str]]:
    """The ways to ask for a list, but for the stream, which does not end."""
    yield {}
    if one.path.endswith("/compliance"):
        for by in ("officer", "team", "organisation", "source"):
            yield {"by": by}
            yield {"by": by, "f": "csv"}
    if one.has_forms:
        yield from ({"f": form} for form in FORMATS)


async def test_a_token_is_for_its_scopes_alone(application: FastAPI) -> None:
    """With a route's rights it is answered, though it has no other; without one it is not."""
    made: dict[tuple[Role, frozenset[Right]], str] = {}

    async def scoped(role: Role, rights: Collection[Right]) -> str:
        key = role, frozenset(rights)
        if key not in made:
            made[key] = await token_for(application, role, scopes=sorted(rights))
        return made[key]

    for one in operations(application):
        rights = RULES[one.rule].rights if one.rule in RULES else ()
        role = next((role for role in Role if RIGHTS[role].keys() >= set(rights)), None)
        if not rights or role is None:
            continue
        async with client(application, await scoped(role, rights)) as caller:
            await is_answered(caller, one, role, one.paths[:1])
        others = RIGHTS[role].keys() - {rights[0]}
        async with client(application, await scoped(role, others)) as caller:
            await is_refused(caller, one, "this token is not for the right to ", one.paths)
