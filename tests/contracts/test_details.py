"""The general information and the bank account of a contract (annexe 5.1, article 4; K1, M6)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from cdppe.lib.bank import BankDetailError
from contracts.actions.bank_accounts import save_bank_account
from contracts.actions.contracts import Representative, save_details
from contracts.models import BankAccount, Contract, ContractParty
from contracts.workflow import ContractState
from tests.cast import Cast

IBAN = "FR7630006000011234567890189"
OTHER_IBAN = "FR1420041010050500013M02606"
BIC = "AGRIFRPP"


@pytest.fixture
def parties(cast: Cast) -> dict[str, ContractParty]:
    """The three parties of the Isère's contract, by code."""
    return {
        signatory.code: ContractParty.objects.create(contract=cast.contract, signatory=signatory)
        for signatory in cast.campaign.signatories.all()
    }


def details_url(contract: Contract) -> str:
    return reverse("contracts:details-edit", args=[contract.reference])


def account_url(contract: Contract) -> str:
    return reverse("contracts:bank-account-edit", args=[contract.reference])


def typed(contract: Contract, **others: Any) -> dict[str, Any]:
    return {"version": contract.version, "court": "Tribunal administratif de Grenoble"} | others


def finalise(contract: Contract) -> None:
    Contract.objects.filter(pk=contract.pk).update(state=ContractState.DRAFT)


# --- Details -----------------------------------------------------------------------------------------------


def test_saving_fills_the_blanks_and_names_the_representatives(
    client: Client, cast: Cast, parties: dict[str, ContractParty]
) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(
        details_url(cast.contract),
        typed(
            cast.contract,
            planned_effect_on="2030-11-30",
            deliberation_number="2030-DL-118",
            deliberation_on="05/10/2030",
            needs_budget_controller="on",
            **{f"party_{parties['ars'].pk}_name": "Madame Dupond", f"party_{parties['ars'].pk}_title": "DG"},
        ),
    )
    assert answer.status_code == 302
    cast.contract.refresh_from_db()
    assert cast.contract.planned_effect_on == dt.date(2030, 11, 30)
    assert cast.contract.deliberation_on == dt.date(2030, 10, 5)
    assert cast.contract.court == "Tribunal administratif de Grenoble"
    assert cast.contract.needs_budget_controller
    assert cast.contract.version == 2
    assert str(cast.contract.parties.get(signatory__code="ars")) == "Madame Dupond"
    assert cast.contract.events.get().by == cast.council_editor


def test_a_save_over_somebody_else_s_shows_both_texts_and_loses_nothing(
    client: Client, cast: Cast, parties: dict[str, ContractParty]
) -> None:
    save_details(
        cast.contract,
        fields={"court": "Texte de la préfecture"},
        representatives={parties["ars"].pk: Representative("Madame Dupond", "DG")},
        version=1,
        by=cast.prefect_editor,
    )
    client.force_login(cast.council_editor)
    answer = client.post(details_url(cast.contract), typed(cast.contract, court="Texte du département"))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Texte de la préfecture" in page
    assert "Texte du département" in page
    assert "Nom du représentant : " in page
    assert "Madame Dupond" in page
    cast.contract.refresh_from_db()
    assert cast.contract.court == "Texte de la préfecture"
    # The page stands on the new version: saving it again is a decision taken with both texts in view.
    assert 'name="version" value="2"' in page
    again = client.post(details_url(cast.contract), typed(cast.contract, court="Accord", version=2))
    assert again.status_code == 302
    cast.contract.refresh_from_db()
    assert cast.contract.court == "Accord"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("planned_effect_on", "hier", "Écrivez une date"),
        ("planned_effect_on", "2029-12-31", "tombe dans la période du contrat, de 2030 à 2032"),
        ("deliberation_on", "31/02/2030", "Écrivez une date"),
        ("court", "x" * 161, "160"),
        ("version", "", "Rechargez la page"),
        ("version", "abc", "Rechargez la page"),
    ],
)
def test_bad_input_gives_a_sentence_keeps_what_was_typed_and_writes_nothing(
    client: Client, cast: Cast, parties: dict[str, ContractParty], field: str, value: str, sentence: str
) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(
        details_url(cast.contract), typed(cast.contract, signed_at_place="Vizille") | {field: value}
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert 'value="Vizille"' in page
    cast.contract.refresh_from_db()
    assert cast.contract.version == 1


def test_extra_fields_and_another_contract_s_parties_are_ignored(
    client: Client, cast: Cast, parties: dict[str, ContractParty]
) -> None:
    foreign = ContractParty.objects.create(
        contract=cast.foreign_contract, signatory=cast.campaign.signatories.get(code="ars")
    )
    client.force_login(cast.council_editor)
    answer = client.post(
        details_url(cast.contract),
        typed(
            cast.contract,
            state="draft",
            territory=cast.nord.pk,
            reference="x",
            ends_on="2099-12-31",
            **{f"party_{foreign.pk}_name": "Intrus"},
        ),
    )
    assert answer.status_code == 302
    cast.contract.refresh_from_db()
    assert (cast.contract.state, cast.contract.territory, cast.contract.reference) == (
        "diagnosis",
        cast.isere,
        "38-2030",
    )
    assert cast.contract.ends_on == dt.date(2032, 12, 31)
    foreign.refresh_from_db()
    assert foreign.representative_name == ""


def test_the_action_names_no_party_of_another_contract(cast: Cast) -> None:
    foreign = ContractParty.objects.create(
        contract=cast.foreign_contract, signatory=cast.campaign.signatories.get(code="ars")
    )
    save_details(
        cast.contract,
        fields={},
        representatives={foreign.pk: Representative("Intrus", "")},
        version=1,
        by=cast.council_editor,
    )
    foreign.refresh_from_db()
    assert foreign.representative_name == ""


def test_a_reader_reads_and_writes_nothing(
    client: Client, cast: Cast, parties: dict[str, ContractParty]
) -> None:
    client.force_login(cast.council_reader)
    page = client.get(details_url(cast.contract)).content.decode()
    assert "représentant à nommer" in page
    assert 'name="court"' not in page
    assert client.post(details_url(cast.contract), typed(cast.contract)).status_code == 403


def test_a_finalised_draft_is_read_only(client: Client, cast: Cast) -> None:
    finalise(cast.contract)
    client.force_login(cast.council_editor)
    assert "rouvrez la négociation" in client.get(details_url(cast.contract)).content.decode()
    answer = client.post(details_url(cast.contract), typed(cast.contract))
    assert answer.status_code == 409
    assert "Rouvrez d’abord la négociation" in answer.content.decode()


def test_hostile_text_is_shown_as_text(client: Client, cast: Cast, parties: dict[str, ContractParty]) -> None:
    hostile = "<script>alert(1)</script> {{7*7}} file:///etc/passwd"
    client.force_login(cast.council_editor)
    client.post(
        details_url(cast.contract),
        typed(cast.contract, court=hostile, **{f"party_{parties['ars'].pk}_name": hostile}),
    )
    for url in (details_url(cast.contract), reverse("contracts:detail", args=[cast.contract.reference])):
        page = client.get(url).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}} file:///etc/passwd" in page
        assert "<script>alert" not in page


def test_an_outsider_finds_neither_page(client: Client, cast: Cast) -> None:
    client.force_login(cast.foreign_editor)
    for url in (details_url(cast.contract), account_url(cast.contract)):
        assert client.get(url).status_code == 404
        assert client.post(url).status_code == 404


# --- Bank account ------------------------------------------------------------------------------------------


def test_the_account_is_encrypted_at_rest_and_masked_on_screen(client: Client, cast: Cast) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(
        account_url(cast.contract),
        {"holder": "Département de l’Isère", "iban": "fr76 3000 6000 0112 3456 7890 189", "bic": BIC},
    )
    assert answer.status_code == 302
    assert BankAccount.objects.get().iban == IBAN
    with connection.cursor() as cursor:
        cursor.execute("SELECT iban, bic FROM contracts_bankaccount")
        stored = cursor.fetchone()
    assert IBAN not in str(stored)
    assert BIC not in str(stored)
    for url in (details_url(cast.contract), account_url(cast.contract)):
        page = client.get(url).content.decode()
        assert "FR•• •••• •••• •••• •••• ••••189" in page
        assert IBAN not in page
        assert BIC not in page
    event = cast.contract.events.get()
    assert IBAN not in event.sentence
    assert "189" in event.sentence


def test_changing_the_account_asks_for_all_of_it_again(client: Client, cast: Cast) -> None:
    save_bank_account(cast.contract, holder="D", iban=IBAN, bic=BIC, by=cast.council_editor)
    client.force_login(cast.council_editor)
    answer = client.post(account_url(cast.contract), {"holder": "Autre titulaire", "iban": "", "bic": ""})
    assert answer.status_code == 422
    assert BankAccount.objects.get().holder == "D"
    answer = client.post(account_url(cast.contract), {"holder": "D", "iban": OTHER_IBAN, "bic": BIC})
    assert answer.status_code == 302
    assert BankAccount.objects.get().iban == OTHER_IBAN


@pytest.mark.parametrize(
    ("iban", "bic", "sentence"),
    [
        ("FR7630006000011234567890188", BIC, "Cet IBAN n’est pas valide"),
        ("DE89370400440532013000", BIC, "son IBAN commence par FR"),
        ("<script>alert(1)</script>", BIC, "Cet IBAN n’est pas valide"),
        (IBAN, "AGRI", "Ce BIC n’est pas valide"),
        (IBAN, "", "Recopiez le BIC"),
    ],
)
def test_a_wrong_iban_or_bic_says_what_to_do_and_writes_nothing(
    client: Client, cast: Cast, iban: str, bic: str, sentence: str
) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(account_url(cast.contract), {"holder": "Mon titulaire", "iban": iban, "bic": bic})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert 'value="Mon titulaire"' in page
    assert "<script>alert" not in page
    assert not BankAccount.objects.exists()


def test_the_action_itself_checks_the_account(cast: Cast) -> None:
    with pytest.raises(BankDetailError):
        save_bank_account(cast.contract, holder="D", iban="FR00", bic=BIC, by=cast.council_editor)
    assert not BankAccount.objects.exists()
    assert not cast.contract.events.exists()


def test_only_the_department_s_editors_write_the_account(client: Client, cast: Cast) -> None:
    for person in (cast.prefect_editor, cast.ars_editor, cast.council_reader, cast.dgcs_editor):
        client.force_login(person)
        assert client.get(account_url(cast.contract)).status_code == 403
        answer = client.post(account_url(cast.contract), {"holder": "x", "iban": IBAN, "bic": BIC})
        assert answer.status_code == 403
        assert account_url(cast.contract) not in client.get(details_url(cast.contract)).content.decode()
    assert not BankAccount.objects.exists()


def test_a_finalised_draft_keeps_its_account(client: Client, cast: Cast) -> None:
    finalise(cast.contract)
    client.force_login(cast.council_editor)
    answer = client.post(account_url(cast.contract), {"holder": "x", "iban": IBAN, "bic": BIC})
    assert answer.status_code == 409
    assert not BankAccount.objects.exists()
