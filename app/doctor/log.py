"""Sees whether the service could alter the audit log."""

from app.doctor.finding import Finding, Status

CHECK = "audit log"


def check_log(*, unbound: bool) -> list[Finding]:
    """Whether a role that the database could bind is bound: `storage.rights.unbound`."""
    if not unbound:
        return [Finding(CHECK, Status.OK, "No right that could be withheld alters the audit log.")]
    says = "The role of this address could alter the audit log."
    do = "Let the service sign in by one that cannot: `beatkeeper grant`, see docs/audit.md."
    return [Finding(CHECK, Status.LOOK, says, do)]
