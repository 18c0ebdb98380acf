"""Compare-and-set on the version of a part that people edit alone, and words for whoever comes second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable

from django.db.models import Model
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import StaleVersion


class Clashing(StaleVersion):
    """Somebody else saved the part since it was opened; the person must choose on each of `clashes`."""

    def __init__(self, message: str, *, stored: object, clashes: tuple[Hashable, ...]) -> None:
        super().__init__(message, stored=stored)
        self.clashes = clashes


def claim_version(row: Model, version: int) -> bool:
    """Take the version after `version` of `row`, in one statement; whether nobody had taken it before.

    Within a transaction the row stays ours until its end: what follows may write it.
    """
    manager = row._meta.default_manager
    assert manager is not None
    return manager.filter(pk=row.pk, version=version).update(version=version + 1) == 1


def author_words(author: User | None, at: dt.datetime, *, reader: User) -> str:
    """« par Anne Martin à 14:32 », « par vous-même, dans une autre fenêtre, à 14:32 », « à 14:32 »."""
    when = timezone.localtime(at)
    hour = f"à {when:%H:%M}" if when.date() == timezone.localdate() else f"le {when:%d/%m/%Y} à {when:%H:%M}"
    if author is None:
        return hour
    if author == reader:
        return f"par vous-même, dans une autre fenêtre, {hour}"
    return f"par {author} {hour}"
