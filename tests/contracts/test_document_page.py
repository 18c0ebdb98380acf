"""The page of the document: what is missing, the button, the last documents, and their file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cdppe.accounts.actions.memberships import remove_membership
from cdppe.documents.actions.files import store_file
from cdppe.documents.actions.jobs import run_job
from cdppe.documents.models import JobState, RenderJob
from cdppe.documents.registry import RenderedDocument
from contracts.models import ContractModel
from tests.cast import Cast

PAGE = "/contrats/38-2030/document/"


@pytest.fixture
def editor(cast: Cast) -> Client:
    browser = Client()
    browser.force_login(cast.council_editor)
    return browser


def test_the_page_lists_what_the_text_still_lacks(editor: Client) -> None:
    page = editor.get(PAGE).content.decode()
    assert "Texte à compléter" in page
    assert "<li>Nom du préfet</li>" in page
    assert "Aucun document n’a encore été demandé" in page


def test_a_complete_text_is_said_to_be_complete(editor: Client, cast: Cast) -> None:
    cast.contract.parties.create(
        signatory=cast.campaign.signatories.get(code="prefect"), representative_name="Claude Préfet"
    )
    assert "Texte complet" in editor.get(PAGE).content.decode()


def test_the_button_leads_to_the_bar_and_the_worker_to_the_file(editor: Client, cast: Cast) -> None:
    answer = editor.post(f"{PAGE}produire/")
    job = RenderJob.objects.get()
    assert answer.headers["Location"] == f"/documents/{job.pk}/"
    assert (job.subject, job.requested_by) == ("38-2030", cast.council_editor)
    run_job(job.pk)
    page = editor.get(PAGE).content.decode()
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    assert job.file is not None
    assert job.file.sha256 in page
    assert f"/documents/{job.pk}/telecharger/" in page
    assert cast.council_editor.get_full_name() in page
    assert editor.get(f"/documents/{job.pk}/telecharger/").content.startswith(b"%PDF-1.7")


def test_two_clicks_ask_for_one_document(editor: Client) -> None:
    assert editor.post(f"{PAGE}produire/").headers == editor.post(f"{PAGE}produire/").headers
    assert RenderJob.objects.count() == 1


def test_who_may_only_look_at_other_territories_sees_neither_page_nor_file(
    editor: Client, cast: Cast
) -> None:
    editor.post(f"{PAGE}produire/")
    job = RenderJob.objects.get()
    run_job(job.pk)
    foreign = Client()
    foreign.force_login(cast.foreign_editor)
    for address in [PAGE, f"/documents/{job.pk}/", f"/documents/{job.pk}/telecharger/"]:
        assert foreign.get(address).status_code == 404, address
    assert foreign.post(f"{PAGE}produire/").status_code == 404


def test_who_left_the_institution_loses_the_documents_that_they_asked_for(editor: Client, cast: Cast) -> None:
    editor.post(f"{PAGE}produire/")
    job = RenderJob.objects.get()
    run_job(job.pk)
    addresses = [f"/documents/{job.pk}/{end}" for end in ("", "avancement/", "telecharger/")]
    assert [editor.get(address).status_code for address in addresses] == [200, 200, 200]

    remove_membership(cast.council_editor.memberships.get(), by=cast.council_administrator)

    for address in [*addresses, PAGE]:
        assert editor.get(address).status_code == 404, address
    assert editor.post(f"/documents/{job.pk}/nouvel-essai/").status_code == 404


def test_the_ministry_and_the_region_download_it_too(editor: Client, cast: Cast) -> None:
    editor.post(f"{PAGE}produire/")
    job = RenderJob.objects.get()
    run_job(job.pk)
    for person in (cast.dgcs_reader, cast.regional_reader, cast.council_reader, cast.prefect_editor):
        browser = Client()
        browser.force_login(person)
        assert browser.get(f"/documents/{job.pk}/telecharger/").status_code == 200, person


def test_without_a_model_the_page_says_so_and_nothing_breaks(editor: Client) -> None:
    ContractModel.objects.all().delete()
    answer = editor.get(PAGE)
    assert answer.status_code == 409
    assert "n’a pas de contrat-type" in answer.content.decode()


def test_a_job_whose_contract_is_gone_fails_with_a_sentence(editor: Client, cast: Cast) -> None:
    editor.post(f"{PAGE}produire/")
    job = RenderJob.objects.get()
    cast.contract.objectives.all().delete()
    cast.contract.delete()
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (
        JobState.FAILED,
        "Le contrat 38-2030 n’existe plus : le document ne peut pas être produit.",
    )


def test_the_page_asks_as_many_queries_for_ten_documents_as_for_one(editor: Client, cast: Cast) -> None:
    def add(count: int) -> None:
        for number in range(count):
            document = RenderedDocument("contrat.pdf", "application/pdf", f"{number}".encode())
            RenderJob.objects.create(
                kind="contract",
                subject="38-2030",
                title="Contrat",
                requested_by=cast.council_editor,
                state=JobState.DONE,
                file=store_file(document),
                finished_at=cast.campaign.loaded_at,
            )

    counts = []
    for count in (1, 9):
        add(count)
        with CaptureQueriesContext(connection) as queries:
            editor.get(PAGE)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_page_shows_the_last_ten_documents(
    editor: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(12):
        RenderJob.objects.create(kind="contract", subject="38-2030", title=f"Contrat {number}")
    assert len(editor.get(PAGE).context["jobs"]) == 10
