"""Where the MQTT broker is and how to log in there, as one URL says it."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Tls:
    """By what a broker is known, and we to it: files of PEM.

    `authority` None: those that this machine trusts. Without a `key` it is in the `certificate`.
    """

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Give what checks the broker's certificate and name, and shows ours if there is one.

        ValueError says, in one line, which file cannot be used.
        """
        try:
            context = ssl.create_default_context(cafile=self.authority)
        except OSError as error:  # of which SSLError is one
            message = f"{self.authority} holds no certificate of an authority: {_reason(error)}"
            raise ValueError(message) from error
        if self.certificate is not None:
            try:
                # Without a password to give, OpenSSL would ask the terminal for one.
                context.load_cert_chain(self.certificate, self.key, password="")
            except OSError as error:
                files = self.certificate if self.key is None else f"{self.certificate}, {self.key}"
                message = f"{files}: no certificate and its key, unencrypted: {_reason(error)}"
                raise ValueError(message) from error
        return context


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error)


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker's address. With `tls` its certificate is checked."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT]`; ValueError says what is wrong with it."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            message = "an MQTT broker is given as mqtt://HOST[:PORT] or mqtts://USER:PASSWORD@HOST"
            raise ValueError(message)
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            tls=parts.scheme == "mqtts",
        )

    def __str__(self) -> str:
        """Give its address without the login, for logs."""
        return f"{self.host}:{self.port}"
