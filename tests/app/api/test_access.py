"""Nothing answers a stranger, and nobody does what their role does not allow."""

from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa
from callers import Clock, TokenFor
from fastapi import FastAPI

from app.access.secrets import digest
from app.storage.engine import Database
from app.storage.schema import tokens

PATHS = {
    "name": "n",
    "key": "k",
    "token_id": "1",
    "number": "1",
    "assignment_id": "1",
    "message_id": "1",
    "duty_time_id": "1",
    "abstraction_id": "1",
    "answer_id": "1",
    "webhook_id": "1",
}
# What only officers do, who speak for themselves.
OFFICERS_OWN = {
    ("post", "/answers"),
    ("delete", "/answers/1"),
    ("post", "/hotspots/k/briefing/read"),
}


EVERYONE = {"officer", "supervisor", "analyst", "administrator"}
STAFF = EVERYONE - {"officer"}
WHERE = EVERYONE - {"administrator"}
PEOPLE = {"supervisor", "administrator"}
# Who may read what; an auditor nothing.
READS = {
    "/hotspots": EVERYONE,
    "/hotspots/k": EVERYONE,
    "/hotspots/k/briefing": EVERYONE,
    "/hotspots/k/briefing/readers": PEOPLE,
    "/briefings": EVERYONE,
    "/plans": EVERYONE,
    "/plans/k": EVERYONE,
    "/plans/k/cells": EVERYONE,
    "/answers": EVERYONE,
    "/compliance": EVERYONE,
    "/briefing-pack": EVERYONE,
    "/returns": EVERYONE,
    "/now": EVERYONE,
    "/visits": WHERE,
    "/patrols": EVERYONE,
    "/cells": EVERYONE,
    "/place-days": EVERYONE,
    "/pings": {"officer", "supervisor"},
    "/events": WHERE,
    "/devices/n/events": WHERE,
    "/recomputes": EVERYONE,
    "/teams": EVERYONE,
    "/officers": PEOPLE,
    "/assignments": PEOPLE,
    "/duty-times": PEOPLE,
    "/abstractions": PEOPLE,
    "/profiles": EVERYONE,
    "/devices": STAFF,
    "/observability": STAFF,
    "/ingest": STAFF,
    "/tokens": {"administrator"},
    "/webhooks": {"administrator"},
    "/quarantine": {"administrator"},
    "/quarantine/1": {"administrator"},
}


def operations(application: FastAPI) -> Iterator[tuple[str, str, dict]]:
    """Every operation of the OpenAPI document: method, path below /api/v1, description."""
    for path, item in application.openapi()["paths"].items():
        for method, operation in item.items():
            yield method, path.format(**PATHS).removeprefix("/api/v1"), operation


async def test_every_route_asks_who_is_there_before_anything_else(
    application: FastAPI, stranger: httpx.AsyncClient
) -> None:
    found = list(operations(application))
    assert len(found) >= 20
    for method, path, _ in found:
        for headers in ({}, {"Authorization": "Bearer bkt_wrong"}, {"Authorization": "Basic eDp5"}):
            # A body that no route could read: it is not even looked at.
            answer = await stranger.request(
                method, path, headers=headers | {"Content-Type": "application/json"}, content=b"{"
            )
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_role_without_rights_is_refused_on_every_route(
    application: FastAPI, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    auditor = await token_for("auditor")
    for method, path, _ in operations(application):
        answer = await stranger.request(method, path, headers=auditor)
        assert answer.status_code == 403, (method, path)
        assert "auditor" in answer.json()["detail"]


@pytest.mark.parametrize("role", ["officer", "supervisor", "analyst"])
async def test_only_an_administrator_changes_anything(
    application: FastAPI,
    stranger: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    token_for: TokenFor,
    role: str,
) -> None:
    await admin.post("/teams", json={"name": "A"})
    await admin.post("/officers", json={"number": "1", "name": "One"})
    more = {"officer": {"officer": "1"}, "supervisor": {"teams": ["A"]}}.get(role, {})
    token = await token_for(role, **more)
    for method, path, _ in operations(application):
        if method != "get" and (role, method, path) not in {
            ("officer", *own) for own in OFFICERS_OWN
        }:
            answer = await stranger.request(method, path, headers=token)
            assert answer.status_code == 403, (method, path)


async def test_each_role_reads_what_the_table_says(
    application: FastAPI, stranger: httpx.AsyncClient, admin: httpx.AsyncClient, token_for: TokenFor
) -> None:
    gets = [path for method, path, _ in operations(application) if method == "get"]
    assert sorted(gets) == sorted(READS)
    await admin.post("/teams", json={"name": "A"})
    await admin.post("/officers", json={"number": "1", "name": "One"})
    more = {"officer": {"officer": "1"}, "supervisor": {"teams": ["A"]}}
    application.state.ingest = None
    readers: dict[str, set[str]] = {path: set() for path in READS}
    for role in sorted(EVERYONE):
        token = await token_for(role, **more.get(role, {}))
        for path in READS:
            answer = await stranger.get(path, headers=token)
            if answer.status_code != 403:
                readers[path].add(role)
    assert readers == READS


async def test_nobody_speaks_for_an_officer(
    stranger: httpx.AsyncClient, admin: httpx.AsyncClient, token_for: TokenFor
) -> None:
    await admin.post("/teams", json={"name": "A"})
    await admin.post("/officers", json={"number": "1", "name": "One", "team": "A"})
    officer = await token_for("officer", officer="1")
    others = [await token_for("supervisor", teams=["A"]), await token_for("analyst"), {}]
    for method, path in OFFICERS_OWN:
        for headers in others:
            answer = await (stranger if headers else admin).request(method, path, headers=headers)
            assert answer.status_code == 403, (method, path)
            assert answer.json()["detail"].endswith("has no right to answer")
        answer = await stranger.request(method, path, headers=officer)
        assert answer.status_code in {404, 422}, (method, path)


async def test_a_token_ends_when_it_expires_or_is_revoked(
    stranger: httpx.AsyncClient, admin: httpx.AsyncClient, clock: Clock, token_for: TokenFor
) -> None:
    brief = await token_for("analyst", expires="2026-01-15T13:00:00Z")
    lasting = await token_for("analyst")
    assert (await stranger.get("/hotspots", headers=brief)).status_code == 200
    clock.set("2026-01-15T13:00:00Z")
    assert (await stranger.get("/hotspots", headers=brief)).status_code == 401
    assert (await stranger.get("/hotspots", headers=lasting)).status_code == 200
    stored = (await admin.get("/tokens")).json()["items"]
    assert (await admin.delete(f"/tokens/{stored[-1]['id']}")).status_code == 204
    assert (await stranger.get("/hotspots", headers=lasting)).status_code == 401
    assert (await admin.delete("/tokens/4711")).status_code == 404


async def test_secrets_are_shown_once_and_stored_hashed(
    admin: httpx.AsyncClient, database: Database
) -> None:
    made = (await admin.post("/tokens", json={"name": "x", "role": "analyst"})).json()
    assert made["token"].startswith("bkt_")
    listed = (await admin.get("/tokens")).json()["items"]
    assert made["token"] not in str(listed)
    assert [one["name"] for one in listed] == ["first administrator", "x"]
    async with database.read() as reader:
        stored = (await reader.scalars(sa.select(tokens.c.secret_hash))).all()
    assert digest(made["token"]) in stored


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"name": "x", "role": "officer"}, "officer"),
        ({"name": "x", "role": "officer", "officer": "404"}, "officer"),
        ({"name": "x", "role": "supervisor"}, "teams"),
        ({"name": "x", "role": "supervisor", "teams": ["nobody's"]}, "team"),
        ({"name": "x", "role": "king"}, "body.role"),
        ({"name": "x", "role": "analyst", "expires": "2026-01-15T11:59:59Z"}, "expires"),
        ({"name": "x", "role": "analyst", "expires": "2026-02-01T00:00:00"}, "body.expires"),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused_by_field(
    admin: httpx.AsyncClient, body: dict, where: str
) -> None:
    answer = await admin.post("/tokens", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == where


async def test_every_route_is_documented_with_examples(application: FastAPI) -> None:
    document = application.openapi()
    for method, path, operation in operations(application):
        assert operation["security"] == [{"Token": []}], (method, path)
        assert operation["description"], (method, path)
        for content in [
            *operation.get("requestBody", {}).get("content", {}).values(),
            *operation["responses"]
            .get("200", operation["responses"].get("201", {}))
            .get("content", {})
            .values(),
        ]:
            assert "example" in str(content) or has_example(document, content), (method, path)


def has_example(document: dict, content: dict) -> bool:
    """Whether the schema of a body or answer, or of the items of a list, has an example."""
    name = content["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    if "items" in schema.get("properties", {}):
        return has_example(document, {"schema": schema["properties"]["items"]["items"]})
    return "examples" in schema
