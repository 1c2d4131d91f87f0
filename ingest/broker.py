"""Where the MQTT broker is and how to log in there, as one URL says it."""

from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import unquote, urlsplit

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


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
