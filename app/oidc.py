"""OpenID Connect: sends people to the force's identity provider, and knows who comes back.

The authorisation code flow with PKCE, as a confidential or a public client:
https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth and RFC 7636.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from app.access.claims import Claims
from app.access.sessions import Flow

PATIENCE_S: Final = 10.0
# How far the provider's clock may be from ours.
LEEWAY_S: Final = 60
# Signed by a key that only the provider has: neither `none` nor one that the client knows as well.
ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)
_DISCOVERY: Final = "/.well-known/openid-configuration"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class ProviderAway(Exception):
    """The identity provider does not answer, or not as OpenID Connect says: nobody can sign in."""


class NotSignedIn(Exception):
    """Whoever came back from the provider is not who they were said to be: why, in words of ours.

    Of what came from outside it says nothing.
    """


@dataclass(frozen=True, slots=True)
class Client:
    """As what the provider knows this service; a `secret` of None is a public client's."""

    issuer: str
    id: str
    secret: str | None
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class _Endpoints:
    authorise: str
    token: str
    keys: str


class Provider:
    """One identity provider; what it says of itself is read when it is first needed."""

    def __init__(self, client: Client, now_s: Callable[[], int]) -> None:
        self._client = client
        self._now_s = now_s
        self._endpoints: _Endpoints | None = None
        self._keys: KeySet | None = None

    async def address(self, flow: Flow) -> str:
        """Where to send somebody to sign in. Raises ProviderAway."""
        async with self._http() as http:
            known = await self._discovered(http)
        challenge = hashlib.sha256(flow.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._client.redirect_uri,
            "scope": "openid profile email",
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{known.authorise}{'&' if '?' in known.authorise else '?'}{urlencode(asked)}"

    async def claims(self, code: str, flow: Flow) -> Claims:
        """Who it was that the provider gave this code. Raises ProviderAway and NotSignedIn."""
        try:
            async with self._http() as http:
                known = await self._discovered(http)
                id_token = await self._redeemed(http, known, code, flow)
                found = await self._decoded(http, known, id_token)
        except ProviderAway:
            # It may have moved.
            self._endpoints = None
            raise
        self._check(found, flow)
        return found

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=PATIENCE_S, headers={"Accept": "application/json"})

    async def _discovered(self, http: httpx.AsyncClient) -> _Endpoints:
        if self._endpoints is None:
            issuer = self._client.issuer
            said = await _json(http, issuer.rstrip("/") + _DISCOVERY)
            if said.get("issuer") != issuer:
                msg = "it says that it is another issuer than oidc_issuer"
                raise ProviderAway(msg)
            names = "authorization_endpoint", "token_endpoint", "jwks_uri"
            self._endpoints = _Endpoints(*(_endpoint(said.get(name)) for name in names))
        return self._endpoints

    async def _redeemed(
        self, http: httpx.AsyncClient, known: _Endpoints, code: str, flow: Flow
    ) -> str:
        """The ID token for a code, to whoever has the verifier of the challenge."""
        client = self._client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "client_id": client.id,
            "code_verifier": flow.verifier,
        }
        # https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
        auth = client.secret and httpx.BasicAuth(quote_plus(client.id), quote_plus(client.secret))
        try:
            answer = await http.post(known.token, data=form, auth=auth or httpx.USE_CLIENT_DEFAULT)
            said = answer.json() if answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else None
        except (httpx.HTTPError, ValueError) as exc:
            msg = f"its token endpoint: {type(exc).__name__}"
            raise ProviderAway(msg) from exc
        if said is None:
            msg = f"its token endpoint answered {answer.status_code}"
            raise ProviderAway(msg)
        given = said.get("id_token") if isinstance(said, dict) and answer.is_success else None
        if not isinstance(given, str):
            msg = "the identity provider takes this code for nothing: begin anew"
            raise NotSignedIn(msg)
        return given

    async def _decoded(self, http: httpx.AsyncClient, known: _Endpoints, id_token: str) -> Claims:
        """What a token says that the provider has signed; its keys are read anew for a new one."""
        keys = self._keys or await self._read_keys(http, known)
        try:
            try:
                return jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
            except InvalidKeyIdError:
                keys = await self._read_keys(http, known)
                return jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError) as exc:
            msg = "the identity provider did not sign this token"
            raise NotSignedIn(msg) from exc

    async def _read_keys(self, http: httpx.AsyncClient, known: _Endpoints) -> KeySet:
        said = await _json(http, known.keys)
        listed = said.get("keys")
        usable = [
            one
            for one in (listed if isinstance(listed, list) else [])
            if isinstance(one, dict)
            and one.get("kty") in {"RSA", "EC", "OKP"}
            and one.get("use", "sig") == "sig"
        ]
        try:
            self._keys = KeySet.import_key_set({"keys": usable})
        except (JoseError, ValueError) as exc:
            msg = "its keys cannot be read"
            raise ProviderAway(msg) from exc
        return self._keys

    def _check(self, claims: Claims, flow: Flow) -> None:
        """https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation."""
        client = self._client
        registry = jwt.JWTClaimsRegistry(
            now=self._now_s,
            leeway=LEEWAY_S,
            iss={"essential": True, "value": client.issuer},
            aud={"essential": True, "value": client.id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": flow.nonce},
        )
        try:
            registry.validate(dict(claims))
        except JoseError as exc:
            msg = f"the identity provider's token is not for this sign-in ({exc.error})"
            raise NotSignedIn(msg) from exc
        audience = claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if claims.get("azp", None if several else client.id) != client.id:
            msg = "the identity provider's token is for another client"
            raise NotSignedIn(msg)


async def _json(http: httpx.AsyncClient, url: str) -> Mapping[str, object]:
    try:
        answer = (await http.get(url)).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as exc:
        msg = f"{url}: {type(exc).__name__}"
        raise ProviderAway(msg) from exc
    if not isinstance(answer, dict):
        msg = f"{url}: no object of JSON"
        raise ProviderAway(msg)
    return answer


def _endpoint(url: object) -> str:
    if not isinstance(url, str) or not is_private(url):
        msg = "an endpoint of it is no https:// address"
        raise ProviderAway(msg)
    return url


def is_private(url: str) -> bool:
    """Whether nobody can listen on the way: https, or this machine alone."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
