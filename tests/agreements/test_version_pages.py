"""The pages and the documents of versions."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from agreements.actions.versions import freeze_version
from agreements.documents import changes_subject as subject_of
from agreements.documents import pdf_of, render_changes, render_version
from agreements.models import ContractVersion, VersionPurpose
from agreements.verification import VERSION_KIND
from cdppe.documents.actions.jobs import request_render, run_job
from cdppe.lib.errors import MissingPiece
from contracts.models import ActionSheet, BankAccount, Contract
from tests.cast import Cast
from tests.contracts.contract_documents import BIC, IBAN
from tests.queries import count_queries


def silent(percent: int, step: str) -> None:
    """Nobody looks at the progress."""


def take(contract: Contract, label: str) -> ContractVersion:
    return freeze_version(contract, purpose=VersionPurpose.TRANSMISSION, label=label, by=None)


@pytest.fixture
def both(contract: Contract) -> tuple[ContractVersion, ContractVersion]:
    """Two versions, between which a sheet was called otherwise."""
    first = take(contract, "Premier envoi")
    ActionSheet.objects.filter(contract=contract).update(title="Un intitulé tout neuf")
    return first, take(contract, "Second envoi")


def test_without_a_version_the_page_says_when_there_will_be_one(
    client: Client, cast: Cast, contract: Contract
) -> None:
    client.force_login(cast.council_reader)
    page = client.get(reverse("agreements:versions", args=[contract.reference])).content.decode()
    assert "Aucune version n’a encore été prise" in page


def test_the_list_compares_with_the_contract_as_it_is(
    client: Client, cast: Cast, contract: Contract, both: tuple[ContractVersion, ContractVersion]
) -> None:
    client.force_login(cast.council_reader)
    listed = client.get(reverse("agreements:versions", args=[contract.reference])).content.decode()
    assert both[0].fingerprint in listed
    compare = reverse("agreements:versions-compare", args=[contract.reference])
    page = client.get(compare, {"de": 1, "a": 0}).content.decode()
    assert "<ins>" in page
    assert "tout" in page
    assert "Rien n’est différent" in client.get(compare, {"de": 2, "a": 0}).content.decode()


@pytest.mark.parametrize("asked", [{"de": "1", "a": "1"}, {"de": "99", "a": "0"}, {"de": "x"}, {"a": "-1"}])
def test_a_wrong_choice_is_told_on_the_page(
    client: Client,
    cast: Cast,
    contract: Contract,
    both: tuple[ContractVersion, ContractVersion],
    asked: dict[str, str],
) -> None:
    client.force_login(cast.council_reader)
    answer = client.get(reverse("agreements:versions-compare", args=[contract.reference]), asked)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "asked", [{}, {"de": "1", "a": "0"}, {"de": "2", "a": "2"}, {"de": "1", "a": "9" * 40}, {"de": "\x00"}]
)
def test_the_document_of_changes_is_asked_for_two_versions(
    client: Client,
    cast: Cast,
    contract: Contract,
    both: tuple[ContractVersion, ContractVersion],
    asked: dict[str, str],
) -> None:
    client.force_login(cast.council_reader)
    address = reverse("agreements:changes-render", args=[contract.reference])
    assert client.post(address, asked).status_code == 422
    assert client.post(address, {"de": "1", "a": "2"}).status_code == 302


def test_a_version_reads_as_the_contract_stood(
    client: Client, cast: Cast, contract: Contract, both: tuple[ContractVersion, ContractVersion]
) -> None:
    client.force_login(cast.council_reader)
    first = client.get(reverse("agreements:version", args=[contract.reference, 1])).content.decode()
    second = client.get(reverse("agreements:version", args=[contract.reference, 2])).content.decode()
    assert "Un intitulé tout neuf" not in first
    assert "Un intitulé tout neuf" in second
    missing = client.get(reverse("agreements:version", args=[contract.reference, 3]))
    assert missing.status_code == 404


def test_no_page_shows_the_whole_account(client: Client, cast: Cast, contract: Contract) -> None:
    BankAccount.objects.create(contract=contract, holder="Payeur départemental", iban=IBAN, bic=BIC)
    contract = Contract.objects.with_context().get(pk=contract.pk)
    version = take(contract, "Avec le compte")
    assert "30001" in version.content_text
    client.force_login(cast.council_reader)
    page = client.get(reverse("agreements:version", args=[contract.reference, version.number]))
    assert "30001" not in page.content.decode()


def test_the_pdf_comes_from_what_was_frozen_and_stays_the_same(
    cast: Cast,
    contract: Contract,
    both: tuple[ContractVersion, ContractVersion],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    first, _ = both
    job = request_render(VERSION_KIND, first.uid.hex, title="Version 1", by=cast.council_reader)
    run_job(job.pk)
    made = pdf_of(first)
    assert made is not None
    again = render_version(first.uid.hex, silent)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(again.content)).pages)
    assert "Un intitulé tout neuf" not in text
    with made.content.open("rb") as stored:
        assert stored.read() == again.content


def test_what_changed_is_a_document_too(both: tuple[ContractVersion, ContractVersion]) -> None:
    document = render_changes(subject_of(*both), silent)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(document.content)).pages)
    assert "Un intitulé tout neuf" in text
    assert both[0].fingerprint in text


@pytest.mark.parametrize("subject", ["", "x", "0" * 32, "0" * 32 + "-" + "1" * 32])
def test_a_version_that_is_not_there_is_said_so(db: None, subject: str) -> None:
    with pytest.raises(MissingPiece):
        render_version(subject, silent)
    with pytest.raises(MissingPiece):
        render_changes(subject, silent)


def test_as_many_queries_for_twelve_versions_as_for_two(
    client: Client, cast: Cast, contract: Contract, both: tuple[ContractVersion, ContractVersion]
) -> None:
    client.force_login(cast.council_reader)
    address = reverse("agreements:versions", args=[contract.reference])
    few = count_queries(lambda: client.get(address))
    for number in range(10):
        take(contract, f"Envoi {number}")
    assert count_queries(lambda: client.get(address)) == few
