"""On the page of a change, a gesture that is shown works: tried over every part whose history is kept."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.models import User
from contracts.actions.contacts import name_contact
from contracts.actions.contracts import save_details
from contracts.actions.diagnosis import save_diagnosis
from contracts.actions.history import SAME_TODAY
from contracts.diagnosis import sections_of
from contracts.history import Kept, kept_parts, snapshot
from contracts.models import Contract, ContractStep, FieldChange, JournalEntry
from contracts.people import party_institutions
from contracts.places import Place
from funding.actions.own_means import MeansChange, save_own_means
from funding.models import Service
from tests.browser import demonstration
from tests.states import put_in_state

pytestmark = pytest.mark.django_db

NEVER = re.compile(
    r"(details//(planned_effect_on|deliberation_on|needs_budget_controller|bank_account|odpe_\w+)"
    r"|details/\d+/contact_\w+"
    r"|calendar/\d+/(days_before|fixed_on|lasting_days|done_on|phase|parties)|calendar//deadline-\d+"
    r"|sheets/\d+/(contract_objective|archived_at|answers_demand)"
    r"|objectives/\d+/label|dashboard/\d+/(kind|has_target))"
)
"""Dates, choices, the account, the contacts: they are written in their own page, where they are checked."""


@pytest.fixture
def contract() -> Contract:
    """The demonstration's contract, something written in each of its parts."""
    demonstration.load()
    contract = Contract.objects.with_context().get(reference="38-2022")
    by = User.objects.get(email=demonstration.EDITOR)
    sections = sections_of(contract.campaign)
    save_diagnosis(contract, texts={sections[0].code: "Peu de PMI"}, version=_version(contract), by=by)
    save_details(
        Contract.objects.get(pk=contract.pk),
        fields={"court": "Grenoble", "deliberation_on": dt.date(2022, 6, 3), "needs_budget_controller": True},
        representatives={},
        version=Contract.objects.get(pk=contract.pk).version,
        by=by,
    )
    ContractStep.objects.filter(contract=contract).update(
        responsible="Mme Durand", fixed_on=dt.date(2022, 5, 2), done_on=dt.date(2022, 5, 3)
    )
    change = MeansChange(Service.ASE, contract.campaign.reference_year, None, Decimal(1_000_000))
    save_own_means(contract, changes=[change], by=by)
    if not contract.contacts.exists():
        fields = {"name": "A", "position": "B", "email": "a@exemple.fr", "phone": "04 76 00 00 00"}
        institution = party_institutions(contract).first()
        assert institution is not None
        name_contact(contract, institution, fields=fields, by=by)
    return Contract.objects.with_context().get(pk=contract.pk)


def _version(contract: Contract) -> int:
    found = getattr(contract, "diagnosis", None)
    return 1 if found is None else int(found.version)


def _changes(contract: Contract) -> Iterator[tuple[Place, FieldChange]]:
    """One or two changes of each kind of field of each part, as the history would hold them."""
    seen: Counter[str] = Counter()
    for part in kept_parts():
        found = snapshot(contract, part)
        by_field: dict[str, list[tuple[Place, Kept]]] = {}
        for place, kept in found.items():
            kind = f"{part}/{bool(place.item)}/{re.sub(r'[0-9].*', '', place.field)}"
            by_field.setdefault(kind, []).append((place, kept))
        for kind, places in by_field.items():
            for (place, kept), (_, other) in zip(places, [*places[1:], places[0]], strict=True):
                seen[kind] += 1
                if seen[kind] > 2:
                    break
                before = other.value if other.value != kept.value else "Autre texte"
                for value in (before, None):
                    yield (
                        place,
                        FieldChange.objects.create(
                            contract=contract,
                            place=str(place),
                            object_label=kept.object_label,
                            field_label=kept.field_label,
                            before=value,
                            after=kept.value,
                            at=timezone.now(),
                            until=timezone.now(),
                        ),
                    )


def test_every_gesture_that_a_page_shows_works_and_what_cannot_work_shows_none(contract: Contract) -> None:
    client = Client()
    client.force_login(User.objects.get(email=demonstration.EDITOR))
    shown: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    for place, change in list(_changes(contract)):
        page = client.get(reverse("contracts:history-change", args=[contract.reference, change.pk]))
        assert page.status_code == 200
        gestures = re.findall(r'name="texte" value="(\w+)"', page.content.decode())
        if NEVER.fullmatch(str(place)):
            silent[place.part] += 1
            assert gestures == [], f"{place} offers a gesture"
        for which in gestures:
            shown[place.part] += 1
            with transaction.atomic():
                url = reverse("contracts:history-restore", args=[contract.reference, change.pk])
                answer = client.post(url, {"texte": which})
                told = [str(message) for message in answer.wsgi_request._messages]
                transaction.set_rollback(True)
            assert answer.status_code == 302, f"{place}: {which} is refused: {answer.content.decode()[:2000]}"
            assert told == [f"Le texte de « {change.field_label} » est repris."]
        assert "apres" not in gestures, f"{place}: what the field says today is no text to bring back"
    assert set(kept_parts()) == {*shown, *silent}
    assert {"sheets", "details", "calendar", "diagnosis", "dashboard", "financing"} <= set(shown)
    assert {"details", "calendar", "sheets", "objectives"} <= set(silent)


def test_reading_the_page_of_a_change_writes_nothing(contract: Contract) -> None:
    client = Client()
    client.force_login(User.objects.get(email=demonstration.EDITOR))
    place, change = next(
        (place, change) for place, change in _changes(contract) if str(place) == "details//court"
    )
    before = FieldChange.objects.count(), JournalEntry.objects.count(), dict(snapshot(contract, place.part))
    page = client.get(reverse("contracts:history-change", args=[contract.reference, change.pk]))
    assert SAME_TODAY in page.content.decode()
    after = FieldChange.objects.count(), JournalEntry.objects.count(), dict(snapshot(contract, place.part))
    assert before == after


def test_a_contract_that_is_no_longer_written_offers_no_gesture_and_says_no_reason(
    contract: Contract,
) -> None:
    client = Client()
    by = User.objects.get(email=demonstration.EDITOR)
    client.force_login(by)
    _, change = next(iter(_changes(contract)))
    put_in_state(contract, "draft", by=by)
    page = client.get(
        reverse("contracts:history-change", args=[contract.reference, change.pk])
    ).content.decode()
    assert 'name="texte"' not in page
    assert SAME_TODAY not in page
