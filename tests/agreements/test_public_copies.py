"""The public version of a signed contract: prepared apart, read again, put online, read by all (K6, N2)."""

from __future__ import annotations

import hashlib
import html
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agreements.actions.amendments import open_amendment
from agreements.actions.public_copies import prepare_public_copy, publish_contract
from agreements.actions.versions import freeze_version
from agreements.models import ContractVersion, Proposal, PublicCopy, TextInForce, VersionPurpose
from agreements.public_text import public_lines, removed_counts
from agreements.publishing import PUBLIC_KIND, private_names, public_subject, publishable_version
from cdppe.accounts.models import User
from cdppe.documents.actions.files import store_file
from cdppe.documents.actions.jobs import run_job
from cdppe.documents.models import JobState, RenderJob
from cdppe.documents.registry import RenderedDocument
from cdppe.lib.errors import MissingPiece, NotAllowed, WrongState
from contracts.actions.takeovers import complete_takeover, mark_as_taken_over, reopen_takeover
from contracts.models import Contract
from contracts.workflow import ContractState
from tests.agreements.amended import propose, write_something
from tests.agreements.conftest import Table
from tests.agreements.pdfs import made_with
from tests.agreements.test_public_version import (
    PLANTED,
    everything_in,
    planted_contract,
    squeezed,
)
from tests.answers import client_of
from tests.factories import (
    CampaignFactory,
    ContractFactory,
    InstitutionFactory,
    MembershipFactory,
    UserFactory,
)
from tests.queries import count_queries
from tests.states import put_in_state

REFERENCE = "38-2030"
PDF = b"%PDF-1.7 la version publique"


def said(answer: Any) -> str:
    """The page of `answer` as it is read: no entities, ordinary spaces."""
    return html.unescape(answer.content.decode()).replace("\u00a0", " ").replace("\u202f", " ")


def address(name: str, reference: str = REFERENCE) -> str:
    return reverse(f"agreements:{name}", args=[reference])


def signed_text(table: Table) -> ContractVersion:
    """The version that all have signed."""
    proposal = table.walk_to(ContractState.IN_FORCE)
    assert proposal is not None
    return proposal.version


def prepared(version: ContractVersion, content: bytes = PDF) -> str:
    """The SHA-256 of the public version as it would be today, without laying it out."""
    file = store_file(RenderedDocument("contrat-version-publique.pdf", "application/pdf", content))
    RenderJob.objects.create(
        kind=PUBLIC_KIND,
        subject=public_subject(version, private_names(version)),
        title="Version publique",
        state=JobState.DONE,
        progress=100,
        file=file,
        finished_at=timezone.now(),
    )
    return file.sha256


def online(contract: Contract, by: User, content: bytes = PDF) -> PublicCopy:
    """A copy of `contract`, signed by all somehow, put online."""
    version = freeze_version(contract, purpose=VersionPurpose.AGREEMENT, label="Texte", by=None)
    Proposal.objects.create(contract=contract, version=version, proposed_by=by)
    put_in_state(contract, ContractState.IN_FORCE, by=by)
    contract.refresh_from_db()
    return publish_contract(contract, sha256=prepared(version, content), by=by)


# --- Put online by its parties -----------------------------------------------------------------------------


def test_a_contract_goes_online_once_it_was_read_again_and_confirmed(client: Client, table: Table) -> None:
    version = signed_text(table)
    editor = client_of(table.cast.council_editor)
    text = said(editor.get(address("publication")))
    assert "Ce contrat n’est pas en ligne." in text
    assert "Préparer la version publique" in text
    answer = editor.post(address("publication-prepare"))
    job = RenderJob.objects.get(kind=PUBLIC_KIND)
    assert answer.headers["Location"] == reverse("documents:job", args=[job.pk])
    assert "en préparation" in said(editor.get(address("publication")))
    run_job(job.pk)
    job.refresh_from_db()
    assert job.file is not None
    text = said(editor.get(address("publication-confirm")))
    assert "partie entière retirée" in text
    assert version.contract.territory.collectivity in text
    data = {"sha256": job.file.sha256}
    assert "cochez cette case" in said(editor.post(address("publication-confirm"), data))
    assert client.get(address("public-contract")).status_code == 404
    assert editor.post(address("publication-confirm"), data | {"is_read": "on"}).status_code == 302
    assert "La version publique est en ligne" in said(editor.get(address("publication")))
    assert REFERENCE in said(client.get(reverse("agreements:public-contracts")))
    page = said(client.get(address("public-contract")))
    assert job.file.sha256 in page
    download = client.get(address("public-contract-pdf"))
    assert hashlib.sha256(download.content).hexdigest() == job.file.sha256
    assert download["Cache-Control"] == "no-store"
    codes = list(table.contract.events.values_list("code", flat=True))
    assert codes.count("public_copy.published") == 1
    # The same again has no effect.
    assert editor.post(address("publication-confirm"), data | {"is_read": "on"}).status_code == 409
    assert PublicCopy.objects.count() == 1


def test_it_is_withdrawn_with_a_reason_and_may_come_back(client: Client, table: Table) -> None:
    version = signed_text(table)
    sha256 = prepared(version)
    publish_contract(table.contract, sha256=sha256, by=table.cast.ars_editor)
    editor = client_of(table.cast.council_editor)
    assert editor.post(address("publication-withdraw"), {"reason": " "}).status_code == 422
    for hostile in ("avant\x00après", "x" * 501):
        assert editor.post(address("publication-withdraw"), {"reason": hostile}).status_code == 422
    assert client.get(address("public-contract")).status_code == 200
    reason = "Un nom est resté <b>page 4</b>"
    assert editor.post(address("publication-withdraw"), {"reason": reason}).status_code == 302
    for name in ("public-contract", "public-contract-pdf"):
        assert client.get(address(name)).status_code == 404
    assert "Aucun contrat n’est encore publié" in said(client.get(reverse("agreements:public-contracts")))
    answer = editor.get(address("publication"))
    assert "<b>page 4" not in answer.content.decode()
    assert "Un nom est resté" in said(answer)
    assert editor.post(address("publication-withdraw"), {"reason": "Encore"}).status_code == 409
    assert table.contract.events.filter(code="public_copy.withdrawn").count() == 1
    assert editor.post(address("publication-confirm"), {"sha256": sha256, "is_read": "on"}).status_code == 302
    assert client.get(address("public-contract")).status_code == 200


@pytest.mark.parametrize(
    "state", [state for state in ContractState if state not in (ContractState.IN_FORCE, ContractState.ENDED)]
)
def test_nothing_goes_online_before_all_have_signed(table: Table, state: ContractState) -> None:
    table.walk_to(state)
    editor = client_of(table.cast.council_editor)
    assert "Rien à mettre en ligne" in said(editor.get(address("publication")))
    assert editor.post(address("publication-prepare")).status_code == 409
    assert editor.get(address("publication-confirm")).status_code == 409
    data = {"sha256": "0" * 64, "is_read": "on"}
    assert editor.post(address("publication-confirm"), data).status_code == 409
    assert not RenderJob.objects.filter(kind=PUBLIC_KIND).exists()
    assert not PublicCopy.objects.exists()


def test_only_the_parties_put_online(table: Table) -> None:
    version = signed_text(table)
    sha256 = prepared(version)
    for person in (table.cast.council_reader, table.cast.dgcs_signatory, table.cast.regional_reader):
        with pytest.raises(NotAllowed):
            publish_contract(table.contract, sha256=sha256, by=person)
        browser = client_of(person)
        text = said(browser.get(address("publication")))
        assert "Relire la version publique" not in text
        for name in ("publication-confirm", "publication-withdraw"):
            assert browser.get(address(name)).status_code == 403
            assert browser.post(address(name)).status_code == 403
        assert browser.post(address("publication-prepare")).status_code == 403
    foreign = client_of(table.cast.foreign_editor)
    assert foreign.get(address("publication")).status_code == 404
    assert not PublicCopy.objects.exists()


def test_what_goes_online_is_what_was_read(table: Table) -> None:
    version = signed_text(table)
    first = prepared(version)
    second = prepared(version, PDF + b" encore")
    by = table.cast.council_editor
    for wrong in (first, "0" * 64):
        with pytest.raises(WrongState, match="préparée de nouveau"):
            publish_contract(table.contract, sha256=wrong, by=by)
    # Somebody joins: the prepared document holds a name that nobody had told.
    newcomer = UserFactory(first_name="Nouvelle", last_name="Venue")
    MembershipFactory(user=newcomer, institution=table.cast.council)
    with pytest.raises(MissingPiece):
        publish_contract(table.contract, sha256=second, by=by)
    assert client_of(by).get(address("publication-confirm")).status_code == 409


def test_a_name_that_comes_between_the_demand_and_its_production_stops_it(table: Table) -> None:
    signed_text(table)
    client_of(table.cast.council_editor).post(address("publication-prepare"))
    MembershipFactory(
        user=UserFactory(first_name="Nouvelle", last_name="Venue"), institution=table.cast.council
    )
    job = RenderJob.objects.get(kind=PUBLIC_KIND)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "ont changé" in job.error


def test_a_newer_public_version_takes_the_place_of_the_one_online(client: Client, table: Table) -> None:
    version = signed_text(table)
    publish_contract(table.contract, sha256=prepared(version), by=table.cast.ars_editor)
    newer = prepared(version, PDF + b" encore")
    assert "Relire la version publique" in said(
        client_of(table.cast.council_editor).get(address("publication"))
    )
    publish_contract(table.contract, sha256=newer, by=table.cast.council_editor)
    assert client.get(address("public-contract-pdf")).content == PDF + b" encore"
    assert PublicCopy.objects.filter(withdrawn_at__isnull=False).count() == 1


def test_a_copy_that_an_amendment_has_overtaken_says_so(client: Client, table: Table) -> None:
    """V2: nobody takes the text of before for the law of today."""
    version = signed_text(table)
    publish_contract(table.contract, sha256=prepared(version), by=table.cast.ars_editor)
    overtaken = "L’avenant n° 1 modifie ce contrat depuis le"
    assert overtaken not in said(client.get(address("public-contract")))
    open_amendment(table.contract, about="Objet", reason="Motif", by=table.cast.council_editor)
    write_something(table)
    proposal = propose(table)
    table.agree_all(proposal)
    assert overtaken not in said(client.get(address("public-contract")))
    table.sign_all(proposal)
    assert overtaken in said(client.get(address("public-contract")))
    page = said(client_of(table.cast.council_editor).get(address("publication")))
    assert "Ce qui est en ligne n’est plus le texte en vigueur" in page
    assert "Les personnes autour du contrat ont changé" not in page
    assert proposal.consolidated is not None
    sha256 = prepared(proposal.consolidated, PDF + b" consolide")
    publish_contract(table.contract, sha256=sha256, by=table.cast.ars_editor)
    assert overtaken not in said(client.get(address("public-contract")))


def test_the_database_refuses_two_online_and_an_end_without_its_author(table: Table) -> None:
    version = signed_text(table)
    copy = publish_contract(table.contract, sha256=prepared(version), by=table.cast.ars_editor)
    wrong: list[Any] = [
        lambda: PublicCopy.objects.create(
            contract=table.contract, version=version, file=copy.file, published_by=table.cast.ars_editor
        ),
        lambda: PublicCopy.objects.update(withdrawn_at=timezone.now()),
        lambda: PublicCopy.objects.update(
            withdrawn_at=timezone.now(), withdrawn_by=table.cast.ars_editor, withdrawn_reason=""
        ),
        lambda: PublicCopy.objects.update(withdrawn_reason="Sans date"),
    ]
    for write in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


def test_what_was_typed_of_a_contract_taken_over_goes_online_too(client: Client, table: Table) -> None:
    put_in_state(table.contract, ContractState.IN_FORCE, by=table.cast.council_editor)
    editor = client_of(table.cast.council_editor)
    assert "Préparer la version publique" in said(editor.get(address("publication")))
    assert editor.post(address("publication-prepare")).status_code == 302
    typed = ContractVersion.objects.get(contract=table.contract)
    job = RenderJob.objects.get(kind=PUBLIC_KIND)
    assert job.subject == public_subject(typed, private_names(typed))
    # Asked for again, or opened an amendment: the same text, frozen once.
    assert editor.post(address("publication-prepare")).status_code == 302
    open_amendment(table.contract, about="Prolonger", reason="Retard.", by=table.cast.council_editor)
    assert TextInForce.objects.get(contract=table.contract).reading == typed
    assert ContractVersion.objects.count() == 1


def test_what_was_typed_is_corrected_before_it_goes_online(table: Table) -> None:
    """Somebody reads the public version again, sees a mistake of typing, reopens the takeover, mends it."""
    by = table.cast.council_editor
    put_in_state(table.contract, ContractState.NEGOTIATION, by=by)
    mark_as_taken_over(table.contract, by=by)

    def complete() -> None:
        complete_takeover(
            table.contract,
            signed_on=timezone.localdate(),
            content=made_with(),
            file_name="signe.pdf",
            by=by,
        )

    complete()
    prepare_public_copy(table.stored(), by=by)
    assert not TextInForce.objects.exists()
    reopen_takeover(table.stored(), by=by)
    Contract.objects.filter(pk=table.contract.pk).update(court="Chambéry")
    complete()
    assert publishable_version(table.stored()) is None
    prepare_public_copy(table.stored(), by=by)
    corrected = publishable_version(table.stored())
    assert corrected is not None
    assert "Chambéry" in {entry.value for entry in corrected.entries}
    open_amendment(table.contract, about="Prolonger", reason="Retard.", by=by)
    assert TextInForce.objects.get().reading == corrected
    with pytest.raises(WrongState, match="par un avenant"):
        reopen_takeover(table.stored(), by=by)


def test_a_correction_after_it_went_online_is_told_for_what_it_is(table: Table) -> None:
    by = table.cast.council_editor
    put_in_state(table.contract, ContractState.NEGOTIATION, by=by)
    mark_as_taken_over(table.contract, by=by)
    paper: dict[str, Any] = {
        "signed_on": timezone.localdate(),
        "content": made_with(),
        "file_name": "signe.pdf",
        "by": by,
    }
    complete_takeover(table.contract, **paper)
    prepare_public_copy(table.stored(), by=by)
    version = publishable_version(table.stored())
    assert version is not None
    publish_contract(table.stored(), sha256=prepared(version, PDF), by=by)
    page = client_of(by)
    assert "corrigé depuis" not in said(page.get(address("publication")))
    reopen_takeover(table.stored(), by=by)
    Contract.objects.filter(pk=table.contract.pk).update(court="Chambéry")
    complete_takeover(table.contract, **paper)
    told = said(page.get(address("publication")))
    assert "a été corrigé depuis la mise en ligne" in told
    assert "Les personnes autour" not in told


# --- Read by everybody -------------------------------------------------------------------------------------


def test_the_public_sees_what_is_online_and_nothing_else(client: Client, table: Table) -> None:
    """N2: no draft, no other contract, no version, no signed file; no name of anybody."""
    version = signed_text(table)
    publish_contract(table.contract, sha256=prepared(version), by=table.cast.council_editor)
    for name in ("public-contracts", "public-contract"):
        answer = client.get(address(name) if name == "public-contract" else reverse(f"agreements:{name}"))
        text = said(answer)
        assert answer.status_code == 200
        for secret in ("Camille", "Exemple", "signataire", "FR76", "BDFEFRPPCCT", "@", "Nord"):
            assert secret not in text, secret
        for person in User.objects.all():
            assert person.get_full_name() not in text
            assert person.email not in text
    assert client.get(address("public-contract", "59-2030")).status_code == 404
    assert client.get(address("public-contract-pdf", "59-2030")).status_code == 404
    for private in ("publication", "way", "signed-files", "versions"):
        assert client.get(address(private)).status_code == 302
    # Should the contract leave the signed states, its public version goes with it.
    Contract.objects.filter(pk=table.contract.pk).update(
        state=ContractState.NEGOTIATION, signed_on=None, effect_on=None, agreed_on=None
    )
    assert client.get(address("public-contract")).status_code == 404


def test_published_contracts_are_found_by_territory_campaign_and_words(client: Client, table: Table) -> None:
    cast = table.cast
    online(cast.contract, cast.council_editor)
    later = CampaignFactory(code="2033", year=2033, territories=[cast.isere])
    other = ContractFactory(campaign=later, territory=cast.isere)
    online(other, cast.council_editor, PDF + b"2")
    online(cast.foreign_contract, cast.foreign_editor, PDF + b"3")
    listed = reverse("agreements:public-contracts")

    def found(**asked: str) -> set[str]:
        text = said(client.get(listed, asked))
        return {each for each in (REFERENCE, "38-2033", "59-2030") if f"/contrats-publies/{each}/" in text}

    assert found() == {REFERENCE, "38-2033", "59-2030"}
    assert found(territoire="38") == {REFERENCE, "38-2033"}
    assert found(campagne="2030") == {REFERENCE, "59-2030"}
    assert found(territoire="38", campagne="2033") == {"38-2033"}
    assert found(q="isere") == {REFERENCE, "38-2033"}
    assert found(q="hauts de FRANCE") == {"59-2030"}
    assert "ne répond à cette recherche" in said(client.get(listed, {"q": "Creuse"}))
    for wrong in ({"territoire": "99"}, {"campagne": "<b>"}, {"q": "x" * 81}, {"territoire": "9" * 300}):
        assert client.get(listed, wrong).status_code == 422
    assert client.get(listed, {"page": "abc", "q": "a\x00b"}).status_code in (200, 422)


def test_the_public_list_costs_as_many_queries_for_twenty_contracts_as_for_two(
    client: Client, table: Table
) -> None:
    def grow(years: range) -> None:
        for year in years:
            campaign = CampaignFactory(code=str(year), year=year, territories=[table.cast.isere])
            contract = ContractFactory(campaign=campaign, territory=table.cast.isere)
            online(contract, table.cast.council_editor, PDF + str(year).encode())

    listed = reverse("agreements:public-contracts")
    grow(range(2040, 2042))
    few = count_queries(lambda: client.get(listed, {"q": "isere"}))
    grow(range(2042, 2058))
    assert count_queries(lambda: client.get(listed, {"q": "isere"})) == few


def test_a_damaged_file_is_not_served(client: Client, table: Table) -> None:
    version = signed_text(table)
    copy = publish_contract(table.contract, sha256=prepared(version), by=table.cast.ars_editor)
    with copy.file.content.open("wb") as target:
        target.write(b"%PDF-1.7 autre chose")
    answer = client.get(address("public-contract-pdf"))
    assert answer.status_code == 500
    assert b"autre chose" not in answer.content


def test_twenty_planted_things_are_in_none_of_what_the_public_downloads(client: Client, db: None) -> None:
    """The same twenty as in tests/agreements/test_public_version.py, through the pages."""
    contract = planted_contract()
    council = contract.parties.filter(signatory__institution_kind="council").first()
    institution = InstitutionFactory(kind="prefecture", territory=contract.territory)
    person = UserFactory()
    MembershipFactory(user=person, institution=institution)
    version = freeze_version(contract, purpose=VersionPurpose.AGREEMENT, label="Accord", by=person)
    Proposal.objects.create(contract=contract, version=version, proposed_by=person)
    today = timezone.localdate()
    Contract.objects.filter(pk=contract.pk).update(
        state=ContractState.IN_FORCE, signed_on=today, effect_on=today
    )
    assert council is not None
    editor = client_of(person)
    editor.post(address("publication-prepare", contract.reference))
    job = RenderJob.objects.get(kind=PUBLIC_KIND)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.file is not None, job.error
    shown = said(editor.get(address("publication-confirm", contract.reference)))
    answer = editor.post(
        address("publication-confirm", contract.reference), {"sha256": job.file.sha256, "is_read": "on"}
    )
    assert answer.status_code == 302
    download = client.get(address("public-contract-pdf", contract.reference))
    assert download.status_code == 200
    pages = [
        said(client.get(address("public-contract", contract.reference))),
        said(client.get(reverse("agreements:public-contracts"))),
    ]
    planted = {name: squeezed(secret) for name, (secret, _) in PLANTED.items()}
    assert len(planted) == 20
    # The text that somebody read again before is as clean as the document.
    reread = shown.partition("Le texte que tout le monde lira")[2].partition("</form>")[0]
    assert "Avant." in reread
    for text in [everything_in(download.content), reread, *pages]:
        assert {name for name, secret in planted.items() if secret in squeezed(text)} == set()
    assert squeezed("Avant.") in squeezed(everything_in(download.content))


# --- Verified ----------------------------------------------------------------------------------------------


def test_the_public_document_is_recognised_by_whoever_holds_it(client: Client, table: Table) -> None:
    version = signed_text(table)
    sha256 = prepared(version)
    verify = reverse("agreements:verify")
    assert "aucune version de ce site" in said(client.get(verify, {"empreinte": sha256}))
    publish_contract(table.contract, sha256=sha256, by=table.cast.ars_editor)
    text = said(client.get(verify, {"empreinte": sha256}))
    assert "la version publique de" in text
    assert "C’est le texte en vigueur de ce contrat." in text
    client_of(table.cast.ars_editor).post(address("publication-withdraw"), {"reason": "Essai"})
    assert "n’est plus en ligne" in said(client.get(verify, {"empreinte": sha256}))
    Contract.objects.filter(pk=table.contract.pk).update(state=ContractState.ENDED)
    assert "qui a pris fin" in said(client.get(verify, {"empreinte": sha256}))


# --- The text ----------------------------------------------------------------------------------------------


def test_the_text_is_read_line_by_line_without_its_contents() -> None:
    lines = public_lines(
        "<!DOCTYPE html><html><head><title>Titre</title><style>p {}</style></head><body>"
        '<section class="contents"><h2>Sommaire</h2><ol><li>Article 1</li></ol></section>'
        "<h2>Article 1</h2><p>Un <b>mot</b> de [nom retiré]<br>et la suite.</p>"
        "<ul><li>un</li><li>deux</li></ul>"
        '<table><colgroup><col class="a"></colgroup>'
        "<tr><th>P304</th><td><p>10</p><p>20 €</p></td></tr></table>"
    )
    assert [(line.text, line.is_title) for line in lines] == [
        ("Article 1", True),
        ("Un mot de [nom retiré]", False),
        ("et la suite.", False),
        ("un", False),
        ("deux", False),
        ("P304 · 10 20 €", False),
    ]
    assert removed_counts(lines) == (("nom retiré", 1),)
