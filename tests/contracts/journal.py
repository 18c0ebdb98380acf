"""Doing to the journal what only the owner of the database could do: the tests must see it found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from cdppe.lib.append_only import lifting_sql, protecting_sql

TABLE = "contracts_journalentry"


@contextmanager
def unprotected() -> Iterator[Any]:
    """A cursor for which the journal is a table like another."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        else:
            for statement in lifting_sql("sqlite", TABLE):
                cursor.execute(statement)
        yield cursor
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = DEFAULT")
        else:
            for statement in protecting_sql("sqlite", TABLE):
                cursor.execute(statement)


def tamper(statement: str, *values: Any) -> None:
    """Execute `statement`, with {table} for the journal's, as if nothing protected it."""
    with unprotected() as cursor:
        cursor.execute(statement.format(table=TABLE), values)
