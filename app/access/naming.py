"""What a viewer reads where a person or a device is named: the name, or their own pseudonym."""

from collections.abc import Callable, Iterable, Mapping

from app.access.pseudonyms import is_pseudonym, number_of, pseudonym, viewer_key
from app.access.viewer import Right, Scope, Viewer

Told = Callable[[str, str], None]
"""Hears of a kind ("device", "officer") and a name of it."""


class Naming:
    """Names for a viewer who has the right to them; for another, pseudonyms by a key of theirs.

    An officer for whom the glass was broken is named. `secret` is the database's own; `told` hears
    of each name, by its kind, that a pseudonym was found to mean.
    """

    def __init__(
        self,
        viewer: Viewer,
        secret: bytes,
        told: Told = lambda _kind, _name: None,
    ) -> None:
        self.viewer = viewer
        self._told = told
        self._key = viewer_key(secret, viewer.authority)

    @property
    def by_name(self) -> bool:
        """Whether those whom the viewer sees stand there by name."""
        return self.viewer.scope_of(Right.READ_NAMES) is not Scope.NOBODY

    def officer(self, number: str, officer_id: int, team_id: int | None) -> str:
        """What stands for an officer, by their number."""
        if self.viewer.sees(Right.READ_NAMES, officer_id, team_id):
            return number
        return pseudonym(self._key, "officer", number)

    def device(self, name: str) -> str:
        """What stands for a device."""
        return name if self.by_name else pseudonym(self._key, "device", name)

    def places(self, kind: str, names: Mapping[int, str]) -> dict[int, int]:
        """Where each of a kind stands in a list, by id, from their names: by these the ids tell.

        By pseudonym nothing is told of the order in which they were enrolled.
        """
        if self.by_name:
            return {id_: id_ for id_ in names}
        return {id_: number_of(pseudonym(self._key, kind, name)) for id_, name in names.items()}

    def meant(self, kind: str, given: str, names: Iterable[str]) -> str | None:
        """Which name of a kind ("device", "officer") the viewer means, as they read it; or None.

        Raises ValueError where it is no pseudonym, for a viewer who reads those: an answer would
        tell whom a pseudonym stands for.
        """
        if self.by_name:
            return given
        if not is_pseudonym(given, kind):
            msg = f"you see no names: give the {kind}'s pseudonym, as your lists have it"
            raise ValueError(msg)
        for name in names:
            if pseudonym(self._key, kind, name) == given:
                self._told(kind, name)
                return name
        return None
