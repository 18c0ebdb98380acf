"""What a command loads, read from the commands' own files once, then copied back into the emptied database.

Loading the demonstration takes seconds of computing; every test that asks for it finds the same rows. The
first one in a process really loads, the others get the rows that it wrote, keys and dates included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model

OUR_APPS = ("accounts", "documents", "contracts", "funding", "indicators", "agreements")


@dataclass(frozen=True)
class _Table:
    """The rows of one table: PostgreSQL's own text, or plain rows of SQLite."""

    name: str
    columns: tuple[str, ...]
    rows: bytes | list[tuple[Any, ...]]


_known: dict[str, tuple[_Table, ...]] = {}


def load_once(name: str, load: Callable[[], None]) -> None:
    """Have in the database what `load` writes; `name` says of what.

    Where somebody has written already, `load` does it all, and nothing is kept of it.
    """
    if any(model._base_manager.exists() for model in _models()):
        load()
        return
    with transaction.atomic():
        if name in _known:
            _write(_known[name])
        else:
            load()
            _known[name] = tuple(table for model in _models() if (table := _read(model)) is not None)


CAMPAIGN_OF_2020 = Path(settings.BASE_DIR) / "fixtures" / "campaigns" / "2020.toml"


def load_real_figures() -> None:
    """Territories, the campaign of 2020 and the real figures of its criteria."""
    load_once("real figures", _load_real_figures)


def _load_real_figures() -> None:
    said = StringIO()
    call_command("loadterritories", verbosity=0, stdout=said)
    call_command("loadcampaign", CAMPAIGN_OF_2020, verbosity=0, stdout=said)
    call_command("loadcriteria", verbosity=0, stdout=said)


def _models() -> list[type[Model]]:
    """Every model of the project that has a table, those between two models included."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in OUR_APPS and model._meta.managed and not model._meta.proxy
    ]


def _read(model: type[Model]) -> _Table | None:
    """The rows of `model`, None when it has none."""
    if not model._base_manager.exists():
        return None
    quote = connection.ops.quote_name
    table = model._meta.db_table
    columns = tuple(field.column for field in model._meta.local_concrete_fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {quote(table)} ({_listed(columns)}) TO STDOUT") as copy:
                return _Table(table, columns, b"".join(bytes(block) for block in copy))
        # « +column » is the stored value itself: the type of a bare column would have it converted.
        plain = ", ".join(f"+{quote(column)}" for column in columns)
        cursor.execute(f"SELECT {plain} FROM {quote(table)}")  # noqa: S608 - names of our own models
        return _Table(table, columns, cursor.fetchall())


def _write(tables: tuple[_Table, ...]) -> None:
    """Put the rows back; the foreign keys are looked at when the transaction ends."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table in tables:
            if isinstance(table.rows, bytes):
                with cursor.copy(f"COPY {quote(table.name)} ({_listed(table.columns)}) FROM STDIN") as copy:
                    copy.write(table.rows)
                continue
            marks = ", ".join(["%s"] * len(table.columns))
            cursor.executemany(
                f"INSERT INTO {quote(table.name)} ({_listed(table.columns)}) VALUES ({marks})",  # noqa: S608 - ours
                table.rows,
            )
        for statement in connection.ops.sequence_reset_sql(no_style(), _models()):
            cursor.execute(statement)


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(connection.ops.quote_name(column) for column in columns)
