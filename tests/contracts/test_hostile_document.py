"""Hostile text in every field that people type and that the document prints: text in the PDF, no more."""

from __future__ import annotations

import io
import re

import pypdf
import pytest
from django.db import models

from contracts.actions.contracts import DETAIL_FIELDS
from contracts.document import contract_document, render_contract
from contracts.models import BankAccount, Contract, ContractObjective
from contracts.models.action_sheets import ActionSheet
from indicators.models import ValueKind
from tests.contracts.contract_documents import BIC, DATED, IBAN, add_sheet, bare_contract, fill
from tests.factories import IndicatorFactory, IndicatorValueFactory

pytestmark = pytest.mark.django_db

SHORT = "<b>{{7*7}}⟦iban⟧"
LONG = f"<script>alert(1)</script> {SHORT} {{% raw %}} &eacute; file:///etc/passwd"

SHEET_TEXTS = [
    field.name
    for field in ActionSheet._meta.get_fields()
    if isinstance(field, models.CharField | models.TextField) and field.name != "answers_demand"
]
CONTRACT_TEXTS = [
    "deliberation_number",
    "court",
    "state_accountant",
    "agency_accountant",
    "signed_at_place",
]


def squeezed(text: str) -> str:
    """Without spaces or hyphens, which depend on where the lines break."""
    return re.sub(r"[\s\u00a0\u202f\u00ad-]", "", text)


def hostile(name: str, text: str = LONG) -> str:
    """`text` with the name of its field, so that each one is found again."""
    return f"[{name}] {text}"


@pytest.fixture
def contract() -> Contract:
    contract = fill(bare_contract())
    for name in CONTRACT_TEXTS:
        room = contract._meta.get_field(name).max_length or 1000
        setattr(contract, name, hostile(name, LONG if room >= 120 else SHORT)[:room])
    contract.save()
    for party in contract.parties.select_related("signatory"):
        party.representative_name = hostile(f"name-{party.signatory.code}")
        party.representative_title = hostile(f"title-{party.signatory.code}")
        party.save()
    BankAccount.objects.filter(contract=contract).delete()
    BankAccount.objects.create(contract=contract, holder=hostile("holder"), iban=IBAN, bic=BIC)
    add_sheet(contract, **{name: hostile(name) for name in SHEET_TEXTS})
    own = ContractObjective.objects.create(contract=contract, own_title=hostile("own"))
    row = IndicatorFactory(
        campaign=contract.campaign,
        contract=contract,
        contract_objective=own,
        objective=None,
        label=hostile("label"),
        unit=hostile("unit", SHORT),
        source=hostile("source"),
        note=hostile("note"),
    )
    IndicatorValueFactory(
        contract=contract,
        indicator=row,
        kind=ValueKind.REFERENCE,
        value=None,
        unavailable_reason=hostile("reason"),
    )
    return Contract.objects.with_context().get(pk=contract.pk)


def test_every_typed_text_is_printed_as_it_was_typed(contract: Contract) -> None:
    content = render_contract(contract, dated=DATED).content
    reader = pypdf.PdfReader(io.BytesIO(content))
    text = squeezed(" ".join(page.extract_text() for page in reader.pages))

    signing = [party.signatory.code for party in contract.parties.all()]
    printed = [
        *(hostile(name) for name in SHEET_TEXTS),
        *(getattr(contract, name) for name in CONTRACT_TEXTS),
        *(hostile(f"name-{code}") for code in signing),
        hostile("holder"),
        hostile("own"),
        hostile("label"),
        hostile("reason"),
    ]
    assert len(printed) > 20
    assert [each for each in printed if squeezed(each) not in text] == []
    assert "[label]49" not in text
    assert b"/JavaScript" not in content
    assert b"/EmbeddedFile" not in content
    assert b"root:" not in content


def test_every_detail_that_a_person_writes_is_printed() -> None:
    """What is not in the list above is a date or a choice: no field of the form is without effect."""
    others = {"planned_effect_on", "deliberation_on", "needs_budget_controller"}
    assert set(DETAIL_FIELDS) == {*CONTRACT_TEXTS, *others}


def test_a_blank_that_a_person_typed_is_not_filled(contract: Contract) -> None:
    """The account's IBAN is known, and stands in its own line only."""
    filled = [
        segment.text
        for part in contract_document(contract).parts
        for group in part.groups
        for text in (*group.texts, *(half for pair in group.pairs for half in pair))
        for segment in text
        if segment.state == "filled"
    ]
    assert any("⟦iban⟧" in each for each in filled)
    assert sum(squeezed(IBAN) in squeezed(each) for each in filled) == 1


@pytest.mark.parametrize(
    "typed",
    [
        "\x0b\x0c\x1f\u202e\u2066renversé\ufffe\uffff 👩\u200d👧 𝔸 漢字 العربية",
        "a" * 4000 + "\n" * 300,
    ],
    ids=["rare characters", "no space, then no text"],
)
def test_characters_that_no_font_or_format_likes_do_not_stop_the_document(typed: str) -> None:
    contract = bare_contract()
    add_sheet(contract, title=f"Action {typed}"[:200], description=f"avant {typed} après")
    pages = pypdf.PdfReader(io.BytesIO(render_contract(contract, dated=DATED).content)).pages
    # pypdf does not read back every character of a font that was completed by another one.
    assert any("FICHE ACTION N° 1" in page.extract_text() for page in pages)
