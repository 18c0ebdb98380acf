"""A version is the whole contract at a moment, and never changes (rules K4, K5)."""

from __future__ import annotations

import json

import pytest
from django.db import IntegrityError, connection, transaction

from agreements.actions.versions import content_hash_of, freeze_version
from agreements.content import Entry, canonical, digest, read_content, version_hash
from agreements.models import ContractVersion, VersionPurpose
from agreements.models.versions import FrozenVersion
from agreements.reading import CONTACTS
from contracts.models import ActionSheet, Contact, Contract
from tests.cast import Cast

ONE = Entry("sheets", 3, "title", "Fiche n° 1", "Intitulé", "Accueillir")
OTHER = Entry("details", 0, "court", "Informations", "Tribunal", "Grenoble")


def test_the_content_has_one_text_whatever_the_order() -> None:
    assert canonical([ONE, OTHER]) == canonical([OTHER, ONE])
    assert read_content(json.loads(canonical([ONE, OTHER]))) == (OTHER, ONE)


def test_letters_written_in_two_ways_are_the_same_letters() -> None:
    composed = Entry("sheets", 3, "title", "", "", "\u00e9t\u00e9")
    decomposed = Entry("sheets", 3, "title", "", "", "e\u0301te\u0301")
    assert canonical([composed]) == canonical([decomposed])


@pytest.mark.parametrize("changed", ["uid", "reference", "number", "text_hash", "html_hash"])
def test_the_hash_depends_on_everything(changed: str) -> None:
    parts: dict[str, object] = {
        "uid": "u",
        "reference": "38-2022",
        "number": 1,
        "text_hash": digest("a"),
        "html_hash": digest("b"),
    }
    other = {**parts, changed: 2 if changed == "number" else "x"}
    assert version_hash(**parts) != version_hash(**other)  # type: ignore[arg-type]  # both are built by name


@pytest.fixture
def version(contract: Contract, cast: Cast) -> ContractVersion:
    return freeze_version(
        contract, purpose=VersionPurpose.AGREEMENT, label="Texte proposé", by=cast.council_editor
    )


def test_a_version_keeps_what_the_contract_said(contract: Contract, cast: Cast) -> None:
    sheet = ActionSheet.objects.filter(contract=contract).first()
    assert sheet is not None
    first = freeze_version(contract, purpose=VersionPurpose.TRANSMISSION, label="Première", by=None)
    assert content_hash_of(contract) == first.content_hash
    before = sheet.title
    ActionSheet.objects.filter(pk=sheet.pk).update(title="Tout autre intitulé")
    assert content_hash_of(contract) != first.content_hash

    second = freeze_version(contract, purpose=VersionPurpose.TRANSMISSION, label="Seconde", by=None)
    stored = ContractVersion.objects.get(pk=first.pk)
    titles = {entry.value for entry in stored.entries if entry.field == "title"}
    assert before in titles
    assert "Tout autre intitulé" not in titles
    assert "Tout autre intitulé" in second.html
    assert "Tout autre intitulé" not in stored.html
    assert (first.number, second.number) == (1, 2)
    assert stored.hash == version_hash(
        uid=str(stored.uid),
        reference=contract.reference,
        number=1,
        text_hash=digest(stored.content_text),
        html_hash=digest(stored.html),
    )


def test_a_contact_is_sent_but_not_signed(contract: Contract, cast: Cast) -> None:
    before = content_hash_of(contract)
    Contact.objects.create(
        contract=contract,
        institution=cast.council,
        seat=1,
        name="Dominique Petit",
        email="d.petit@example.fr",
        phone="04 76 00 00 00",
    )
    assert content_hash_of(contract) == before
    version = freeze_version(contract, purpose=VersionPurpose.TRANSMISSION, label="Contacts", by=None)
    assert [entry.value for entry in version.entries if entry.part == CONTACTS].count("Dominique Petit") == 1


def test_only_what_is_agreed_goes_without_the_mention_of_a_draft(
    contract: Contract, version: ContractVersion
) -> None:
    sent = freeze_version(contract, purpose=VersionPurpose.TRANSMISSION, label="Envoi", by=None)
    assert "n’est pas signé" in sent.html
    assert "n’est pas signé" not in version.html
    # Nor does what is signed say for ever at which step of its way it was proposed.
    assert "État du contrat" in sent.html
    assert "État du contrat" not in version.html


def test_the_program_refuses_to_change_a_version(version: ContractVersion) -> None:
    version.label = "Autre"
    with pytest.raises(FrozenVersion):
        version.save()
    with pytest.raises(FrozenVersion):
        version.delete()
    with pytest.raises(FrozenVersion):
        ContractVersion.objects.all().update(label="Autre")
    with pytest.raises(FrozenVersion):
        ContractVersion.objects.all().delete()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement",
    ["UPDATE agreements_contractversion SET label = 'Autre'", "DELETE FROM agreements_contractversion"],
)
def test_the_database_refuses_too(version: ContractVersion, statement: str) -> None:
    refused = pytest.raises(IntegrityError, match="never changes")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert ContractVersion.objects.get().label == "Texte proposé"


def test_the_bank_account_is_not_in_clear_in_the_database(version: ContractVersion) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT content_text, html FROM agreements_contractversion")
        content_text, html = cursor.fetchone()
    assert "Article" not in content_text + html
    assert "ARTICLE" in version.html.upper()
