"""How each wire format is spoken over HTTP: by which methods, and what its senders are answered."""

from dataclasses import dataclass
from typing import Final

from ingest.decoders import DECODERS, gpslogger, osmand, overland, owntracks

JSON: Final = "application/json"

_ANY: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Answer:
    """The one answer of a protocol to all that it does not have to send again."""

    body: bytes
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """One format's way in. `answer` None: a receipt, which names each fix that was rejected.

    `tries_for_ever`: its apps send a message that is refused again and again, most of them nothing
    else meanwhile, so that one which can never be read is set aside and answered as a success. One
    that is too large for a setting can be read some day, and stays with the app.
    """

    format: str
    methods: tuple[str, ...] = ("POST",)
    answer: Answer | None = None
    tries_for_ever: bool = False

    @property
    def takes_query(self) -> bool:
        """Tell whether the parameters of a URL are a message."""
        return "GET" in self.methods


_SPECIAL: Final = {
    door.format: door
    for door in (
        Door("owntracks", answer=Answer(owntracks.ANSWER, JSON), tries_for_ever=True),
        Door("osmand", ("GET", "POST"), Answer(osmand.ANSWER), tries_for_ever=True),
        Door("traccar", ("GET", "POST"), Answer(osmand.ANSWER), tries_for_ever=True),
        Door("overland", answer=Answer(overland.ANSWER, JSON), tries_for_ever=True),
        # It tries a few times and then drops the point, whatever it is answered.
        Door("gpslogger", _ANY, Answer(gpslogger.ANSWER)),
    )
}

DOORS: Final = tuple(_SPECIAL.get(name, Door(name)) for name in DECODERS)
"""Every format's, in the order of DECODERS."""
