"""Tokens end, are shown once, and make sense."""

import httpx
import pytest
import sqlalchemy as sa
from callers import Clock, TokenFor

from app.access.secrets import digest
from app.storage.engine import Database
from app.storage.schema import tokens


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
    admin: httpx.AsyncClient, body: dict[str, object], where: str
) -> None:
    answer = await admin.post("/tokens", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == where
