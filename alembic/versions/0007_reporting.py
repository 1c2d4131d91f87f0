"""Views for those who connect QGIS, Power BI or R to PostgreSQL; SQLite has none.

The .sql file beside this stays as it was released. A later migration that alters or drops a column
of a table in it drops these views first, the last made first, and then makes all of them anew from
a file of its own; its downgrade does the same the other way round. Views that a force built on ours
stop both, by name: they are the force's to take away.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from app.storage.errors import SchemaMismatch

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SCHEMAS = ("reporting", "reporting_tracks", "reporting_people")
_VIEWS = Path(__file__).with_suffix(".sql")
_MISSING = sa.text("SELECT to_regnamespace(:name) IS NULL")
_ALLOWED = sa.text("SELECT has_database_privilege(current_database(), 'CREATE'), current_user")


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    missing = [name for name in _SCHEMAS if connection.scalar(_MISSING, {"name": name})]
    allowed, role = connection.execute(_ALLOWED).one()
    if missing and not allowed:
        wanted = " ".join(f'CREATE SCHEMA {name} AUTHORIZATION "{role}";' for name in missing)
        msg = f"our role may not add schemas: have the database's owner run `{wanted}`"
        raise SchemaMismatch(msg)
    for name in missing:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    for statement in _VIEWS.read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    # By the last made first, as one is made of another. What others put there stops us.
    for line in reversed(_VIEWS.read_text(encoding="utf-8").splitlines()):
        if line.startswith("CREATE VIEW "):
            connection.exec_driver_sql(f"DROP VIEW {line.split()[2]}")
    for name in _SCHEMAS:
        connection.exec_driver_sql(f"DROP SCHEMA {name}")
