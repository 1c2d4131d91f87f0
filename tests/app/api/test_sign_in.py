"""People sign in by a real OpenID provider, and a session is theirs, as long as it should be."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from callers import Clock
from fastapi import FastAPI, Request
from provider_process import SECRET, Provider, walk

from app import api
from app.access.claims import Names
from app.access.secrets import digest
from app.access.sessions import FLOW_COOKIE, SESSION_COOKIE, Life
from app.api.eventstream import follow
from app.api.route import viewer_of
from app.live import Live
from app.oidc import Client
from app.signing_in import CALLBACK, SignIn
from app.storage import sessions as sessions_stored
from app.storage.engine import Database
from app.storage.guarding import accounts, audit, sessions
from app.storage.types import from_us, to_us

OURS = "https://beatkeeper.test"
ME = f"{OURS}/api/v1/me"
ALICE = "alice:analyst"
Browser = Callable[[], httpx.AsyncClient]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Of one kind: what is stored, the tests of storage try on both."""
    return sqlite_url


@pytest.fixture
def clock() -> Clock:
    # The provider goes by the true time.
    return Clock(dt.datetime.now(dt.UTC))


def sign_in(application: FastAPI, provider: Provider, **given: object) -> SignIn:
    client = Client(provider.issuer, "beatkeeper", SECRET, OURS + CALLBACK)
    state = application.state
    made = {"client": client, "names": Names(), "life": Life()} | given
    return SignIn(state.database, state.auditor, origin=OURS, now_us=state.now_us, **made)  # type: ignore[arg-type]  # as the test says


@pytest.fixture
async def service(application: FastAPI, identity_provider: Provider) -> FastAPI:
    application.include_router(api.entrance)
    application.state.sign_in = sign_in(application, identity_provider)
    return application


@pytest.fixture
async def browser(service: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Ours at its public address, everything else by the network."""
    ours = httpx.ASGITransport(service, raise_app_exceptions=False)
    async with httpx.AsyncClient(mounts={OURS: ours}, trust_env=False) as client:
        yield client


async def callback(browser: httpx.AsyncClient, login: str = ALICE, query: str = "") -> str:
    """The address with which the provider sends somebody back."""
    return await walk(browser, f"{OURS}/sign-in{query}", login, OURS + CALLBACK)


async def come_in(
    browser: httpx.AsyncClient, login: str = ALICE, query: str = ""
) -> httpx.Response:
    """Signs somebody in."""
    return await browser.get(await callback(browser, login, query))


async def me(browser: httpx.AsyncClient) -> httpx.Response:
    return await browser.get(ME)


async def own_page(browser: httpx.AsyncClient) -> dict[str, str]:
    """What a page of ours sends beside the cookie."""
    return {"Origin": OURS, "X-CSRF-Token": (await me(browser)).json()["csrf_token"]}


async def logged(database: Database) -> list[tuple[str, str, str, str]]:
    async with database.read() as reader:
        names = audit.c.who, audit.c.role, audit.c.what, audit.c.details
        query = sa.select(*names).where(audit.c.act == "access").order_by(audit.c.id)
        return [(row[0], row[1], row[2], row[3]) for row in await reader.execute(query)]


async def test_whoever_signs_in_is_known_by_a_cookie(
    browser: httpx.AsyncClient, database: Database
) -> None:
    answer = await come_in(browser, ALICE, "?return=/plans%3Fday%3D1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/plans?day=1"
    known = (await me(browser)).json()
    assert (known["name"], known["role"]) == ("alice", "analyst")
    assert known["rights"]["read_visits"] == "everybody"
    assert "read_names" not in known["rights"]
    [entry] = await logged(database)
    assert entry[:3] == ("alice", "analyst", "GET /sign-in/callback")
    assert json.loads(entry[3]) == {"account": "1", "subject": ALICE}


async def test_cookies_are_for_this_host_alone_and_for_no_script(
    browser: httpx.AsyncClient,
) -> None:
    begun = await browser.get(f"{OURS}/sign-in")
    done = await come_in(browser)
    given = [*begun.headers.get_list("set-cookie"), *done.headers.get_list("set-cookie")]
    assert len(given) == 3
    for cookie in given:
        assert cookie.startswith("__Host-")
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
        assert not any(flag.startswith("domain") for flag in flags)


async def test_the_provider_is_asked_with_a_challenge_state_and_nonce(
    browser: httpx.AsyncClient,
) -> None:
    asked = parse_qs(urlsplit((await browser.get(f"{OURS}/sign-in")).headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == 43
    assert asked["response_type"] == ["code"]


async def test_who_only_begins_writes_nothing(
    browser: httpx.AsyncClient, database: Database
) -> None:
    async def written() -> list[int | None]:
        async with database.read() as reader:
            tables = (accounts, sessions, audit)
            return [await reader.scalar(sa.select(sa.func.max(one.c.id))) for one in tables]

    before = await written()
    assert (await browser.get(f"{OURS}/sign-in")).status_code == 303
    assert await written() == before


async def test_another_browsers_answer_is_not_taken(
    browser: httpx.AsyncClient, database: Database
) -> None:
    address = await callback(browser)
    begun = browser.cookies.get(FLOW_COOKIE)
    browser.cookies.delete(FLOW_COOKIE)
    assert (await browser.get(address)).status_code == 400
    browser.cookies.set(FLOW_COOKIE, begun or "", domain="beatkeeper.test")
    wrong = await browser.get(address.replace("state=", "state=x"))
    assert wrong.status_code == 400
    assert SESSION_COOKIE not in browser.cookies
    assert "refused" in (await logged(database))[0][3]
    forged = await browser.get(address, headers={"Cookie": f"{FLOW_COOKIE}={'00' * 80}"})
    assert forged.status_code == 400


async def test_an_answer_is_good_once_and_for_ten_minutes(
    browser: httpx.AsyncClient, clock: Clock
) -> None:
    address = await callback(browser)
    begun = browser.cookies.get(FLOW_COOKIE) or ""
    clock.now += dt.timedelta(minutes=10)
    assert (await browser.get(address)).status_code == 400
    clock.now -= dt.timedelta(minutes=10)
    assert (await browser.get(address)).status_code == 303
    again = await browser.get(address, headers={"Cookie": f"{FLOW_COOKIE}={begun}"})
    assert again.status_code == 400
    assert again.headers["content-type"] == "application/problem+json"


async def test_a_code_of_another_client_or_challenge_is_not_taken(
    browser: httpx.AsyncClient, service: FastAPI, identity_provider: Provider
) -> None:
    address = await callback(browser)
    another = Client(identity_provider.issuer, "another", "another secret", OURS + CALLBACK)
    service.state.sign_in = sign_in(service, identity_provider, client=another)
    assert (await browser.get(address)).status_code == 400
    service.state.sign_in = sign_in(service, identity_provider)
    # A code that was asked for with another verifier: an attacker's, put into one's own flow.
    code = parse_qs(urlsplit(await callback(browser)).query)["code"][0]
    state = parse_qs(urlsplit((await browser.get(f"{OURS}/sign-in")).headers["location"]).query)
    swapped = await browser.get(OURS + CALLBACK, params={"code": code, "state": state["state"][0]})
    assert swapped.status_code == 400
    assert code not in swapped.text


async def test_the_answer_of_another_issuer_or_a_refusal_lets_nobody_in(
    browser: httpx.AsyncClient,
) -> None:
    address = await callback(browser)
    state = parse_qs(urlsplit(address).query)["state"][0]
    mixed = await browser.get(
        OURS + CALLBACK, params={"code": "c", "state": state, "iss": "https://evil.example"}
    )
    assert mixed.status_code == 400
    said = {"error": "access_denied", "error_description": "<script>", "state": state}
    refused = await browser.get(OURS + CALLBACK, params=said)
    assert refused.status_code == 400
    assert "script" not in refused.text


async def test_a_public_client_signs_in_by_its_challenge_alone(
    browser: httpx.AsyncClient, service: FastAPI, identity_provider: Provider
) -> None:
    phone = Client(identity_provider.issuer, "phone", None, OURS + CALLBACK)
    nested = Names(role="realm_access.roles")
    service.state.sign_in = sign_in(service, identity_provider, client=phone, names=nested)
    await come_in(browser, "bob:auditor")
    assert (await me(browser)).json()["role"] == "auditor"


@pytest.mark.parametrize("login", ["nobody", "nobody:owner"])
async def test_who_has_no_role_is_sent_to_an_administrator(
    browser: httpx.AsyncClient, login: str, database: Database
) -> None:
    answer = await come_in(browser, login)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "ask an administrator"
    assert SESSION_COOKIE not in browser.cookies
    assert (await me(browser)).status_code == 401
    async with database.read() as reader:
        assert await reader.scalar(sa.select(accounts.c.subject)) == login


async def test_of_several_roles_one_is_chosen_the_least_first(browser: httpx.AsyncClient) -> None:
    several = "carol:administrator+officer+analyst"
    for query, role in (("", "officer"), ("?role=administrator", "administrator")):
        browser.cookies.clear()
        await come_in(browser, several, query)
        assert (await me(browser)).json()["role"] == role
    browser.cookies.clear()
    assert (await come_in(browser, several, "?role=auditor")).status_code == 403


async def test_what_an_administrator_sets_wins_and_a_lock_ends_sessions_at_once(
    browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await admin.post("/teams", json={"name": "Centre"})
    await come_in(browser)
    account = (await admin.get("/accounts")).json()["items"][0]
    path = f"/accounts/{account['id']}"
    changed = await admin.put(path, json={"role": "supervisor", "teams": ["Centre"]})
    assert changed.json()["teams"] == ["Centre"]
    assert (await me(browser)).status_code == 401
    await come_in(browser)
    known = (await me(browser)).json()
    assert (known["role"], known["teams"]) == ("supervisor", ["Centre"])
    assert (await admin.get("/sessions")).json()["items"][0]["name"] == "alice"
    await admin.put(path, json={"role": None, "locked": True})
    assert (await me(browser)).status_code == 401
    assert (await come_in(browser)).status_code == 403
    assert (await admin.get("/sessions")).json()["items"] == []
    assert (await admin.put("/accounts/99", json={"role": None})).status_code == 404


async def test_a_role_that_was_taken_away_ends_with_the_next_sign_in(
    browser: httpx.AsyncClient, service: FastAPI, identity_provider: Provider
) -> None:
    await come_in(browser)
    elsewhere = {"Cookie": f"{SESSION_COOKIE}={browser.cookies.get(SESSION_COOKIE)}"}
    browser.cookies.clear()
    await come_in(browser)
    assert (await browser.get(ME, headers=elsewhere)).status_code == 200
    service.state.sign_in = sign_in(service, identity_provider, names=Names(role="none"))
    browser.cookies.clear()
    assert (await come_in(browser)).status_code == 403
    assert (await browser.get(ME, headers=elsewhere)).status_code == 401


async def test_an_administrator_does_not_change_their_own_account(
    browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await come_in(browser, "root:administrator")
    [own] = (await admin.get("/accounts")).json()["items"]
    path, given = f"/accounts/{own['id']}", {"role": "analyst"}
    page = await own_page(browser)
    refused = await browser.put(f"{OURS}/api/v1{path}", json=given, headers=page)
    assert refused.status_code == 403
    assert "another administrator" in refused.text
    assert (await admin.put(path, json=given)).status_code == 200


async def test_teams_and_officer_come_from_claims_where_these_are_named(
    browser: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    service: FastAPI,
    identity_provider: Provider,
) -> None:
    for team in ("Centre", "North"):
        await admin.post("/teams", json={"name": team})
    await admin.post("/officers", json={"number": "1234", "name": "A", "team": "Centre"})
    names = Names(team="teams", officer="officer")
    service.state.sign_in = sign_in(service, identity_provider, names=names)
    await come_in(browser, "dave:supervisor:1234:North+Elsewhere")
    known = (await me(browser)).json()
    assert (known["teams"], known["officer"]) == (["North"], "1234")


async def test_a_session_ends_when_it_is_idle_and_when_it_is_old(
    browser: httpx.AsyncClient, clock: Clock
) -> None:
    await come_in(browser)
    for _ in range(3):
        clock.now += dt.timedelta(minutes=59)
        assert (await me(browser)).status_code == 200
    clock.now += dt.timedelta(minutes=60)
    assert (await me(browser)).status_code == 401
    clock.now -= dt.timedelta(hours=3, minutes=57)
    await come_in(browser)
    for _ in range(12):
        clock.now += dt.timedelta(minutes=59)
        assert (await me(browser)).status_code == 200
    clock.now += dt.timedelta(minutes=12)
    assert (await me(browser)).status_code == 401


async def test_reads_do_not_write_but_once_a_minute(
    browser: httpx.AsyncClient, clock: Clock, database: Database
) -> None:
    await come_in(browser)
    begun = clock.now
    for seconds, seen in ((59, 0), (2, 61), (30, 61)):
        clock.now += dt.timedelta(seconds=seconds)
        await me(browser)
        async with database.read() as reader:
            found = await reader.scalar(sa.select(sessions.c.seen))
        assert found is not None
        assert to_us(found) - to_us(begun) == seen * 1_000_000


async def test_a_cookie_is_worth_nothing_after_signing_out(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await come_in(browser)
    stolen = browser.cookies.get(SESSION_COOKIE) or ""
    assert (await browser.post(f"{OURS}/sign-out")).status_code == 403
    answer = await browser.post(f"{OURS}/sign-out", headers=await own_page(browser))
    assert answer.status_code == 204
    assert SESSION_COOKIE not in browser.cookies
    shown = {"Cookie": f"{SESSION_COOKIE}={stolen}"}
    assert (await browser.get(f"{OURS}/api/v1/me", headers=shown)).status_code == 401
    assert (await logged(database))[1][2] == "POST /sign-out"
    async with database.read() as reader:
        assert (
            stolen.encode() not in (await reader.scalars(sa.select(sessions.c.secret_hash))).all()
        )


async def test_who_signs_out_of_a_session_that_is_over_loses_the_cookie(
    browser: httpx.AsyncClient, clock: Clock
) -> None:
    await come_in(browser)
    clock.now += dt.timedelta(hours=1)
    assert (await browser.post(f"{OURS}/sign-out")).status_code == 204
    assert SESSION_COOKIE not in browser.cookies


async def test_another_sites_link_chooses_no_role(browser: httpx.AsyncClient) -> None:
    several = "carol:administrator+officer"
    for site, role in (
        ("cross-site", "officer"),
        ("same-site", "officer"),
        ("same-origin", "administrator"),
        ("none", "administrator"),
    ):
        browser.cookies.clear()
        browser.headers["Sec-Fetch-Site"] = site
        await come_in(browser, several, "?role=administrator")
        assert (await me(browser)).json()["role"] == role


async def test_a_stream_of_events_ends_with_its_session(
    browser: httpx.AsyncClient, service: FastAPI, database: Database
) -> None:
    await come_in(browser)
    secret = browser.cookies.get(SESSION_COOKIE) or ""
    cookie = f"{SESSION_COOKIE}={secret}".encode()
    scope = {"type": "http", "method": "GET", "headers": [(b"cookie", cookie)], "app": service}
    request = Request(scope)
    async with Live(database, look_every_s=0.05) as service.state.live, asyncio.timeout(10):
        request.state.viewer = await viewer_of(request)
        lines = follow(request, str, 0, None, beat_s=0.05)
        assert (await anext(lines)).startswith(": here")
        async with database.write() as writer:
            await sessions_stored.end_shown(writer, digest(secret), from_us(service.state.now_us()))
        assert len([line async for line in lines]) <= 2


async def test_a_session_that_was_planted_is_not_taken_over(browser: httpx.AsyncClient) -> None:
    browser.cookies.set(SESSION_COOKIE, "planted", domain="beatkeeper.test")
    await come_in(browser)
    first = browser.cookies.get(SESSION_COOKIE, domain="beatkeeper.test")
    assert first != "planted"
    await come_in(browser)
    assert browser.cookies.get(SESSION_COOKIE, domain="beatkeeper.test") != first
    old = {"Cookie": f"{SESSION_COOKIE}={first}"}
    browser.cookies.clear()
    assert (await browser.get(f"{OURS}/api/v1/me", headers=old)).status_code == 401


async def test_only_a_page_of_ours_changes_anything_by_cookie(browser: httpx.AsyncClient) -> None:
    await come_in(browser, "root:administrator")
    page = await own_page(browser)
    csrf = {"X-CSRF-Token": page["X-CSRF-Token"]}
    team = f"{OURS}/api/v1/teams"
    refused = (
        {},
        {"Origin": OURS},
        csrf,
        {"Origin": OURS, "X-CSRF-Token": "0" * 64},
        {"Origin": "https://evil.example", **csrf},
        {"Origin": "null", **csrf},
        {"Sec-Fetch-Site": "cross-site", **csrf},
        {"Sec-Fetch-Site": "same-site", **csrf},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin", **csrf},
        {"Origin": OURS, "X-CSRF-Token": "\xff".encode().decode("latin-1")},
    )
    for headers in refused:
        raw = {name: value.encode("latin-1") for name, value in headers.items()}
        answer = await browser.post(team, json={"name": "T"}, headers=raw)
        assert answer.status_code == 403, headers
    for name, headers in (("A", page), ("B", {"Sec-Fetch-Site": "same-origin", **csrf})):
        answer = await browser.post(team, json={"name": name}, headers=headers)
        assert answer.status_code == 201, answer.text


async def test_who_shows_a_token_too_is_judged_by_it(
    browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await come_in(browser)
    token = {"Authorization": admin.headers["authorization"]}
    made = await browser.post(f"{OURS}/api/v1/teams", json={"name": "T"}, headers=token)
    assert made.status_code == 201
    wrong = {"Authorization": "Bearer bkt_nobody's", **(await own_page(browser))}
    assert (await browser.get(f"{OURS}/api/v1/me", headers=wrong)).status_code == 401


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/%0d%0aSet-Cookie:%20a=b",
        "/%09/evil.example",
        "javascript:alert(1)",
        "/caf%C3%A9",
        "evil.example",
        "/" + "a" * 600,
    ],
)
async def test_nobody_is_sent_to_another_host(browser: httpx.AsyncClient, back: str) -> None:
    answer = await come_in(browser, ALICE, f"?return={back}")
    assert answer.headers["location"] == "/"
    assert "a" not in browser.cookies


async def test_a_provider_that_is_away_is_a_problem_that_says_so(
    browser: httpx.AsyncClient, service: FastAPI, identity_provider: Provider
) -> None:
    away = Client("http://127.0.0.1:9", "beatkeeper", SECRET, OURS + CALLBACK)
    address = httpx.URL(await callback(browser)).copy_remove_param("iss")
    service.state.sign_in = sign_in(service, identity_provider, client=away)
    for answer in (await browser.get(f"{OURS}/sign-in"), await browser.get(address)):
        assert answer.status_code == 503
        assert "127.0.0.1" not in answer.text
    assert (await browser.get(f"{OURS}/sign-in")).headers["retry-after"] == "60"


async def test_an_unknown_role_or_none_is_refused_before_the_provider_is_asked(
    browser: httpx.AsyncClient,
) -> None:
    assert (await browser.get(f"{OURS}/sign-in?role=owner")).status_code == 422
