"""Three people save one sheet at the same instant, on PostgreSQL: the version alone keeps every word.

The contract's row is locked by every gesture, which would hide a version that does not work. Here that lock
is taken away: what is left is the compare-and-set. The control takes that away too, and must lose words.
"""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from cdppe.accounts.models import User
from cdppe.lib.errors import StaleVersion
from contracts.actions import action_sheets
from contracts.actions.action_sheets import SHEET_FIELDS
from contracts.models import ActionSheet, Contract
from funding.actions import financing
from funding.actions.financing import StatedAmount, save_sheet_with_financing
from funding.models import Contributor
from tests.cast import Cast, make_cast
from tests.factories import ActionSheetFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ROUNDS = 25
FIELDS = ("public", "actors", "calendar")
UNKEPT = inspect.unwrap(save_sheet_with_financing)
"""The action without its history, which locks the contract's row as well."""


def _unlocked(contract: Contract, *, editable: bool = True) -> Contract:
    return Contract.objects.select_related("campaign", "territory__region").get(pk=contract.pk)


@pytest.fixture
def _without_the_contracts_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_sheets, "locked_contract", _unlocked)
    monkeypatch.setattr(financing, "locked_contract", _unlocked)


def _race(cast: Cast, names: tuple[str, ...], start: Barrier, save: Any = UNKEPT) -> list[tuple[str, str]]:
    """Three people write at once, each in one of `names`; (field, text) of whoever was told « written »."""
    sheet = ActionSheetFactory(contract=cast.contract)

    def write(writer: int, person: User) -> tuple[str, str] | None:
        name, text = names[writer], f"texte {writer}"
        page = ActionSheet.objects.select_related("contract_objective").get(pk=sheet.pk)
        fields: dict[str, Any] = {each: getattr(page, each) for each in SHEET_FIELDS} | {name: text}
        amount = StatedAmount(Contributor.DEPARTMENT.value, None, 2030 + writer, 100 + writer)
        try:
            start.wait(timeout=20)
            save(
                cast.contract,
                page,
                fields=fields,
                version=page.version,
                amounts=[amount],
                by=person,
                opened={name: [""], amount.key: [None]},
            )
        except StaleVersion:
            return None
        finally:
            connection.close()
        return (name, text)

    people = [cast.council_editor, cast.prefect_editor, cast.ars_editor]
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(write, range(3), people))
    stored = ActionSheet.objects.get(pk=sheet.pk)
    told = [each for each in outcomes if each is not None]
    lost = [each for each in told if getattr(stored, each[0]) != each[1]]
    if names == FIELDS:
        # Everybody wrote apart: everything is there, the money too.
        assert len(told) == 3
        if not lost:
            assert sheet.financings.count() == 3
            assert stored.version == 4
    else:
        assert len(told) - len(lost) == 1
    return lost


@pytest.mark.usefixtures("_without_the_contracts_lock")
@pytest.mark.parametrize("names", [FIELDS, ("public",) * 3], ids=["apart", "alike"])
def test_the_version_alone_keeps_every_word(names: tuple[str, ...]) -> None:
    cast, start = make_cast(), Barrier(3)
    assert [_race(cast, names, start) for _ in range(ROUNDS)] == [[]] * ROUNDS


@pytest.mark.usefixtures("_without_the_contracts_lock")
def test_without_the_version_words_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def claim(row: Model, version: int) -> bool:
        return bool(type(row).objects.filter(pk=row.pk).update(version=version + 1))

    monkeypatch.setattr(action_sheets, "claim_version", claim)
    cast, start = make_cast(), Barrier(3)
    assert any(_race(cast, FIELDS, start) for _ in range(ROUNDS))


def test_with_every_lock_on_every_word_is_kept_too() -> None:
    cast, start = make_cast(), Barrier(3)
    lost = [_race(cast, FIELDS, start, save_sheet_with_financing) for _ in range(5)]
    assert lost == [[]] * 5
