"""OwnTracks' encrypted payloads (https://owntracks.org/booklet/features/encrypt/), opened.

`{"_type": "encrypted", "data": ...}`: base64 of a nonce of 24 bytes and of libsodium's secretbox
(XSalsa20 and Poly1305) around the whole message. Who sent it must be known by other means.
"""

import base64
import binascii
from typing import Final

import msgspec
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from ingest.decoders import jsontext
from ingest.errors import DecodeError

_MARK: Final = b'"encrypted"'


class _Sealed(msgspec.Struct):
    data: str
    type: str = msgspec.field(name="_type")


def is_sealed(payload: bytes) -> bool:
    """Tell whether a payload may be an encrypted one, as the apps write them; cheap."""
    return _MARK in payload


def open_sealed(payload: bytes, key: str) -> bytes:
    """Give the message inside an encrypted one, for the passphrase `key` of its device.

    Raises DecodeError for a message that is not encrypted, is cut short, or was sealed with
    another key; that it was changed on its way looks the same.
    """
    try:
        sealed = jsontext.convert(jsontext.parse(payload, "OwnTracks JSON"), _Sealed)
        if sealed.type != "encrypted":
            message = f"the message is not encrypted, but {sealed.type[:40]!r}"
            raise DecodeError(message)
        box = base64.b64decode("".join(sealed.data.split()), validate=True)
    except binascii.Error as error:
        message = "data: the encrypted payload is not base64"
        raise DecodeError(message) from error
    except ValueError as error:
        raise DecodeError(str(error)) from error
    try:
        return SecretBox(_padded(key)).decrypt(box)
    except (CryptoError, ValueError, TypeError) as error:
        message = "the encrypted payload does not open with this device's encryption key"
        raise DecodeError(message) from error


def _padded(key: str) -> bytes:
    """Give 32 bytes as the apps make them: NUL after a shorter passphrase, a longer one cut."""
    return key.encode()[: SecretBox.KEY_SIZE].ljust(SecretBox.KEY_SIZE, b"\0")
