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


def _alters(*rights: Right) -> Rule:
    return Rule(rights, Act.ALTERATION)


_HOTSPOTS = _reads(Right.READ_HOTSPOTS)
_FIGURES = _reads(Right.READ_COMPLIANCE)
_VISITS = _consults(Right.READ_VISITS)
_PEOPLE = _consults(Right.READ_PEOPLE)
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
        "PUT /hotspots/{key}/briefing": _PLACES_ALTERED,
        "DELETE /hotspots/{key}/briefing": _PLACES_ALTERED,
        "POST /hotspots/{key}/briefing/read": _ANSWERED,
        "GET /hotspots/{key}/briefing/readers": _PEOPLE,
        "GET /plans": _FIGURES,
        "GET /plans/{key}": _FIGURES,
        "GET /plans/{key}/cells": _FIGURES,
        "PUT /plans/{key}": _PLACES_ALTERED,
        "GET /answers": _consults(Right.READ_COMPLIANCE),
        "POST /answers": _ANSWERED,
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
        "GET /devices/{name}/events": _VISITS,
        "GET /observability": _DEVICES,
        "GET /ingest": _reads(Right.READ_DEVICES),
        "GET /quarantine": _consults(Right.MANAGE_DEVICES),
        "GET /quarantine/{message_id}": _consults(Right.MANAGE_DEVICES),
        "DELETE /quarantine/{message_id}": _DEVICES_ALTERED,
        "GET /visits": _VISITS,
        "GET /events": _VISITS,
        "GET /recomputes": _reads(Right.READ_VISITS),
        "GET /pings": _consults(Right.READ_TRACKS),
        "GET /patrols": _FIGURES,
        "GET /cells": _FIGURES,
        "GET /place-days": _FIGURES,
        "GET /compliance": _consults(Right.READ_COMPLIANCE),
        "GET /now": _consults(Right.READ_COMPLIANCE),
        "GET /briefing-pack": _consults(Right.READ_COMPLIANCE),
        "GET /returns": _consults(Right.READ_COMPLIANCE),
        "GET /tokens": _consults(Right.MANAGE_ACCESS),
        "POST /tokens": _ACCESS_ALTERED,
        "DELETE /tokens/{token_id}": _ACCESS_ALTERED,
        "GET /webhooks": _consults(Right.MANAGE_ACCESS),
        "POST /webhooks": _ACCESS_ALTERED,
        "DELETE /webhooks/{webhook_id}": _ACCESS_ALTERED,
    }
)
