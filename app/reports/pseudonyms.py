"""Pseudonyms: the same for the same name under one key, and of no use to who has not the key."""

import hashlib
import hmac
from collections.abc import Iterable

# 48 bits: among ten thousand officers two share one once in five million exports.
_HEX_DIGITS = 12


def study_key(secret: bytes, study: str) -> bytes:
    """The key of a study's pseudonyms, by the database's secret: the same at each export of it."""
    return _mac(secret, "study", study).digest()


def pseudonyms(key: bytes, kind: str, names: Iterable[str]) -> list[str]:
    """What stands for each name of a kind ("device", "officer"): `kind-` and 12 hex digits."""
    return [f"{kind}-{_mac(key, kind, name).hexdigest()[:_HEX_DIGITS]}" for name in names]


def _mac(key: bytes, kind: str, name: str) -> "hmac.HMAC":
    # The zero byte, which no name holds, keeps ("a", "bc") from being ("ab", "c").
    return hmac.new(key, f"{kind}\0{name}".encode(), hashlib.sha256)
