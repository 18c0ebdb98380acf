"""Anybody who holds a paper or a file learns whether it is a version of ours, and whether it is in force."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from agreements.actions.versions import freeze_version
from agreements.actions.way import reopen
from agreements.models import ContractVersion, VersionPurpose
from agreements.verification import Standing, recognise_file, seal_of, standing_of
from contracts.models import Contract
from contracts.workflow import ContractState
from tests.agreements.amended import opened, walk_to, write_something
from tests.agreements.conftest import Table
from tests.agreements.printed import printed


def take(contract: Contract, purpose: VersionPurpose) -> ContractVersion:
    return freeze_version(contract, purpose=purpose, label="Texte", by=None)


def test_a_version_goes_from_proposed_to_in_force_to_superseded(contract: Contract) -> None:
    sent, agreed = take(contract, VersionPurpose.TRANSMISSION), take(contract, VersionPurpose.AGREEMENT)
    assert standing_of(sent) == Standing.DRAFT
    assert standing_of(agreed) == Standing.PROPOSED
    contract.state = ContractState.IN_FORCE
    assert standing_of(agreed) == Standing.IN_FORCE
    later = take(contract, VersionPurpose.AGREEMENT)
    assert standing_of(agreed) == Standing.SUPERSEDED
    assert standing_of(later) == Standing.IN_FORCE
    assert standing_of(sent) == Standing.DRAFT


def test_a_text_says_whether_it_is_proposed_signed_taken_back_or_replaced(table: Table) -> None:
    first = table.walk_to(ContractState.SIGNATURE)
    assert first is not None
    version = ContractVersion.objects.get(pk=first.version_id)
    assert standing_of(version) == Standing.SIGNING
    reopen(table.contract, reason="Une erreur", by=table.cast.council_editor)
    version = ContractVersion.objects.get(pk=first.version_id)
    assert standing_of(version) == Standing.TAKEN_BACK
    second = table.walk_to(ContractState.AGREEMENT)
    assert second is not None
    assert standing_of(ContractVersion.objects.get(pk=first.version_id)) == Standing.SUPERSEDED
    assert standing_of(ContractVersion.objects.get(pk=second.version_id)) == Standing.PROPOSED


def test_the_text_of_an_abandoned_amendment_is_no_longer_to_be_signed(table: Table) -> None:
    opened(table)
    write_something(table)
    proposal = walk_to(table, ContractState.SIGNATURE)
    assert proposal is not None
    assert standing_of(ContractVersion.objects.get(pk=proposal.version_id)) == Standing.SIGNING
    reopen(table.contract, reason="Une erreur", by=table.cast.council_editor)
    for version in ContractVersion.objects.filter(pk__in=[proposal.version_id, proposal.consolidated_id]):
        assert standing_of(version) == Standing.TAKEN_BACK


def test_a_file_is_recognised_by_its_bytes_alone(client: Client, contract: Contract) -> None:
    version = take(contract, VersionPurpose.AGREEMENT)
    sha256 = printed(version, b"%PDF-1.7 les octets de la version")
    found = recognise_file(sha256)
    assert found is not None
    assert found.version == version
    spaced = f" {sha256[:32].upper()} {sha256[32:]} "
    page = client.get(reverse("agreements:verify"), {"empreinte": spaced}).content.decode()
    assert contract.reference in page
    assert version.fingerprint in page
    other = sha256[:-1] + ("0" if sha256[-1] != "0" else "1")
    page = client.get(reverse("agreements:verify"), {"empreinte": other}).content.decode()
    assert "aucune version de ce site" in page
    assert contract.reference not in page


@pytest.mark.parametrize("typed", ["", "abc", "g" * 64, "0" * 63, "0" * 5000, "\x00" * 64, "é" * 64])
def test_what_is_no_hash_is_told(client: Client, db: None, typed: str) -> None:
    answer = client.get(reverse("agreements:verify"), {"empreinte": typed})
    assert answer.status_code == 422


def test_the_code_of_a_page_leads_to_its_version(client: Client, contract: Contract) -> None:
    version = take(contract, VersionPurpose.AGREEMENT)
    address = reverse("agreements:verify-version", args=[version.uid])
    assert seal_of(version).page_code(1, 3).endswith(f"{address}#1/3")
    assert version.fingerprint in client.get(address).content.decode()
    foreign = client.get(reverse("agreements:verify-version", args=[uuid.uuid4()]))
    assert foreign.status_code == 404
    assert "aucune version de ce site" in foreign.content.decode()


def test_a_visitor_learns_nothing_of_the_text(client: Client, contract: Contract) -> None:
    version = take(contract, VersionPurpose.AGREEMENT)
    page = client.get(reverse("agreements:verify-version", args=[version.uid])).content.decode()
    values = {entry.value for entry in version.entries if len(entry.value) > 40}
    assert values
    assert not [value for value in values if value in page]
