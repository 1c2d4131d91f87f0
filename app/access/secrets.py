"""Keys of devices and tokens of people: random, shown once, and kept only as a digest."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from enum import StrEnum

RANDOM_BYTES = 32
# Of PBKDF2, with SHA-512, in mosquitto's password files: `mosquitto_passwd` takes as many. What
# could be guessed asks for a hundred thousand; random bits are never guessed. A broker works one
# out at each login, a stranger's too, and lets all else wait meanwhile.
MQTT_ROUNDS = 101
MQTT_SALT_BYTES = 12
# Of a webhook's secret, as Standard Webhooks 1.0 writes it.
SIGNING_PREFIX = "whsec_"


class Kind(StrEnum):
    """What a secret is for, as its prefix: whoever finds one in a log knows what it is."""

    DEVICE_KEY = "bkd_"
    TOKEN = "bkt_"  # noqa: S105 -- a prefix


def new_secret(kind: Kind) -> str:
    """A new secret of 256 random bits, safe in URLs and headers."""
    return kind + secrets.token_urlsafe(RANDOM_BYTES)


def new_session() -> str:
    """A new secret of 256 random bits for a session's cookie."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def digest(secret: str) -> bytes:
    """What is stored of a secret (SHA-256), by which it is known again.

    A slow, salted hash protects passwords that can be guessed. Nobody guesses 256 random bits,
    and a plain digest can be looked up in an index, at each fix that a device posts.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def mqtt_hash(secret: str, salt: bytes) -> str:
    """What mosquitto's password file says of a secret, after the user's name and a colon.

    `salt` is MQTT_SALT_BYTES random ones. No broker can do with the plain digest that we keep.
    """
    found = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, MQTT_ROUNDS)
    words = (base64.b64encode(one).decode() for one in (salt, found))
    return f"$7${MQTT_ROUNDS}${'$'.join(words)}"


def new_mqtt_hash(secret: str) -> str:
    """The same with a new salt."""
    return mqtt_hash(secret, secrets.token_bytes(MQTT_SALT_BYTES))


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A device's new key: the secret, to be shown once, and what is stored of it."""

    secret: str = field(repr=False)
    digest: bytes
    mqtt_hash: str


def new_device_key() -> DeviceKey:
    """A key that devices show over HTTP, and mosquitto as their password."""
    secret = new_secret(Kind.DEVICE_KEY)
    return DeviceKey(secret, digest(secret), new_mqtt_hash(secret))


def new_signing_secret() -> str:
    """A new secret of 256 random bits, by which a webhook's receiver knows what comes from us.

    It is stored as it is: a digest could sign nothing.
    """
    return SIGNING_PREFIX + base64.b64encode(secrets.token_bytes(RANDOM_BYTES)).decode()
