"""A provider that sends what it should not lets nobody in; a server here signs the tokens."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from app.access.sessions import Flow
from app.oidc import Client, NotSignedIn, Provider, ProviderAway

NOW_S = 1_780_000_000
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
NEXT = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
FLOW = Flow("state", "nonce", "verifier", "/", None, 0)


class Server(ThreadingHTTPServer):
    """A token endpoint that gives out `id_token`, and keys beside it."""

    id_token: str = ""
    keys: tuple[RSAKey, ...] = (KEY,)
    keys_read = 0
    changes: dict[str, object] = {}  # noqa: RUF012 -- set by each test on its own server

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.path == "/keys":
            self.server.keys_read += 1
            self._say({"keys": [key.as_dict(private=False) for key in self.server.keys]})
            return
        issuer = self.server.issuer
        said: dict[str, object] = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorise",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
        }
        self._say(said | self.server.changes)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say({"access_token": "a", "token_type": "Bearer", "id_token": self.server.id_token})

    def _say(self, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def claims(server: Server, **changed: object) -> dict[str, Any]:
    said = {
        "iss": server.issuer,
        "aud": "beatkeeper",
        "sub": "alice",
        "iat": NOW_S - 1,
        "exp": NOW_S + 300,
        "nonce": "nonce",
    } | changed
    return {name: value for name, value in said.items() if value is not None}


def signed(said: dict[str, Any], key: RSAKey = KEY) -> str:
    return jwt.encode({"alg": "RS256", "kid": key.kid or ""}, said, key)


def provider(server: Server) -> Provider:
    client = Client(server.issuer, "beatkeeper", "s", "https://b.test/sign-in/callback")
    return Provider(client, lambda: NOW_S)


async def test_a_good_token_says_who_it_is(server: Server) -> None:
    server.id_token = signed(claims(server))
    assert (await provider(server).claims("code", FLOW))["sub"] == "alice"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["beatkeeper", "another"]},
        {"aud": ["beatkeeper", "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": NOW_S - 61},
        {"iat": NOW_S + 61},
        {"nbf": NOW_S + 61},
        {"nonce": "of another sign-in"},
        *({name: None} for name in ("iss", "aud", "exp", "iat", "sub", "nonce")),
        {"sub": ""},
        {"exp": "soon"},
    ],
    ids=lambda changed: (
        "-".join(f"{name}={value}" for name, value in changed.items())[:30]
        if not {"exp", "iat", "nbf"} & set(changed)
        else "-".join(changed)
    ),
)
async def test_a_token_that_is_not_for_this_sign_in_is_refused(
    server: Server, changed: dict[str, object]
) -> None:
    server.id_token = signed(claims(server, **changed))
    with pytest.raises(NotSignedIn):
        await provider(server).claims("code", FLOW)


async def test_a_token_that_the_provider_did_not_sign_is_refused(server: Server) -> None:
    good = signed(claims(server))
    head, body, signature = good.split(".")
    none = urlsafe_b64encode(b'{"alg":"none","kid":"one"}').rstrip(b"=").decode()
    confused = urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').rstrip(b"=").decode()
    mac = hmac.digest(KEY.as_pem(private=False), f"{confused}.{body}".encode(), "sha256")
    forged = (
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{'A' * len(signature)}",
        signed(claims(server), RSAKey.generate_key(2048, {"kid": "one"})),
        f"{confused}.{body}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}",
        "nonsense",
        "a.b.c",
    )
    asked = provider(server)
    for token in forged:
        server.id_token = token
        with pytest.raises(NotSignedIn) as refused:
            await asked.claims("code", FLOW)
        assert body not in str(refused.value)


async def test_keys_are_read_once_more_for_a_new_one(server: Server) -> None:
    asked = provider(server)
    server.id_token = signed(claims(server))
    await asked.claims("code", FLOW)
    await asked.claims("code", FLOW)
    assert server.keys_read == 1
    server.keys, server.id_token = (KEY, NEXT), signed(claims(server), NEXT)
    assert (await asked.claims("code", FLOW))["sub"] == "alice"
    assert server.keys_read == 2
    server.id_token = signed(claims(server), RSAKey.generate_key(2048, {"kid": "three"}))
    with pytest.raises(NotSignedIn):
        await asked.claims("code", FLOW)
    assert server.keys_read == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_provider_that_contradicts_itself_is_not_asked(
    server: Server, changes: dict[str, object]
) -> None:
    server.changes = changes
    with pytest.raises(ProviderAway):
        await provider(server).address(FLOW)


async def test_a_provider_that_has_moved_is_asked_anew_where_it_is(server: Server) -> None:
    server.id_token, server.changes = (
        signed(claims(server)),
        {"token_endpoint": "https://127.0.0.1:9/"},
    )
    asked = provider(server)
    with pytest.raises(ProviderAway):
        await asked.claims("code", FLOW)
    server.changes = {}
    assert (await asked.claims("code", FLOW))["sub"] == "alice"
