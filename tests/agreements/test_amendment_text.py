"""The text of an amendment says all that it changes, and nothing else (rule V1)."""

from __future__ import annotations

import datetime as dt
import html
import re

from django.utils import timezone

from agreements.actions.amendments import open_amendment, save_amendment
from agreements.actions.versions import freeze_amendment
from agreements.amending import text_of
from agreements.amendment_text import TextChange
from agreements.public_version import public_html
from agreements.publishing import private_names
from agreements.telling import way_lines
from cdppe.accounts.models import DigestSettings
from contracts.models import ActionSheet, Amendment, Contract, ContractObjective
from contracts.workflow import ContractState
from tests.agreements.amended import opened, sign, write_something
from tests.agreements.conftest import Table
from tests.agreements.test_amendment_pages import opened_on_paper
from tests.contracts.contract_documents import use_real_model
from tests.factories import ActionSheetFactory


def stored(amendment: Amendment) -> Amendment:
    """The amendment as a new page reads it."""
    found = Contract.objects.with_context().get(pk=amendment.contract_id).open_amendment
    assert found is not None
    return found


def changes_told(amendment: Amendment) -> dict[str, tuple[TextChange, ...]]:
    """{title of an article: what it changes}."""
    text = text_of(stored(amendment))
    return {article.title: article.changes for article in text.articles if article.changes}


def words(text: str) -> str:
    """The text of a document without its markup."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def test_the_articles_are_numbered_and_say_the_rest_is_unchanged(table: Table) -> None:
    amendment = opened_on_paper(table)
    save_amendment(
        table.contract,
        about="Prolonger d’un an",
        reason="Retard des travaux.",
        planned_effect_on=None,
        new_ends_on=table.contract.ends_on + dt.timedelta(days=365),
        by=table.cast.council_editor,
    )
    write_something(table, "Tribunal administratif de Lyon")
    text = text_of(stored(amendment))
    assert [article.number for article in text.articles] == list(range(1, len(text.articles) + 1))
    titles = [article.title for article in text.articles]
    assert titles[:2] == ["Objet", "Durée du contrat"]
    assert titles[-2:] == ["Autres stipulations", "Entrée en vigueur"]
    assert "demeurent inchangées" in text.articles[-2].paragraphs[0]
    assert "dernière signature" in text.articles[-1].paragraphs[0]
    assert any("signé le" in visa for visa in text.visas)


def test_what_is_added_removed_and_changed_is_told_as_such(table: Table) -> None:
    contract = table.contract
    kept = ContractObjective.objects.create(
        contract=contract, objective=table.cast.campaign.objectives.get(number=12)
    )
    sheet = ActionSheetFactory(contract=contract, description="Trois places.")
    amendment = opened_on_paper(table)
    ActionSheet.objects.filter(pk=sheet.pk).update(description="Dix places.")
    added = ActionSheetFactory(contract=contract, title="Une action neuve")
    told = changes_told(amendment)
    by_label = {change.label: change for change in told["Fiches action"]}
    changed = next(change for label, change in by_label.items() if sheet.title in label)
    new = next(change for label, change in by_label.items() if added.title in label)
    assert [(row.before, row.after) for row in changed.rows] == [("Trois places.", "Dix places.")]
    assert (new.kind, new.has_before) == ("Ajout", False)
    kept.delete()
    gone = next(each for each in changes_told(amendment)["Objectifs"] if each.kind == "Suppression")
    assert not gone.has_after
    assert [row.before for row in gone.rows] == [kept.label]


def test_an_article_of_the_contract_is_told_line_by_line_and_once(table: Table) -> None:
    use_real_model(table.cast.campaign)
    amendment = opened_on_paper(table)
    write_something(table, "Tribunal administratif de Lyon")
    told = changes_told(amendment)
    (article,) = told["Texte du contrat"]
    assert all("Lyon" in row.after and "Lyon" not in row.before for row in article.rows)
    details = [row for change in told.get("Parties et contacts", ()) for row in change.rows]
    assert not any("Lyon" in row.after for row in details)


def test_the_account_is_in_clear_in_what_is_signed_and_absent_from_what_is_public(table: Table) -> None:
    use_real_model(table.cast.campaign)
    amendment = opened_on_paper(table)
    account = table.contract.bank_account
    account.iban = "FR7630004000031234567890143"
    account.save()
    party = table.parties["ars"]
    party.representative_name = "Dominique Nouvelle"
    party.save()
    signed, consolidated = freeze_amendment(stored(amendment), by=table.cast.council_editor)
    squeezed = words(signed.html).replace(" ", "").replace("\u00a0", "")
    assert "12345678901" in squeezed
    assert "Dominique Nouvelle" in words(signed.html)
    for version in (signed, consolidated):
        public = words(public_html(version.html, names=private_names(version)))
        assert "Dominique Nouvelle" not in public
        assert "12345678901" not in public.replace(" ", "").replace("\u00a0", "")
    assert "Version consolidée" in words(consolidated.html)
    assert signed.content_hash == consolidated.content_hash


def test_the_parties_are_told_of_an_amendment_from_its_opening_to_its_effect(table: Table) -> None:
    opened(table)
    write_something(table)
    sign(table)
    today = timezone.localdate()
    for person, is_told in ((table.cast.council_reader, True), (table.cast.dgcs_reader, False)):
        section = way_lines(person, DigestSettings(user=person), today)
        lines = [line.text for line in section.lines] if section is not None else []
        told = [line for line in lines if "avenant n° 1" in line]
        assert any("ouvert par" in line for line in told) is is_told
        assert any("prise d’effet" in line for line in told) is is_told


def test_the_parties_are_told_when_one_is_given_up(table: Table) -> None:
    table.walk_to(ContractState.IN_FORCE)
    amendment = open_amendment(table.contract, about="A", reason="B", by=table.cast.council_editor)
    Amendment.objects.filter(pk=amendment.pk).update(
        abandoned_at=timezone.now(), abandoned_by=table.cast.ars_editor, abandoned_reason="Ouvert par erreur"
    )
    section = way_lines(table.cast.prefect_editor, DigestSettings(), timezone.localdate())
    assert section is not None
    assert any("abandonné" in line.text and "Ouvert par erreur" in line.text for line in section.lines)
