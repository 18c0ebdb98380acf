"""The history: each change with its author, two moments compared, a former text brought back."""

import datetime as dt
import importlib
import inspect
import pkgutil
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import agreements.actions
import contracts.actions
import funding.actions
import indicators.actions
from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, StaleVersion, WrongState
from cdppe.lib.rich_text_widget import RichTextarea
from contracts.actions.action_sheets import (
    FORMATTED_FIELDS,
    create_action_sheet,
    delete_action_sheet,
    save_action_sheet,
)
from contracts.actions.bank_accounts import save_bank_account
from contracts.actions.history import recreate_deleted_sheet, restore_text
from contracts.actions.objectives import add_objective, remove_objective
from contracts.forms import ActionSheetForm
from contracts.history import snapshot
from contracts.models import ActionSheet, Contract, FieldChange
from contracts.reading_history import between, sittings
from contracts.workflow import ContractState
from funding.actions.financing import StatedAmount, save_sheet_with_financing
from funding.models import Contributor
from tests.cast import Cast
from tests.factories import ActionSheetFactory, EnvelopeFactory
from tests.queries import count_queries

pytestmark = pytest.mark.django_db


def write(sheet: ActionSheet, by: User, **texts: str) -> None:
    sheet.refresh_from_db()
    save_action_sheet(sheet, fields=texts, version=sheet.version, by=by)


def grow_older(hours: int = 1) -> None:
    """Everything that is kept so far was written `hours` before."""
    for change in FieldChange.objects.all():
        change.at -= dt.timedelta(hours=hours)
        change.until -= dt.timedelta(hours=hours)
        change.save()


@pytest.fixture
def sheet(cast: Cast) -> ActionSheet:
    return ActionSheetFactory(contract=cast.contract, title="Ouvrir un relais", description="Trois places.")


class TestKeeping:
    def test_a_save_keeps_each_field_that_changed_and_no_other(self, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.council_editor, description="Dix places.", title="Ouvrir un relais")
        change = FieldChange.objects.get()
        assert change.place == f"sheets/{sheet.pk}/description"
        assert (change.before, change.after) == ("Trois places.", "Dix places.")
        assert change.by == cast.council_editor
        assert change.institution == "Département de l’Isère"
        assert change.object_label == "Fiche action n° 1 « Ouvrir un relais »"
        assert change.field_label == "Description de l’action"

    def test_what_one_person_writes_within_minutes_is_one_change(
        self, cast: Cast, sheet: ActionSheet
    ) -> None:
        for text in ("D", "Di", "Dix places."):
            write(sheet, cast.council_editor, description=text)
        change = FieldChange.objects.get()
        assert (change.before, change.after) == ("Trois places.", "Dix places.")

    def test_two_people_are_two_changes(self, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.council_editor, description="Dix places.")
        write(sheet, cast.prefect_editor, description="Onze places.")
        write(sheet, cast.council_editor, description="Douze places.")
        kept = FieldChange.objects.order_by("pk").values_list("before", "after")
        assert list(kept) == [
            ("Trois places.", "Dix places."),
            ("Dix places.", "Onze places."),
            ("Onze places.", "Douze places."),
        ]

    def test_an_hour_later_is_another_change(self, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.council_editor, description="Dix places.")
        grow_older()
        write(sheet, cast.council_editor, description="Onze places.")
        assert FieldChange.objects.count() == 2

    def test_a_text_that_comes_back_to_what_it_was_leaves_no_change(
        self, cast: Cast, sheet: ActionSheet
    ) -> None:
        write(sheet, cast.council_editor, description="Dix places.")
        write(sheet, cast.council_editor, description="Trois places.")
        assert not FieldChange.objects.exists()

    def test_a_text_that_is_emptied_can_be_found_again_at_once(self, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.council_editor, description="Un texte écrit à l’instant.")
        write(sheet, cast.council_editor, description="")
        assert FieldChange.objects.latest("pk").before == "Un texte écrit à l’instant."

    def test_a_refused_save_leaves_nothing(self, cast: Cast, sheet: ActionSheet) -> None:
        with pytest.raises(StaleVersion):
            save_action_sheet(sheet, fields={"description": "Autre"}, version=99, by=cast.council_editor)
        Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.DRAFT)
        with pytest.raises(WrongState):
            write(sheet, cast.council_editor, description="Autre")
        assert not FieldChange.objects.exists()

    def test_texts_and_money_saved_together_are_kept_once(self, cast: Cast, sheet: ActionSheet) -> None:
        envelope = EnvelopeFactory(campaign=cast.campaign, label="Enveloppe d’essai")
        envelope.objectives.add(sheet.contract_objective.objective)
        save_sheet_with_financing(
            cast.contract,
            sheet,
            fields={"description": "Dix places."},
            version=sheet.version,
            amounts=[StatedAmount(Contributor.STATE, envelope.pk, 2030, Decimal("1234.50"))],
            by=cast.council_editor,
        )
        kept = {change.field_label: change.after for change in FieldChange.objects.all()}
        assert kept == {
            "Description de l’action": "Dix places.",
            "Montant 2030, État (Enveloppe d’essai)": "1\u202f234,50\u00a0€",
        }

    def test_an_account_is_kept_masked(self, cast: Cast) -> None:
        iban = "FR7630001007941234567890185"
        save_bank_account(
            cast.contract, holder="Payeur", iban=iban, bic="BDFEFRPPCCT", by=cast.council_editor
        )
        change = FieldChange.objects.get()
        assert change.after.startswith("Payeur, ")
        assert "0007941234567890" not in change.after.replace(" ", "")

    def test_an_objective_that_comes_and_goes_is_kept_both_times(self, cast: Cast) -> None:
        objective = cast.campaign.objectives.get(number=12)
        added = add_objective(cast.contract, objective, by=cast.council_editor)
        remove_objective(added, by=cast.council_editor)
        kept = FieldChange.objects.order_by("pk").values_list("before", "after")
        assert list(kept) == [(None, str(objective)), (str(objective), None)]

    def test_what_is_kept_last_is_what_is_stored(self, cast: Cast, sheet: ActionSheet) -> None:
        fields = {"contract_objective": sheet.contract_objective, "title": "Une autre", "public": "Parents"}
        other = create_action_sheet(cast.contract, fields=fields, by=cast.ars_editor)
        write(other, cast.council_editor, public="Parents et enfants", actors="PMI")
        delete_action_sheet(sheet, by=cast.prefect_editor)
        last: dict[str, str | None] = {}
        for change in FieldChange.objects.order_by("until", "pk"):
            last[change.place] = change.after
        stored = {str(place): kept.value for place, kept in snapshot(cast.contract, "sheets").items()}
        assert {place: text for place, text in last.items() if text is not None} == stored


KEPT_ELSEWHERE = {
    "create_contract": "a contract begins empty but for its fundamental objectives",
    "move_contract": "a state is a gesture of the journal",
    "open_thread": "what is said in the exchanges never changes",
    "mark_as_taken_over": "the takeover is a gesture of the journal, and its own record",
    "complete_takeover": "the takeover is a gesture of the journal, and its own record",
    "reopen_takeover": "the takeover is a gesture of the journal, and its own record",
    "begin_sheets_import": "nothing of the contract is written yet",
    "answer_finding": "an answer stays visible with its author, also once withdrawn",
    "withdraw_answer": "an answer stays visible with its author, also once withdrawn",
    "restore_text": "it goes through the part's own action",
    "refusal_to_restore": "everything that it writes is rolled back",
    "recreate_deleted_sheet": "it goes through create_action_sheet",
    "send_transmission": "it freezes what is written, and holds the deadline through settle_deadline",
    "take_in": "its callers keep the history of the sheets",
    "release_moves": "its caller keeps the history of the sheets",
    "record_move": "a move is never changed, and the signed amounts stay: its own record",
    "correct_move": "a move is never changed, and the signed amounts stay: its own record",
    "denounce": "the end of the contract is a gesture of the journal, and the denunciation its own record",
    "withdraw_denunciation": "a denunciation stays visible with its author, also once withdrawn",
    **dict.fromkeys(
        ("correct_odpe", "correct_assembly", "send_back", "reopen", "propose_text", "agree"),
        "a gesture of the way writes nothing of the text",
    ),
    **dict.fromkeys(
        (
            "withdraw_agreement",
            "withdraw_signature",
            "stored_for",
            "require_author",
            "move",
            "freeze_version",
        ),
        "a gesture of the way writes nothing of the text",
    ),
    **dict.fromkeys(
        ("open_amendment", "open_on", "save_amendment", "prepare_draft"),
        "an amendment is told by the journal; what it changes is written by the parts' own actions",
    ),
    **dict.fromkeys(
        ("prepare_public_copy", "publish_contract", "withdraw_public_copy"),
        "what is online is made of a frozen version, and stays on record",
    ),
}


def writing_actions() -> list[tuple[str, Any]]:
    """Every function of the actions of the four apps that a person makes on a contract or what it holds."""
    found = []
    for package in (agreements.actions, contracts.actions, funding.actions, indicators.actions):
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ != module.__name__ or name.startswith("_"):
                    continue
                given = inspect.signature(function).parameters
                subjects = {"contract", "sheet", "contract_objective", "indicator", "change"}
                if "by" in given and next(iter(given)) in subjects:
                    found.append((name, function))
    return found


@pytest.mark.parametrize(("name", "action"), writing_actions())
def test_every_action_that_writes_a_contract_keeps_its_history(name: str, action: Any) -> None:
    if name in KEPT_ELSEWHERE or name in ("record", "record_once"):
        return
    assert getattr(action, "keeps_history", ()), f"{name} is not decorated with keeps_history"


class TestReading:
    def test_one_person_in_one_object_is_one_sitting(self, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.council_editor, description="Dix places.", public="Parents")
        write(sheet, cast.prefect_editor, actors="PMI")
        found = sittings(cast.contract, FieldChange.objects.select_related("by"))
        assert [[line.field_label for line in each.lines] for each in found] == [
            ["Acteurs à mobiliser"],
            ["Description de l’action", "Public cible"],
        ]
        assert found[0].url == f"/contrats/38-2030/fiches/{sheet.number}/"

    def test_two_moments_show_each_field_once_from_first_to_last(
        self, cast: Cast, sheet: ActionSheet
    ) -> None:
        write(sheet, cast.council_editor, description="Dix places.")
        grow_older(5)
        middle = timezone.now() - dt.timedelta(hours=3)
        write(sheet, cast.council_editor, description="Onze places.", public="Parents")
        write(sheet, cast.prefect_editor, description="Douze places.")
        now = timezone.now()
        (late,) = between(cast.contract, middle, now)
        assert {(line.field_label, line.before, line.after) for line in late.lines} == {
            ("Description de l’action", "Dix places.", "Douze places."),
            ("Public cible", None, "Parents"),
        }
        (whole,) = between(cast.contract, now - dt.timedelta(days=1), now)
        assert {line.before for line in whole.lines} == {"Trois places.", None}

    def test_what_comes_back_to_its_first_text_does_not_differ(self, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.council_editor, description="Dix places.")
        write(sheet, cast.prefect_editor, description="Trois places.")
        assert between(cast.contract, timezone.now() - dt.timedelta(hours=1), timezone.now()) == []

    def test_the_page_costs_as_many_queries_for_fifty_changes_as_for_five(
        self, client: Client, cast: Cast
    ) -> None:
        def change(count: int) -> None:
            for _ in range(count):
                write(ActionSheetFactory(contract=cast.contract), cast.council_editor, public="Parents")

        client.force_login(cast.council_reader)
        url = reverse("contracts:history", args=[cast.contract.reference])
        change(5)
        with_five = count_queries(lambda: client.get(url))
        change(45)
        assert count_queries(lambda: client.get(url)) == with_five

    def test_the_filters_keep_one_part_one_author_one_object(
        self, client: Client, cast: Cast, sheet: ActionSheet
    ) -> None:
        other = ActionSheetFactory(contract=cast.contract, title="Seconde fiche")
        write(sheet, cast.council_editor, public="Premier public")
        write(other, cast.prefect_editor, public="Second public")
        add_objective(cast.contract, cast.campaign.objectives.get(number=12), by=cast.council_editor)
        client.force_login(cast.council_reader)

        def page(query: str) -> str:
            answer = client.get(reverse("contracts:history", args=[cast.contract.reference]) + query)
            assert answer.status_code == 200
            return answer.content.decode()

        assert "Second public" not in page(f"?endroit=sheets/{sheet.pk}")
        assert "Premier public" in page(f"?endroit=sheets/{sheet.pk}")
        assert "Objectif du contrat" not in page("?partie=sheets")
        assert "Premier public" not in page(f"?auteur={cast.prefect_editor.pk}")
        assert "Premier public" in page("?endroit=nowhere/1&partie=&auteur=")

    @pytest.mark.parametrize("query", ["?du=hier&au=demain", "?du=", "?au=2026-01-01T00:00"])
    def test_moments_that_are_none_are_refused_with_a_sentence(
        self, client: Client, cast: Cast, query: str
    ) -> None:
        client.force_login(cast.council_reader)
        answer = client.get(reverse("contracts:history-compare", args=[cast.contract.reference]) + query)
        assert answer.status_code == 422
        assert "Écrivez une date et une heure" in answer.content.decode()


class TestFormattedTexts:
    BEFORE = "Ouvrir :\n- **trois** places\n- un lieu"
    AFTER = "Ouvrir :\n- **dix** places\n- un lieu"

    def test_lists_and_bold_are_shown_as_such_with_what_changed(
        self, client: Client, cast: Cast, sheet: ActionSheet
    ) -> None:
        write(sheet, cast.prefect_editor, description=self.BEFORE)
        grow_older(2)
        write(sheet, cast.council_editor, description=self.AFTER)
        newest = FieldChange.objects.first()
        assert newest is not None
        client.force_login(cast.council_reader)
        for name, args in (
            ("history", []),
            ("history-change", [newest.pk]),
            ("history-compare", []),
        ):
            page = client.get(reverse(f"contracts:{name}", args=["38-2030", *args])).content.decode()
            assert "**" not in page, name
            assert "- un lieu" not in page, name
            assert '<li><strong><del><span class="fr-sr-only">retiré : </span>' in page, name
            assert '<ins><span class="fr-sr-only">ajouté : </span>dix</ins></strong> places</li>' in page, (
                name
            )
            assert "<li>un lieu</li>" in page, name

    def test_a_text_that_only_became_bold_shows_it(self, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.prefect_editor, description="**Trois** places.")
        (sitting,) = sittings(cast.contract, FieldChange.objects.select_related("by"))
        assert not sitting.lines[0].difference.is_only_layout

    def test_other_spaces_alone_are_told_in_words(
        self, client: Client, cast: Cast, sheet: ActionSheet
    ) -> None:
        write(sheet, cast.prefect_editor, description="Trois places.\n\nUn lieu.")
        grow_older(2)
        write(sheet, cast.council_editor, description="Trois places.\nUn lieu.")
        client.force_login(cast.council_reader)
        page = client.get(reverse("contracts:history", args=["38-2030"])).content.decode()
        assert "Seuls changent des espaces, des sauts de ligne" in page

    def test_the_formatted_texts_are_those_of_the_form_with_its_tools(self, cast: Cast) -> None:
        fields = ActionSheetForm(contract=cast.contract).fields
        tools = {name for name, field in fields.items() if isinstance(field.widget, RichTextarea)}
        assert tools == set(FORMATTED_FIELDS)

    def test_a_title_is_no_formatted_text(self, client: Client, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.prefect_editor, title="Un **relais**")
        client.force_login(cast.council_reader)
        page = client.get(reverse("contracts:history", args=["38-2030"])).content.decode()
        assert "Un **relais**" in page


class TestBringingBack:
    def test_a_text_that_its_own_author_replaces_at_once_stays_in_the_history(
        self, cast: Cast, sheet: ActionSheet
    ) -> None:
        write(sheet, cast.council_editor, description="Dix places.")
        restore_text(FieldChange.objects.get(), former=True, by=cast.council_editor)
        sheet.refresh_from_db()
        assert sheet.description == "Trois places."
        assert list(FieldChange.objects.order_by("pk").values_list("before", "after")) == [
            ("Trois places.", "Dix places."),
            ("Dix places.", "Trois places."),
        ]

    def test_a_former_text_is_written_again_and_the_newer_one_stays_in_the_history(
        self, cast: Cast, sheet: ActionSheet
    ) -> None:
        write(sheet, cast.prefect_editor, description="Dix places.")
        change = FieldChange.objects.get()
        restore_text(change, former=True, by=cast.council_editor)
        sheet.refresh_from_db()
        assert sheet.description == "Trois places."
        newest = FieldChange.objects.first()
        assert newest is not None
        assert (newest.before, newest.after, newest.by) == (
            "Dix places.",
            "Trois places.",
            cast.council_editor,
        )

    def test_a_title_never_becomes_empty(self, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.council_editor, title="Autre titre")
        change = FieldChange.objects.get()
        FieldChange.objects.update(before=None)
        change.refresh_from_db()
        with pytest.raises(RuleViolation, match="garde un intitulé"):
            restore_text(change, former=True, by=cast.council_editor)

    def test_a_deleted_sheet_is_made_again_with_its_texts(self, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.council_editor, public="Parents")
        delete_action_sheet(sheet, by=cast.council_editor)
        change = FieldChange.objects.filter(after__isnull=True).first()
        assert change is not None
        again = recreate_deleted_sheet(change, by=cast.prefect_editor)
        assert (again.title, again.description, again.public) == (
            "Ouvrir un relais",
            "Trois places.",
            "Parents",
        )

    def test_a_sheet_that_exists_is_not_made_twice(self, cast: Cast, sheet: ActionSheet) -> None:
        write(sheet, cast.council_editor, public="Parents")
        with pytest.raises(RuleViolation, match="Cette fiche existe"):
            recreate_deleted_sheet(FieldChange.objects.get(), by=cast.council_editor)

    def test_the_page_of_a_change_shows_both_texts_and_brings_one_back(
        self, client: Client, cast: Cast, sheet: ActionSheet
    ) -> None:
        write(sheet, cast.prefect_editor, description="Dix <b>places</b>.")
        change = FieldChange.objects.get()
        client.force_login(cast.council_editor)
        page = client.get(reverse("contracts:history-change", args=["38-2030", change.pk])).content.decode()
        assert "Trois places." in page
        assert "Dix &lt;b&gt;places&lt;/b&gt;." in page
        url = reverse("contracts:history-restore", args=["38-2030", change.pk])
        answer = client.post(url, {"texte": "avant"}, follow=True)
        assert "Le texte de « Description de l’action » est repris." in answer.content.decode()
        assert answer.redirect_chain[0][0] == f"/contrats/38-2030/fiches/{sheet.number}/#id_description"

    def test_a_change_of_another_contract_does_not_exist(
        self, client: Client, cast: Cast, sheet: ActionSheet
    ) -> None:
        write(sheet, cast.council_editor, public="Parents")
        change = FieldChange.objects.get()
        client.force_login(cast.foreign_editor)
        for reference in ("38-2030", "59-2030"):
            url = reverse("contracts:history-change", args=[reference, change.pk])
            assert client.get(url).status_code == 404
