"""Sessions of people in a browser: their cookies, what guards them, and how long they live."""

import datetime as dt
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from typing import Final, Self

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from app.access.viewer import Role

# Browsers take a cookie of this prefix only if it is Secure, of no Domain, and of all paths: no
# other name of the domain can plant one.
# https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-__host-prefix
SESSION_COOKIE: Final = "__Host-beatkeeper"
FLOW_COOKIE: Final = "__Host-beatkeeper-sign-in"
FLOW_LIFE: Final = dt.timedelta(minutes=10)
# An idle session's clock is put forward so often, and no read waits for a write otherwise.
SEEN_EVERY: Final = dt.timedelta(minutes=1)
LONGEST_PATH: Final = 500
_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Life:
    """How long a session may last, and how long nobody need ask before it is over."""

    longest: dt.timedelta = dt.timedelta(hours=12)
    idle: dt.timedelta = dt.timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Flow:
    """What is remembered of a sign-in from its beginning until the provider sends them back."""

    state: str
    nonce: str
    verifier: str
    back: str
    role: Role | None
    expires_us: int

    @classmethod
    def begin(cls, back: str, role: Role | None, expires_us: int) -> Self:
        """A new one; `back` is where to go afterwards, `expires_us` until when it is good."""
        state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
        return cls(state, nonce, verifier, back, role, expires_us)

    def sealed(self, key: bytes) -> str:
        """The same as a cookie that nobody else can read or make; the key has 32 bytes."""
        return SecretBox(key).encrypt(json.dumps(asdict(self)).encode()).hex()

    @classmethod
    def unsealed(cls, cookie: str, key: bytes, now_us: int) -> Self | None:
        """What a cookie holds; None where it is not ours, or too old."""
        try:
            said = json.loads(SecretBox(key).decrypt(bytes.fromhex(cookie)))
        except (CryptoError, ValueError):
            return None
        flow = cls(**{**said, "role": said["role"] and Role(said["role"])})
        return flow if now_us < flow.expires_us else None


def csrf_token(secret: str) -> str:
    """What a page of ours shows beside the cookie, whose secret it does not tell."""
    return hmac.digest(secret.encode(), b"X-CSRF-Token", hashlib.sha256).hex()


def is_csrf_token(given: str, secret: str) -> bool:
    """Whether somebody shows the token of a session's secret; takes as long for a wrong one."""
    return hmac.compare_digest(given.encode(), csrf_token(secret).encode())


def path_back(given: str | None) -> str:
    """Where to go after signing in: a path of this service, or its beginning.

    No other can be meant: what a browser might read as another host (`//`, a backslash), or drop
    from an address (control characters), is not taken.
    """
    if given is None or len(given) > LONGEST_PATH or not given.isascii():
        return "/"
    plain = given.startswith("/") and not given.startswith("//") and "\\" not in given
    return given if plain and given.isprintable() and " " not in given else "/"
