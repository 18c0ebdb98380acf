"""Give the account of the site what it needs in the database, and nothing to rewrite what is kept with."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from psycopg import sql

from agreements.models import Agreement, Proposal, Signature, SignedFile
from cdppe.documents.models import StoredFile

PASSWORD_VARIABLE = "POSTGRES_APPLICATION_PASSWORD"  # noqa: S105 - the name of a variable, not a password

STATEMENTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "REVOKE TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA public FROM {role}",
    # What the migrations did is theirs.
    "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
)
APPEND_ONLY = "REVOKE UPDATE, DELETE ON {table} FROM {role}"
NEVER_DELETED = "REVOKE DELETE ON {table} FROM {role}"

REFUSING_FUNCTIONS = ("cdppe_append_only", "agreements_refuse_change", "contracts_message_is_kept")
"""What the triggers of a table that only grows run: the journal, versions, transmissions, messages."""

STAYING = (SignedFile, StoredFile, Proposal, Agreement, Signature)
"""Rows that learn more (a verdict, a withdrawal) and that the site never deletes."""


class Command(BaseCommand):
    """`manage.py grant_application_role NAME`, as the owner of the tables, after each `migrate`.

    The account is made when it does not exist, with the password of POSTGRES_APPLICATION_PASSWORD; with that
    variable set, the password of an existing one is changed. It reads and writes every table, but may only
    add to those whose triggers refuse any change (`REFUSING_FUNCTIONS`), deletes nothing from `STAYING`,
    empties none and owns nothing. Running it again takes back what a table that became protected still had.
    """

    help = "Donne au compte applicatif de PostgreSQL ses droits, sans celui de réécrire ce qui est gardé."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="le nom du compte, celui du DATABASE_URL de l’application")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Cette commande ne concerne que PostgreSQL : SQLite n’a pas de comptes.")
        name = options["role"]
        if name == connection.settings_dict["USER"]:
            raise CommandError(
                f"« {name} » est le compte qui exécute cette commande, propriétaire des tables : "
                "l’application doit en avoir un autre."
            )
        with transaction.atomic(), connection.cursor() as cursor:
            self._make(cursor, name)
            tables = _append_only_tables(cursor)
            if not tables:
                raise CommandError("Aucune table n’est protégée : exécutez d’abord « manage.py migrate ».")
            role = sql.Identifier(name)
            for statement in STATEMENTS:
                cursor.execute(sql.SQL(statement).format(role=role))
            for table in tables:
                cursor.execute(sql.SQL(APPEND_ONLY).format(table=sql.Identifier(table), role=role))
            for model in STAYING:
                table = sql.Identifier(model._meta.db_table)
                cursor.execute(sql.SQL(NEVER_DELETED).format(table=table, role=role))
        self.stdout.write(f"Droits donnés à « {name} » ; en ajout seul : {', '.join(tables)}.")

    def _make(self, cursor: Any, name: str) -> None:
        password = os.environ.get(PASSWORD_VARIABLE, "")
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [name])
        found = cursor.fetchone()
        if found is not None and found[0]:
            raise CommandError(
                f"« {name} » est un superutilisateur, qu’aucun droit ne limite : choisissez un autre compte."
            )
        if found is None and not password:
            raise CommandError(
                f"Le compte « {name} » n’existe pas : donnez son mot de passe dans la variable "
                f"{PASSWORD_VARIABLE}, et la commande le créera."
            )
        if password:
            verb = "ALTER" if found is not None else "CREATE"
            statement = sql.SQL(verb + " ROLE {role} LOGIN NOSUPERUSER PASSWORD {password}")
            cursor.execute(statement.format(role=sql.Identifier(name), password=sql.Literal(password)))


def _append_only_tables(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "JOIN pg_proc ON pg_proc.oid = tgfoid WHERE proname = ANY(%s) ORDER BY relname",
        [list(REFUSING_FUNCTIONS)],
    )
    return [row[0] for row in cursor.fetchall()]
