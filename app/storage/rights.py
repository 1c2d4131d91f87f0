"""What the service's own role on PostgreSQL may do: everything it needs, and no more of the log."""

from typing import Final

import sqlalchemy as sa

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
# Of whoever asks; the owner and superusers have each of these, and whoever may become the owner.
_MAY_ALTER = sa.text("""
SELECT bool_or(has_table_privilege(current_user, oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')
    OR pg_has_role(current_user, relowner, 'MEMBER'))
FROM pg_class
WHERE oid IN ('audit'::regclass, 'audit_whose'::regclass, 'audit_seals'::regclass)
""")


async def unbound(reader: Reader) -> bool:
    """Whether whoever asks could alter the audit log where another role could not.

    Never on SQLite, which knows no roles.
    """
    return reader.dialect.name != "sqlite" and bool(await reader.scalar(_MAY_ALTER))


async def grant(writer: Writer, role: str) -> None:
    """Gives a role what the service needs, and takes from it what it does not.

    It is to own nothing: what it put there, the owner might come to run. Raises Refused where there
    is no such role, or where rights could not bind it.
    """
    found = (await writer.execute(_ROLE, {"role": role})).one_or_none()
    if found is None:
        raise Refused(where="role", what=f"there is no role {role!r}: make it with `createuser`")
    if found.rolsuper or found.owns:
        what = f"{role!r} is a superuser, or owns the tables: no right binds it"
        raise Refused(where="role", what=what)
    name = writer.dialect.identifier_preparer.quote(role)
    for statement in _statements(name):
        await writer.exec_driver_sql(statement)


def _statements(role: str) -> list[str]:
    """In order; `role` is quoted, all other names are of our schema."""
    log = ", ".join((*_GROWS, *_READ))
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"REVOKE ALL ON {log} FROM PUBLIC",
        f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"REVOKE UPDATE, DELETE ON {', '.join(_GROWS)} FROM {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON {', '.join(_READ)} FROM {role}",
        f"GRANT EXECUTE ON FUNCTION fixes_make_day(date), fixes_drop_day(date) TO {role}",
    ]
