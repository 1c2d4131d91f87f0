"""Sees by what people and programs are known, for longer than they should be."""

from collections.abc import Sequence

from app.doctor.finding import Finding, Status

CHECK = "tokens"


def check_tokens(endless: Sequence[str]) -> list[Finding]:
    """Whether each token ends some day, from the names of those that do not."""
    if not endless:
        return [Finding(CHECK, Status.OK, "Every token ends some day.")]
    do = "Make another (`beatkeeper token create`), and revoke this one: DELETE /api/v1/tokens/ID."
    return [
        Finding(CHECK, Status.LOOK, f"The token {name!r} never ends.", do, name, "tokens never end")
        for name in endless
    ]
