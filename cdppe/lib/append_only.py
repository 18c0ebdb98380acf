"""Tables that only grow: the database itself refuses to change, delete or empty what they hold.

Triggers do it, for every account of the database, on PostgreSQL and on SQLite (which has no TRUNCATE). A
migration calls `protect` once the table has its final columns; SQLite loses the triggers of a table that a
later migration alters, which `missing_protections` tells.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

REFUSAL = "est en ajout seul : rien n’y est modifié ni supprimé."

_POSTGRESQL_FUNCTION = f"""
CREATE OR REPLACE FUNCTION cdppe_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'La table ' || TG_TABLE_NAME || ' {REFUSAL}',
        ERRCODE = 'insufficient_privilege';
END
$body$
"""


def protect(connection: BaseDatabaseWrapper, table: str) -> None:
    """Make `table` one that only grows; doing it twice changes nothing."""
    _run(connection, [*lifting_sql(connection.vendor, table), *protecting_sql(connection.vendor, table)])


def lift(connection: BaseDatabaseWrapper, table: str) -> None:
    """Take the protection of `table` away: for the way back of a migration, by the table's owner."""
    _run(connection, lifting_sql(connection.vendor, table))


def protecting_sql(vendor: str, table: str) -> list[str]:
    """The statements that protect `table`, whose triggers do not exist yet."""
    if vendor == "postgresql":
        return [
            _POSTGRESQL_FUNCTION,
            f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION cdppe_append_only()",
        ]
    return [
        f'CREATE TRIGGER {name} BEFORE {gesture} ON "{table}" '
        f"BEGIN SELECT RAISE(ABORT, 'La table {table} {REFUSAL}'); END"
        for gesture, name in _sqlite_triggers(table).items()
    ]


def lifting_sql(vendor: str, table: str) -> list[str]:
    """The statements that take the triggers of `table` away, if they are there."""
    if vendor == "postgresql":
        return [f'DROP TRIGGER IF EXISTS append_only ON "{table}"']
    return [f"DROP TRIGGER IF EXISTS {name}" for name in _sqlite_triggers(table).values()]


def missing_protections(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """The gestures (UPDATE, DELETE, TRUNCATE) that no trigger of `table` refuses."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgtype FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'append_only' "
                "AND tgenabled IN ('O', 'A')",
                [table],
            )
            row = cursor.fetchone()
            # The bits of pg_trigger.tgtype.
            bits = row[0] if row else 0
            return [name for name, bit in (("UPDATE", 16), ("DELETE", 8), ("TRUNCATE", 32)) if not bits & bit]
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        present = {row[0] for row in cursor.fetchall()}
    return [gesture for gesture, name in _sqlite_triggers(table).items() if name not in present]


def granted_changes(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """What the account of `connection` would be allowed to do to `table`, were there no trigger.

    SQLite has no accounts: nothing is said of it.
    """
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT privilege FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS privilege "
            "WHERE has_table_privilege(current_user, %s::regclass, privilege)",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


def _sqlite_triggers(table: str) -> dict[str, str]:
    return {"UPDATE": f"append_only_{table}_update", "DELETE": f"append_only_{table}_delete"}


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
