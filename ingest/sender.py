"""Who sends: what is shown to be recognised, and for which devices that lets one speak."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and the name it was given with where the transport has one (HTTP Basic)."""

    secret: str = field(repr=False)
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A place that the transport vouches for: an MQTT topic that its broker guards.

    `kind` is "owntracks" (value "user/device") or "device" (value the device's name).
    """

    kind: str
    value: str

    def unknown(self) -> str:
        """Say in one sentence that nobody is known by it."""
        said = repr(self.value)[:200]
        if self.kind == "device":
            return f"no device is called {said}: a topic has its name, and none of its addresses"
        return f"no device has the {self.kind} address {said}"


Credential = Key | Address


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody known: a device (it has one) or a gateway (it has none, and must name one).

    `speaks_for` finds a gateway's listed devices by their names and addresses, and a device by its
    own addresses: an ISSI, a radio id, what an app calls its phone. `barred` finds those listed
    devices of a gateway that are locked: what it says of them is refused. `unnamed` is whom a
    message is about that names nobody. `owntracks_secret` opens its encrypted OwnTracks payloads,
    and `speed_unit_mps` is the m/s of one unit of a bare `speed` among the parameters that it
    sends; without either they are read as the format says. `devices` is for how many it speaks, who
    may each send as much as one does alone; `number` is what those who count know it by.
    """

    name: str
    device: int | None
    speaks_for: Mapping[str, int] = field(default_factory=dict)
    barred: Mapping[str, int] = field(default_factory=dict)
    unnamed: str | None = None
    owntracks_secret: str | None = field(default=None, repr=False)
    speed_unit_mps: float | None = None
    devices: int = 1
    number: int = 0

    def about(self, named: str) -> Self:
        """Give the same sender, with a message about `named` that does not say so itself."""
        return replace(self, unnamed=named)

    def device_of(self, named: str | None) -> int | None:
        """Give the device a fix belongs to when its message names `named`; None if not allowed."""
        if named is None:
            named = self.unnamed
        if named is None or (self.device is not None and named == self.name):
            return self.device
        return self.speaks_for.get(named)

    def barred_of(self, named: str | None) -> int | None:
        """Give the locked device that a fix would belong to; None where there is none."""
        named = self.unnamed if named is None else named
        return None if named is None else self.barred.get(named)

    def refusal(self, named: str | None) -> str:
        """Say in one sentence why `device_of(named)` gave none."""
        if named is None:
            named = self.unnamed
        if named is None:
            return f"device: missing; {self.name!r} is a gateway and names a device in each fix"
        return f"device: {self.name!r} may not send for {named[:80]!r}"


Identify = Callable[[Credential], Awaitable[Sender | None]]
"""Tells who shows a credential; None for a stranger. Raises LockedOut and StorageUnavailable."""

Recognise = Callable[[Credential], Sender | None]
"""The same from memory and at once; None for whom it does not hold: `Identify` asks."""


def ask_always(_credential: Credential) -> None:
    """Recognise nobody."""
