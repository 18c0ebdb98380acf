"""Every page of the workspace asks as many queries for a hundred action sheets as for ten."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from contracts.models import ActionSheet, FieldChange, Message, Thread
from funding.models import ActionFinancing, Contributor, Envelope, StateExpense
from tests.cast import Cast
from tests.factories import ActionSheetFactory, EnvelopeFactory, NotifiedAmountFactory
from tests.queries import count_queries

pytestmark = pytest.mark.django_db


def pages_of_a_contract() -> list[str]:
    """The names of all addresses that take nothing but the reference of a contract."""
    found = []
    for namespace in ("contracts", "funding", "indicators", "agreements"):
        _, resolver = get_resolver().namespace_dict[namespace]
        found += [
            f"{namespace}:{pattern.name}"
            for pattern in resolver.url_patterns
            if isinstance(pattern, URLPattern) and list(pattern.pattern.converters) == ["reference"]
        ]
    return sorted(found)


def fill(cast: Cast, envelope: Envelope, size: int) -> None:
    """Make the contract have `size` sheets, each with money, an answer on it, a change and an exchange."""
    objective = cast.contract.objectives.in_order()[0]
    count = size - cast.contract.action_sheets.count()
    sheets = [
        ActionSheetFactory(contract=cast.contract, contract_objective=objective, public="**Familles**")
        for _ in range(count)
    ]
    amounts = ((Contributor.STATE, envelope), (Contributor.DEPARTMENT, None))
    ActionFinancing.objects.bulk_create(
        ActionFinancing(
            action_sheet=sheet, contributor=who, envelope=of, year=2030, amount=Decimal(100 + sheet.number)
        )
        for sheet in sheets
        for who, of in amounts
    )
    StateExpense.objects.bulk_create(
        StateExpense(action_sheet=sheet, envelope=envelope, nature="staff", replaces_existing=True)
        for sheet in sheets
    )
    FieldChange.objects.bulk_create(
        FieldChange(
            contract=cast.contract,
            place=f"sheets/{sheet.pk}/public",
            object_label=f"Fiche action n° {sheet.number}",
            field_label="Public cible",
            before="- **Parents**",
            after="**Familles**",
            by=cast.council_editor if sheet.number % 2 else cast.prefect_editor,
        )
        for sheet in sheets
    )
    institution = cast.council_editor.memberships.get().institution
    threads = Thread.objects.bulk_create(
        Thread(
            contract=cast.contract,
            place=f"sheets/{sheet.pk}",
            opened_by=cast.council_editor,
            institution=institution,
            message_count=1,
        )
        for sheet in sheets
    )
    Message.objects.bulk_create(
        Message(thread=each, number=1, by=cast.council_editor, institution=institution, text="Une question")
        for each in threads
    )


def test_ten_and_a_hundred_sheets_cost_as_many_queries_on_every_page(cast: Cast) -> None:
    envelope = EnvelopeFactory(campaign=cast.campaign, code="PRE", label="Prévention")
    envelope.objectives.add(cast.contract.objectives.in_order()[0].objective)
    NotifiedAmountFactory(envelope=envelope, territory=cast.isere, year=2030, amount=Decimal(500))
    cast.campaign.spec = {
        "envelopes": [
            {
                "code": "PRE",
                "expense_natures": [
                    {"code": "staff", "label": "ETP", "forbidden": True, "rule": "Non.", "source": "annexe"}
                ],
                "no_substitution": "Rien n’est remplacé.",
                "no_substitution_source": "annexe",
            }
        ]
    }
    cast.campaign.save()
    client = Client()
    client.force_login(cast.council_editor)
    fill(cast, envelope, 10)
    sheet = ActionSheet.objects.earliest("number")
    change = FieldChange.objects.earliest("pk")
    addresses = {name: reverse(name, args=["38-2030"]) for name in pages_of_a_contract()}
    addresses = {name: url for name, url in addresses.items() if client.get(url).status_code == 200}
    addresses |= {
        "home": "/",
        "contracts": "/contrats/",
        "sheet": reverse("funding:sheet-edit", args=["38-2030", sheet.number]),
        "sheet copy": reverse("funding:sheet-copy", args=["38-2030", sheet.pk]),
        "change": reverse("contracts:history-change", args=["38-2030", change.pk]),
        "findings of a sheet": f"/contrats/38-2030/conformite/ici/?place=sheets/{sheet.pk}",
        "findings of the sheets": "/contrats/38-2030/conformite/ici/?place=sheets",
        "search": "/contrats/38-2030/recherche/?q=familles",
    }

    def measured() -> dict[str, int]:
        return {name: count_queries(lambda url=url: client.get(url)) for name, url in addresses.items()}

    def autosave(text: str) -> None:
        sheet.refresh_from_db()
        opened = json.dumps({"public": [sheet.public]})
        data = {
            "contract_objective": sheet.contract_objective_id,
            "title": sheet.title,
            "public": text,
            "version": sheet.version,
            "opened": opened,
        }
        url = addresses["sheet"]
        assert client.post(url, data, headers={"X-Autosave": "1"}).status_code == 200

    def saves() -> int:
        texts = iter(("Un texte.", "Un autre texte."))
        return count_queries(lambda: autosave(next(texts)))

    # The journal has its first line before anything is counted.
    autosave("Un premier texte.")
    ten, ten_saves = measured(), saves()
    fill(cast, envelope, 100)
    assert measured() == ten
    assert saves() == ten_saves
    menu = {"contracts:detail", "contracts:details-edit", "contracts:diagnosis", "contracts:objectives"}
    menu |= {"indicators:dashboard", "funding:action-plan", "contracts:sheets", "funding:financing"}
    menu |= {"contracts:calendar", "contracts:document", "contracts:exchanges", "contracts:history"}
    menu |= {"agreements:way", "agreements:versions", "agreements:transmissions"}
    assert menu | {"contracts:compliance"} <= set(ten)
