"""The password file and the access list of a mosquitto that knows each device by its name.

Their formats: https://mosquitto.org/man/mosquitto_passwd-1.html, and `acl_file` in
https://mosquitto.org/man/mosquitto-conf-5.html.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_UP: Final = "beatkeeper/up"
_DOWN: Final = "beatkeeper/down"
_NO_USER: Final = frozenset(":\0\r\n")
_NO_TOPIC: Final = frozenset("+#\0\r\n")


@dataclass(frozen=True, slots=True)
class Login:
    """A device that may log in: its name, by which user it does, and what its password is.

    `mqtt_hash` None: it has no key that a broker knows, and may show a certificate. `owntracks` are
    its addresses (`user/device`), `speaks_for` the names of those for whom a gateway speaks.
    """

    name: str
    mqtt_hash: str | None
    owntracks: Sequence[str] = ()
    speaks_for: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """The user of the service itself; `mqtt_hash` None: it shows a certificate."""

    user: str
    mqtt_hash: str | None
    owntracks: str = "owntracks"


@dataclass(frozen=True, slots=True)
class Files:
    """What is in both files; `left_out` says why devices are in neither, a line each."""

    passwords: str
    access: str
    left_out: Sequence[str]


def files(service: Service, logins: Iterable[Login], reserved: frozenset[str]) -> Files:
    """Both files: who may log in, and what they may publish and read; nobody else may anything.

    `reserved` are names under which the service itself is known to the broker.
    """
    passwords = [] if service.mqtt_hash is None else [f"{service.user}:{service.mqtt_hash}"]
    access, left_out = list(_service(service)), []
    for login in logins:
        wrong = _wrong(login, reserved | {service.user})
        if wrong:
            left_out.append(f"the device {login.name!r} is left out: {wrong}")
            continue
        if login.mqtt_hash is not None:
            passwords.append(f"{login.name}:{login.mqtt_hash}")
        access += ["", *_device(login, service.owntracks)]
    return Files(_lines(passwords), _lines(access), left_out)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _wrong(login: Login, reserved: frozenset[str]) -> str:
    """Why a name is no user of mosquitto's, or would let its holder pass for somebody else."""
    if login.name in reserved:
        return "the service logs in by that name"
    if _NO_USER & set(login.name):
        return "no user's name can have a colon in mosquitto's password file"
    wild = [topic for topic in _topics(login) if _NO_TOPIC & set(topic)]
    return f"{wild[0]!r} would be a pattern of other devices' topics" if wild else ""


def _topics(login: Login) -> Iterator[str]:
    yield login.name
    yield from login.speaks_for
    yield from login.owntracks


def _service(service: Service) -> Iterator[str]:
    yield f"user {service.user}"
    yield f"topic read {_UP}/#"
    yield f"topic read {service.owntracks}/+/+"
    yield f"topic read {service.owntracks}/+/+/event"
    yield f"topic write {_DOWN}/#"


def _device(login: Login, owntracks: str) -> Iterator[str]:
    yield f"user {login.name}"
    for name in (login.name, *login.speaks_for):
        yield f"topic write {_UP}/{name}/+"
        yield f"topic read {_DOWN}/{name}"
    for address in login.owntracks:
        yield f"topic write {owntracks}/{address}"
        yield f"topic write {owntracks}/{address}/event"
