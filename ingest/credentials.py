"""The key that an HTTP request shows, wherever its app could put it."""

from base64 import b64decode
from collections.abc import Sequence
from urllib.parse import unquote_plus

from ingest.errors import Unauthorised
from ingest.sender import Key

Headers = Sequence[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case."""


def credential(headers: Headers, query: bytes, path_key: str) -> Key:
    """Find the key in a request's headers, its URL's parameters or the end of its path.

    One in the path comes first: apps that are given it there may send credentials of their own.
    OwnTracks' X-Limit-U and X-Limit-D are not looked at: anybody can write anything there.
    Raises Unauthorised where there is no key.
    """
    in_path = path_key.strip("/")
    if in_path:
        return Key(in_path)
    bare, unread = "", None
    for name, value in headers:
        if name == b"authorization":
            try:
                key = _authorization(value.decode("latin-1"))
            except Unauthorised as error:
                unread = error
            else:
                if key is not None:
                    return key
        elif name == b"x-device-key":
            bare = bare or value.decode("latin-1")
    bare = bare or _in_query(query)
    if bare:
        return Key(bare)
    if unread is not None:
        raise unread
    message = (
        "no device key: send it as `Authorization: Bearer KEY`, as the password of HTTP Basic,"
        " as `X-Device-Key: KEY`, as `?key=KEY` or at the end of the path"
    )
    raise Unauthorised(message)


def without_key(query: bytes) -> bytes:
    """Give the parameters of a URL but for the key: what cannot be read is kept for people."""
    if not query:
        return query
    return b"&".join(part for part in query.split(b"&") if not _names_key(part))


def _authorization(value: str) -> Key | None:
    """Read an Authorization header; None for one that shows nothing, or that is not ours."""
    scheme, _, shown = value.partition(" ")
    scheme, shown = scheme.lower(), shown.strip()
    if scheme == "bearer" and shown:
        return Key(shown)
    return _basic(shown) if scheme == "basic" else None


def _basic(shown: str) -> Key | None:
    """Read `user:password`, and `key:` as programs write it that have nothing but a key.

    Base64 has no colon: with one in it the header was not encoded, as Overland's is when it speaks
    OwnTracks' protocol.
    """
    user, _, secret = (shown if ":" in shown else _decoded(shown)).partition(":")
    if secret:
        return Key(secret, user)
    return Key(user) if user else None


def _decoded(shown: str) -> str:
    try:
        return b64decode(shown, validate=True).decode()
    except ValueError as error:  # binascii.Error and UnicodeDecodeError are both of them
        message = "the HTTP Basic credentials are not base64 of `user:password`"
        raise Unauthorised(message) from error


def _in_query(query: bytes) -> str:
    """Give the last parameter `key`, as most readers of parameters do; "" where there is none."""
    for part in reversed(query.split(b"&")):
        if _names_key(part):
            return unquote_plus(part.partition(b"=")[2].decode("latin-1"))
    return ""


def _names_key(parameter: bytes) -> bool:
    name = parameter.partition(b"=")[0]
    return name == b"key" or (b"%" in name and unquote_plus(name.decode("latin-1")) == "key")
