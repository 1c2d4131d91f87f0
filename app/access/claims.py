"""What an identity provider claims of somebody, read as roles, teams and an officer's number."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.access.viewer import Role

# Whoever has several roles and chooses none is in the first of them: the one that shows least.
LEAST_FIRST: Final = (
    Role.OFFICER,
    Role.ANALYST,
    Role.SUPERVISOR,
    Role.AUDITOR,
    Role.ADMINISTRATOR,
)
LONGEST_NAME: Final = 200

Claims = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Names:
    """Which claims say what, each a path with dots: `roles`, or `realm_access.roles`.

    None: no claim says so, an administrator does.
    """

    role: str = "roles"
    team: str | None = None
    officer: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whom a provider means, and what it says of them; None: it does not say."""

    issuer: str
    subject: str
    name: str
    roles: frozenset[Role]
    teams: frozenset[str] | None
    officer: str | None
    officer_claimed: bool


def read(claims: Claims, names: Names) -> Claimed:
    """What the claims of an ID token say that was found to be good."""
    words = _words(claims, names.role)
    officer = [] if names.officer is None else _words(claims, names.officer)
    return Claimed(
        issuer=str(claims["iss"]),
        # Never given to another, and nobody can change their own, as they may other claims.
        # https://openid.net/specs/openid-connect-core-1_0.html#ClaimStability
        subject=str(claims["sub"]),
        name=_name(claims),
        roles=frozenset(role for role in Role if role in words),
        teams=None if names.team is None else frozenset(_words(claims, names.team)),
        officer=officer[0] if officer else None,
        officer_claimed=names.officer is not None,
    )


def choose(roles: Collection[Role], wanted: Role | None) -> Role | None:
    """The one role to be in: the wanted one, else the one that shows least; None: there is none."""
    if wanted is not None:
        return wanted if wanted in roles else None
    return next((role for role in LEAST_FIRST if role in roles), None)


def _name(claims: Claims) -> str:
    found = (claims.get(claim) for claim in ("name", "preferred_username", "email", "sub"))
    named = next((one for one in found if isinstance(one, str) and one.strip()), "somebody")
    return " ".join("".join(c if c.isprintable() else " " for c in named).split())[:LONGEST_NAME]


def _words(claims: Claims, path: str) -> Sequence[str]:
    """The words at a path; a claim's own name may have dots in it, as an address has."""
    found: object = claims
    if path in claims:
        found = claims[path]
    else:
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    listed = found if isinstance(found, list) else [found]
    return [one.strip() for one in listed if isinstance(one, str) and one.strip()]
