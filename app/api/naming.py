"""By what names those who ask see people and devices, and ask for them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final, Literal

from fastapi import Depends, Request

from app.access.naming import Naming, Told
from app.access.viewer import Viewer
from app.api.audited import audited
from app.api.deps import Asker
from app.api.errors import Invalid
from app.api.state import database_of
from app.storage import devices, people, secrets
from app.storage.engine import Reader
from app.storage.errors import NotFound

_NOBODYS: Final = ""  # the name of no device and no officer


async def naming_of(
    request: Request, viewer: Viewer, told: Told = lambda _kind, _name: None
) -> Naming:
    """Names or pseudonyms for a viewer; `told` hears what was meant. Raises DatabaseUnavailable."""
    state = request.app.state
    if not hasattr(state, "pseudonyms_secret"):
        state.pseudonyms_secret = await secrets.of(database_of(request), secrets.PSEUDONYMS)
    return Naming(viewer, state.pseudonyms_secret, told)


async def _naming(request: Request, viewer: Asker) -> Naming:
    # Whoever asks for somebody by a pseudonym looks at them all the same.
    return await naming_of(request, viewer, audited(request).mean)


AsNamed = Annotated[Naming, Depends(_naming)]
"""What stands for people and devices in the answer to whoever asks."""

Kind = Literal["device", "officer"]


async def _numbers(reader: Reader, viewer: Viewer) -> Sequence[str]:
    return [number for number, _ in (await people.seen(reader, viewer)).values()]


_NAMES: Final[dict[Kind, Callable[[Reader, Viewer], Awaitable[Sequence[str]]]]] = {
    "device": devices.names,
    "officer": _numbers,
}


async def meant(reader: Reader, naming: Naming, kind: Kind, given: str | None) -> str | None:
    """The name by which somebody is asked for as the viewer sees them; None: nobody is.

    Of a pseudonym that stands for nobody a name that nobody has. Raises Invalid for a name from who
    sees none.
    """
    if given is None:
        return None
    names = () if naming.by_name else await _NAMES[kind](reader, naming.viewer)
    try:
        # Some thousands of names take milliseconds.
        found = await asyncio.to_thread(naming.meant, kind, given, names)
    except ValueError as exc:
        raise Invalid(where=kind, what=str(exc)) from exc
    return _NOBODYS if found is None else found


async def device_meant(reader: Reader, naming: Naming, given: str) -> str:
    """The name of a device that is asked for. Raises NotFound where a pseudonym is nobody's."""
    try:
        found = await meant(reader, naming, "device", given)
    except Invalid:
        found = None
    if not found:
        msg = f"there is no device {given!r}"
        raise NotFound(msg)
    return found
