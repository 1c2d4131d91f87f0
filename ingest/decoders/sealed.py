"""OwnTracks' encrypted payloads (https://owntracks.org/booklet/features/encrypt/), opened.

`{"_type": "encrypted", "data": ...}`: base64 of a nonce of 24 bytes and of libsodium's secretbox
(XSalsa20 and Poly1305) around the whole message. Who sent it must be known by other means.
"""

import base64
import binascii

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox


def open_sealed(data: str, secret: str) -> bytes:
    """Give the message inside `data`, for the passphrase of the phone that sealed it.

    Raises ValueError for what is cut short or was sealed with another passphrase; that it was
    changed on its way looks the same.
    """
    try:
        box = base64.b64decode("".join(data.split()), validate=True)
    except binascii.Error as error:
        message = "data: the encrypted payload is not base64"
        raise ValueError(message) from error
    try:
        return SecretBox(_padded(secret)).decrypt(box)
    except (CryptoError, ValueError, TypeError) as error:
        message = "the encrypted payload does not open with this device's `owntracks_secret`"
        raise ValueError(message) from error


def _padded(secret: str) -> bytes:
    """Give 32 bytes as the apps make them: NUL after a shorter passphrase, a longer one cut."""
    return secret.encode()[: SecretBox.KEY_SIZE].ljust(SecretBox.KEY_SIZE, b"\0")
