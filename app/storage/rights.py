"""What the service's own role on PostgreSQL may do: everything it needs, and no more of the log."""

from typing import Final

import sqlalchemy as sa

from app.storage import partitions
from app.storage.engine import Reader, Writer
from app.storage.errors import Refused

# What is added to these stays. The service reads when entries may go, and does not say it.
_GROWS: Final = ("audit", "audit_whose", "audit_seals")
_READ: Final = ("audit_expiry", "alembic_version")

_ROLE = sa.text("""
SELECT rolsuper, pg_has_role(rolname, (SELECT relowner FROM pg_class WHERE oid = 'audit'::regclass),
    'MEMBER') AS owns
FROM pg_roles WHERE rolname = :role
""")
# Of whoever asks; the owner and superusers have each of these.
_MAY_ALTER = sa.text("""
SELECT bool_or(has_table_privilege(current_user, name, 'UPDATE, DELETE, TRUNCATE, TRIGGER'))
FROM unnest(ARRAY['audit', 'audit_whose', 'audit_seals']) AS name
""")


async def may_alter_log(reader: Reader) -> bool:
    """Whether whoever asks could alter the audit log, or end what keeps it from being altered."""
    return reader.dialect.name == "sqlite" or bool(await reader.scalar(_MAY_ALTER))


async def grant(writer: Writer, role: str) -> None:
    """Gives a role what the service needs, and takes from it what it does not.

    It is to own the fixes, whose days are partitions that the service makes and drops. Raises
    Refused where there is no such role, or where rights could not bind it.
    """
    found = (await writer.execute(_ROLE, {"role": role})).one_or_none()
    if found is None:
        raise Refused(where="role", what=f"there is no role {role!r}: make it with `createuser`")
    if found.rolsuper or found.owns:
        what = f"{role!r} is a superuser, or owns the tables: no right binds it"
        raise Refused(where="role", what=what)
    name = writer.dialect.identifier_preparer.quote(role)
    for statement in _statements(name, sorted(await partitions.existing(writer))):
        await writer.exec_driver_sql(statement)


def _statements(role: str, days: list[str]) -> list[str]:
    """In order; `role` is quoted, all other names are of our schema."""
    log = ", ".join((*_GROWS, *_READ))
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"REVOKE ALL ON {log} FROM PUBLIC",
        f"GRANT USAGE, CREATE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"REVOKE UPDATE, DELETE ON {', '.join(_GROWS)} FROM {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON {', '.join(_READ)} FROM {role}",
        *(f"ALTER TABLE {table} OWNER TO {role}" for table in ("fixes", *days)),
    ]
