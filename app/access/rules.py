"""Which right each route of the API asks for, and what the audit log calls it: one table.

A route that it does not name is not served: see `app.api.route`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.access.audit import Act
from app.access.viewer import Right


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks for: all of these rights; none: whoever is known.

    `act` None: what it gives is about nobody (places, plans, our own state), and not logged.
    """

    rights: tuple[Right, ...]
    act: Act | None = None


def _reads(*rights: Right) -> Rule:
    return Rule(rights)


def _consults(*rights: Right) -> Rule:
    return Rule(rights, Act.CONSULTATION)


def _whole(*rights: Right) -> Rule:
    """A table of people, with the hot spots and teams beside them."""
    return _consults(*rights, Right.READ_COMPLIANCE, Right.READ_HOTSPOTS)


def _alters(*rights: Right) -> Rule:
    return Rule(rights, Act.ALTERATION)


_HOTSPOTS = _reads(Right.READ_HOTSPOTS)
# A figure is one of hot spots.
_FIGURES = _reads(Right.READ_COMPLIANCE, Right.READ_HOTSPOTS)
_FIGURES_OF_SOME = _consults(Right.READ_COMPLIANCE, Right.READ_HOTSPOTS)
_VISITS = _consults(Right.READ_VISITS)
# A list of people is one of names.
_PEOPLE = _consults(Right.READ_PEOPLE, Right.READ_NAMES)
_DEVICES = _consults(Right.READ_DEVICES)
_PLACES_ALTERED = _alters(Right.MANAGE_PLACES)
_PEOPLE_ALTERED = _alters(Right.MANAGE_PEOPLE)
_DEVICES_ALTERED = _alters(Right.MANAGE_DEVICES)
_ACCESS_ALTERED = _alters(Right.MANAGE_ACCESS)
_ANSWERED = _alters(Right.ANSWER)

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "GET /hotspots": _HOTSPOTS,
        "GET /hotspots/{key}": _HOTSPOTS,
        "POST /hotspots": _PLACES_ALTERED,
        "DELETE /hotspots/{key}": _PLACES_ALTERED,
        "GET /briefings": _FIGURES,
        "GET /hotspots/{key}/briefing": _FIGURES,
        "PUT /hotspots/{key}/briefing": _alters(Right.MANAGE_PLACES, Right.READ_HOTSPOTS),
        "DELETE /hotspots/{key}/briefing": _alters(Right.MANAGE_PLACES, Right.READ_HOTSPOTS),
        "POST /hotspots/{key}/briefing/read": _alters(
            Right.ANSWER, Right.READ_COMPLIANCE, Right.READ_HOTSPOTS
        ),
        "GET /hotspots/{key}/briefing/readers": _whole(Right.READ_PEOPLE, Right.READ_NAMES),
        "GET /plans": _FIGURES,
        "GET /plans/{key}": _FIGURES,
        "GET /plans/{key}/cells": _FIGURES,
        "PUT /plans/{key}": _PLACES_ALTERED,
        "GET /answers": _FIGURES_OF_SOME,
        "POST /answers": _alters(Right.ANSWER, Right.READ_COMPLIANCE, Right.READ_HOTSPOTS),
        "DELETE /answers/{answer_id}": _ANSWERED,
        "POST /import": _alters(Right.MANAGE_PLACES, Right.MANAGE_PEOPLE, Right.MANAGE_DEVICES),
        "GET /teams": _FIGURES,
        "POST /teams": _PEOPLE_ALTERED,
        "GET /officers": _PEOPLE,
        "POST /officers": _PEOPLE_ALTERED,
        "PUT /officers/{number}": _PEOPLE_ALTERED,
        "GET /assignments": _PEOPLE,
        "POST /assignments": _PEOPLE_ALTERED,
        "PUT /assignments/{assignment_id}": _PEOPLE_ALTERED,
        "DELETE /assignments/{assignment_id}": _PEOPLE_ALTERED,
        "GET /duty-times": _PEOPLE,
        "POST /duty-times": _PEOPLE_ALTERED,
        "DELETE /duty-times/{duty_time_id}": _PEOPLE_ALTERED,
        "GET /abstractions": _PEOPLE,
        "POST /abstractions": _PEOPLE_ALTERED,
        "DELETE /abstractions/{abstraction_id}": _PEOPLE_ALTERED,
        "GET /profiles": _FIGURES,
        "PUT /profiles/{name}": _DEVICES_ALTERED,
        "GET /devices": _DEVICES,
        "POST /devices": _DEVICES_ALTERED,
        "PUT /devices/{name}": _DEVICES_ALTERED,
        "POST /devices/{name}/keys": _DEVICES_ALTERED,
        "DELETE /devices/{name}/keys": _DEVICES_ALTERED,
        "POST /devices/enrol": _DEVICES_ALTERED,
        "GET /devices/{name}/keys": _consults(Right.MANAGE_DEVICES),
        "DELETE /devices/{name}/keys/{key_id}": _DEVICES_ALTERED,
        "PUT /devices/{name}/lock": _DEVICES_ALTERED,
        "DELETE /devices/{name}/lock": _DEVICES_ALTERED,
        "GET /refusals": _consults(Right.MANAGE_DEVICES),
        "GET /devices/{name}/events": _VISITS,
        "GET /observability": _DEVICES,
        "GET /ingest": _reads(Right.READ_DEVICES),
        "GET /chores": _reads(Right.READ_DEVICES),
        "GET /erasures": _consults(Right.ERASE),
        "POST /erasures": Rule((Right.ERASE,), Act.ERASURE),
        "GET /me/data": _consults(Right.READ_TRACKS),
        "GET /quarantine": _consults(Right.MANAGE_DEVICES),
        "GET /quarantine/{message_id}": _consults(Right.MANAGE_DEVICES, Right.READ_PAYLOADS),
        "DELETE /quarantine/{message_id}": _DEVICES_ALTERED,
        "GET /visits": _whole(Right.READ_VISITS),
        "GET /events": _VISITS,
        "GET /recomputes": _FIGURES,
        "GET /pings": _whole(Right.READ_TRACKS),
        "GET /patrols": _FIGURES,
        "GET /cells": _FIGURES,
        "GET /place-days": _FIGURES,
        "GET /compliance": _FIGURES_OF_SOME,
        "GET /now": _FIGURES_OF_SOME,
        "GET /briefing-pack": _FIGURES_OF_SOME,
        "GET /returns": _FIGURES_OF_SOME,
        "GET /tokens": _consults(Right.MANAGE_ACCESS),
        "POST /tokens": _ACCESS_ALTERED,
        "DELETE /tokens/{token_id}": _ACCESS_ALTERED,
        "GET /accounts": _consults(Right.MANAGE_ACCESS),
        "PUT /accounts/{account_id}": _ACCESS_ALTERED,
        "GET /sessions": _consults(Right.MANAGE_ACCESS),
        "DELETE /sessions/{session_id}": _ACCESS_ALTERED,
        "GET /me": Rule(()),
        "GET /break-glass": _reads(Right.BREAK_GLASS),
        "POST /break-glass": Rule((Right.BREAK_GLASS,), Act.ACCESS),
        "DELETE /break-glass/{glass_id}": Rule((Right.BREAK_GLASS,), Act.ACCESS),
        "GET /audit": _consults(Right.READ_AUDIT),
        "GET /me/looks": Rule(()),
        "GET /webhooks": _consults(Right.MANAGE_ACCESS),
        "POST /webhooks": _ACCESS_ALTERED,
        "DELETE /webhooks/{webhook_id}": _ACCESS_ALTERED,
    }
)

OPEN: Final = frozenset(
    {"GET /healthz", "GET /readyz", "GET /sign-in", "GET /sign-in/callback", "POST /sign-out"}
)
"""What anybody may ask, of all that is not below /api/v1: it tells nothing about anybody."""

DOORS: Final = "/ingest/"
"""Below this devices post, by keys of their own; there is nothing to read."""
