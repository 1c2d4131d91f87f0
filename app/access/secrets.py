"""Keys of devices and tokens of people: random, shown once, and kept only as a digest."""

import base64
import hashlib
import secrets
from enum import StrEnum

RANDOM_BYTES = 32
# Of a webhook's secret, as Standard Webhooks 1.0 writes it.
SIGNING_PREFIX = "whsec_"


class Kind(StrEnum):
    """What a secret is for, as its prefix: whoever finds one in a log knows what it is."""

    DEVICE_KEY = "bkd_"
    TOKEN = "bkt_"  # noqa: S105 -- a prefix


def new_secret(kind: Kind) -> str:
    """A new secret of 256 random bits, safe in URLs and headers."""
    return kind + secrets.token_urlsafe(RANDOM_BYTES)


def digest(secret: str) -> bytes:
    """What is stored of a secret (SHA-256), by which it is known again.

    A slow, salted hash protects passwords that can be guessed. Nobody guesses 256 random bits,
    and a plain digest can be looked up in an index, at each fix that a device posts.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def new_signing_secret() -> str:
    """A new secret of 256 random bits, by which a webhook's receiver knows what comes from us.

    It is stored as it is: a digest could sign nothing.
    """
    return SIGNING_PREFIX + base64.b64encode(secrets.token_bytes(RANDOM_BYTES)).decode()
