"""What is copied back is what the command had written, row by row."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from contracts.models import Contract, FieldChange
from tests import loaded
from tests.browser import demonstration
from tests.factories import ContractFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has loaded nothing yet."""
    monkeypatch.setattr(loaded, "_known", {})


def stored() -> dict[str, list[tuple[Any, ...]]]:
    """{table: its rows in the order of their keys} of every table of the project that has any."""
    rows = {
        model._meta.db_table: list(model._base_manager.order_by("pk").values_list())
        for model in loaded._models()
    }
    return {table: found for table, found in rows.items() if found}


def test_the_second_loading_gives_the_very_rows_of_the_first() -> None:
    with transaction.atomic():
        demonstration.load()
        first = stored()
        transaction.set_rollback(True)
    assert stored() == {}
    assert len(first) > 30
    assert FieldChange._meta.db_table in first

    demonstration.load()

    assert stored() == first
    # The next keys come after those that were copied.
    assert ContractFactory().pk > Contract.objects.get(reference=demonstration.FULL).pk
    assert UserFactory().pk is not None


def test_what_somebody_wrote_is_neither_lost_nor_copied() -> None:
    UserFactory(email="avant@exemple.fr")
    calls: list[str] = []
    for _ in range(2):
        loaded.load_once("essai", lambda: calls.append("loaded"))
    assert calls == ["loaded", "loaded"]
    assert loaded._known == {}
