"""The pages of the figures: who sees and imports them, what a file becomes, and what never changes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.models import Department, InstitutionKind, Role, User
from cdppe.lib.tables import MAX_BYTES, CellKind, read_table
from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.actions.figures import ImportRefused, begin_import, store_import
from funding.criteria import current_editions
from funding.models import CriterionSeries, CriterionValue, ImportDraft, SeriesEdition
from tests.answers import client_of
from tests.factories import InstitutionFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/repartition/series/"
IMPORT = "/repartition/series/importer/"
TYPED = {
    "series": "enfants_0_6",
    "producer": "Insee",
    "reference_date": "1er janvier 2021",
    "source": "Estimations de population",
    "licence": "Licence Ouverte 2.0",
    "status": "official",
    "note": "Une note",
}
NEW = {"series": "", "series_code": "naissances", "series_name": "Naissances", "unit": "enfants"}


def person(kind: str, role: str) -> User:
    user = UserFactory()
    MembershipFactory(user=user, institution=InstitutionFactory(kind=kind), role=role)
    return user


@pytest.fixture
def dgcs() -> User:
    return person(InstitutionKind.DGCS, Role.EDITOR)


@pytest.fixture
def editor(dgcs: User) -> Client:
    return client_of(dgcs)


def table(**changed: str) -> bytes:
    """A value for every department, but for those that `changed` gives by code (`_01`)."""
    codes = Department.objects.values_list("code", flat=True)
    lines = [f"{code};{changed.get('_' + code, str(100 + rank))}" for rank, code in enumerate(codes)]
    return ("code;valeur\n" + "\n".join(lines) + "\n").encode()


def upload(content: bytes, name: str = "chiffres.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def send(client: Client, content: bytes, url: str = IMPORT, **changed: str) -> Any:
    return client.post(url, TYPED | changed | {"file": upload(content)})


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ").split())


def test_an_edition_is_described_verified_and_stored_in_one_gesture(
    campaign: Campaign, editor: Client, dgcs: User
) -> None:
    before = SeriesEdition.objects.count()
    answer = send(editor, table())
    preview = editor.get(answer.url)
    assert preview.status_code == 200
    page = text(preview)
    assert "Le fichier est lisible en entier" in page
    assert "101 lignes lues" in page
    assert "15 150 enfants" in page
    assert SeriesEdition.objects.count() == before

    stored = editor.post(answer.url)
    edition = SeriesEdition.objects.get(code="enfants_0_6-insee-1er-janvier-2021")
    assert stored.url == reverse("funding:series-edition", args=[edition.code])
    assert (edition.values.count(), edition.loaded_by, edition.licence) == (101, dgcs, "Licence Ouverte 2.0")
    assert current_editions(["enfants_0_6"])["enfants_0_6"] == edition
    # Twice the same gesture, and the same address later, lead to what was stored.
    assert editor.post(answer.url).url == stored.url
    assert editor.get(answer.url).url == stored.url
    assert editor.get(f"{answer.url}description/").url == stored.url
    assert SeriesEdition.objects.count() == before + 1


def test_every_problem_is_shown_by_cell_and_nothing_is_stored(campaign: Campaign, editor: Client) -> None:
    content = table(_01="douze", _02="-3", _03="12%") + b"XX;4\nTotal;9\n"
    answer = send(editor, content)
    page = text(editor.get(answer.url))
    assert "4 problèmes à corriger" in page
    for cell in ("cellule B2", "cellule B3", "cellule B4", "cellule A103"):
        assert cell in page
    assert "Enregistrer cette édition" not in page
    before = SeriesEdition.objects.count()
    refused = editor.post(answer.url)
    assert refused.status_code == 409
    assert "Il reste 4 problèmes" in text(refused)
    assert SeriesEdition.objects.count() == before

    # What was typed is there, and another file alone is enough.
    form = editor.get(f"{answer.url}description/")
    assert "Estimations de population" in text(form)
    assert "« chiffres.csv » est gardé" in text(form)
    corrected = send(editor, table(), url=f"{answer.url}description/")
    assert corrected.url == answer.url
    assert editor.post(answer.url).status_code == 302


def test_what_was_typed_and_the_file_are_kept_when_the_description_is_wrong(
    campaign: Campaign, editor: Client
) -> None:
    answer = send(editor, table(), producer="", status="sûr")
    assert answer.status_code == 422
    page = text(answer)
    assert "Écrivez qui publie ces chiffres." in page
    assert "Choisissez un statut de la liste." in page
    assert "Estimations de population" in page
    draft = ImportDraft.objects.get()
    edit = reverse("funding:series-import-edit", args=[draft.pk])
    preview = reverse("funding:series-import-preview", args=[draft.pk])
    # A description that is not right cannot be stored by going straight to the preview.
    assert editor.get(preview).url == edit
    assert editor.post(preview).url == edit
    with pytest.raises(ImportRefused, match="pas complète"):
        store_import(draft, by=draft.created_by)
    assert editor.post(edit, TYPED).url == preview
    assert editor.post(preview).status_code == 302


def test_a_new_series_says_what_it_counts(campaign: Campaign, editor: Client) -> None:
    answer = send(editor, table(), **NEW | {"series_name": "", "unit": ""})
    assert text(answer).count("À remplir pour une nouvelle série") == 4
    answer = send(editor, table(), **NEW | {"series_code": "enfants_0_6"})
    assert "Cette série existe déjà" in text(answer)
    answer = send(editor, table(), **NEW | {"series_code": "Éàé !"})
    assert "Minuscules sans accent" in text(answer)
    answer = send(editor, table(), series="inconnue")
    assert "Choisissez une série de la liste." in text(answer)
    answer = send(editor, table(), **NEW)
    assert "(nouvelle, code naissances)" in text(editor.get(answer.url))
    editor.post(answer.url)
    assert CriterionSeries.objects.get(code="naissances").unit == "enfants"


def test_a_series_made_in_the_meantime_is_told(campaign: Campaign, editor: Client) -> None:
    answer = send(editor, table(), **NEW)
    CriterionSeries.objects.create(code="naissances", name="Autre", unit="nombre")
    refused = editor.post(answer.url)
    assert refused.status_code == 409
    assert "existe désormais" in text(refused)
    assert CriterionSeries.objects.get(code="naissances").name == "Autre"


def test_a_correction_is_a_new_edition_and_the_used_one_does_not_change(
    campaign: Campaign, editor: Client
) -> None:
    envelope = campaign.envelopes.get(code="FIR")
    run = run_allocation(envelope, year=2020, by=None)
    used = current_editions(["enfants_0_6"])["enfants_0_6"]
    values = list(used.values.values())
    codes = []
    for value in ("7", "8"):
        answer = editor.post(send(editor, table(_01=value)).url)
        codes.append(answer.url.rstrip("/").rpartition("/")[2])
    assert codes == ["enfants_0_6-insee-1er-janvier-2021", "enfants_0_6-insee-1er-janvier-2021-v2"]
    assert list(used.values.values()) == values
    page = text(editor.get(reverse("funding:series-edition", args=[used.code])))
    assert "Remplacée par une édition plus récente" in page
    assert reverse("funding:allocation-run", args=["2020", run.pk]) in page
    same = editor.get(send(editor, table(_01="8")).url)
    assert "Ces chiffres sont déjà ceux de l’édition en vigueur" in text(same)


def test_a_file_of_part_of_the_country_must_be_said(campaign: Campaign, editor: Client) -> None:
    content = b"code;valeur\n38;12\n"
    answer = send(editor, content)
    assert "100 départements n’ont pas de ligne" in text(editor.get(answer.url))
    answer = send(editor, content, is_partial="on")
    assert "100 départements sans aucune ligne" in text(editor.get(answer.url))
    edition = editor.post(answer.url)
    assert "100 départements sans aucune ligne" in text(editor.get(edition.url))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Ce fichier est vide"),
        (b"x" * (MAX_BYTES + 1), "Ce fichier est trop lourd : 2 Mo au plus"),
        (b"code;valeur\n\x00", "ni un CSV ni un classeur"),
        (b"PK\x03\x04rien", "abîmé"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "mot de passe"),
        (b"1\n" * 10_000, "trop long"),
    ],
)
def test_a_hostile_file_is_refused_with_a_sentence_and_what_was_typed_stays(
    campaign: Campaign, editor: Client, content: bytes, said: str
) -> None:
    answer = send(editor, content)
    assert answer.status_code == 422
    assert said in text(answer)
    assert "Estimations de population" in text(answer)
    assert not ImportDraft.objects.exists()


def test_texts_with_markup_and_null_characters_do_no_harm(campaign: Campaign, editor: Client) -> None:
    answer = send(editor, b"code;valeur\n<script>;1\n", source="<b>x</b>")
    page = editor.get(answer.url).content.decode()
    assert "&lt;script&gt;" in page
    assert "<b>x</b>" not in page
    assert send(editor, table(), source="a\x00b").status_code == 422
    assert send(editor, table(), source="x" * 2001).status_code == 422


def test_an_import_is_its_authors_alone_and_expires(campaign: Campaign, editor: Client, dgcs: User) -> None:
    url = send(editor, table()).url
    colleague = client_of(person(InstitutionKind.DGCS, Role.EDITOR))
    for address in (url, f"{url}description/"):
        assert colleague.get(address).status_code == 404
        assert colleague.post(address, TYPED).status_code == 404
    assert editor.get(f"{IMPORT}{uuid4()}/").status_code == 404
    ImportDraft.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert editor.get(url).status_code == 404
    assert editor.post(url).status_code == 404
    send(editor, table())
    assert ImportDraft.objects.count() == 1


def test_readers_of_the_ministry_see_and_export_but_do_not_import(campaign: Campaign) -> None:
    reader = client_of(person(InstitutionKind.DGCS, Role.READER))
    page = text(reader.get(LIST))
    assert "enfants_0_6-insee-2019" in page
    assert "Importer une édition" not in page
    assert reader.get(f"{LIST}editions/enfants_0_6-insee-2019/csv/").status_code == 200
    assert reader.get(IMPORT).status_code == 403
    assert send(reader, table()).status_code == 403
    outsider = client_of(person(InstitutionKind.COUNCIL, Role.EDITOR))
    for address in (LIST, f"{LIST}editions/enfants_0_6-insee-2019/", IMPORT):
        assert outsider.get(address).status_code == 403


def test_an_unknown_edition_or_format_does_not_exist(campaign: Campaign, editor: Client) -> None:
    assert editor.get(f"{LIST}editions/inconnue/").status_code == 404
    assert editor.get(f"{LIST}editions/inconnue/csv/").status_code == 404
    assert editor.get(f"{LIST}editions/enfants_0_6-insee-2019/pdf/").status_code == 404
    assert editor.post(LIST).status_code == 405


def test_the_figures_of_an_edition_are_filtered_and_a_missing_one_is_said(
    campaign: Campaign, editor: Client
) -> None:
    url = f"{LIST}editions/enfants_ase_0_17-drees-2017/"
    page = text(editor.get(url))
    assert "101 chiffres sur 101" in page
    assert "1 manquant" in page
    missing = editor.get(url, {"statut": "missing"})
    assert [row.code for row in missing.context["detail"].shown] == ["976"]
    assert "Manquant</span>" in text(missing)
    assert editor.get(url, {"statut": "official"}).context["detail"].shown == ()
    assert "101 chiffres sur 101" in text(editor.get(url, {"statut": "<autre>"}))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_imports_to_equal_values(campaign: Campaign, editor: Client, kind: str) -> None:
    edition = SeriesEdition.objects.get(code="menages_pauvres-insee-2016")
    # An edition never changes; this one is rolled back, and must carry what is hardest to carry.
    hard = {"01": "=1+1", "02": "-moins", "03": 'des "guillemets" ; et @', "04": "'=quote"}
    for code, note in hard.items():
        CriterionValue.objects.filter(edition=edition, place_code=code).update(
            note=note, value=Decimal("1.234")
        )
    CriterionValue.objects.filter(edition=edition, place_code="05").update(value=None)
    large = Decimal("12345678901234.5678")
    CriterionValue.objects.filter(edition=edition, place_code="06").update(value=large)
    exported = editor.get(f"{LIST}editions/{edition.code}/{kind}/")
    assert f'filename="{edition.code}.{kind}"' in exported["Content-Disposition"]
    rows = read_table(exported.content, name="f").rows
    assert not [cell for row in rows for cell in row.cells if cell.kind is CellKind.FORMULA]
    answer = editor.post(IMPORT, TYPED | {"series": "menages_pauvres", "file": upload(exported.content)})
    copy = SeriesEdition.objects.get(code=editor.post(answer.url).url.rstrip("/").rpartition("/")[2])

    def values(of: SeriesEdition) -> list[tuple[Any, ...]]:
        return list(of.values.values_list("place_code", "value", "status", "note"))

    assert copy.pk != edition.pk
    assert values(copy) == values(edition)


def _queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_the_list_makes_as_many_queries_for_50_editions_as_for_5(campaign: Campaign, editor: Client) -> None:
    series = CriterionSeries.objects.get(code="asf")
    counts = []
    for start, stop in ((0, 5), (5, 50)):
        for rank in range(start, stop):
            edition = SeriesEdition.objects.create(
                series=series,
                code=f"asf-{rank}",
                producer="Cnaf",
                reference_date=str(rank),
                source="Essai",
                loaded_by=UserFactory(),
            )
            CriterionValue.objects.create(edition=edition, place_code="01", value=rank, status="official")
        counts.append(_queries(editor, LIST))
    assert counts[0] == counts[1]


def test_an_edition_and_a_preview_make_as_many_queries_for_101_figures_as_for_one(
    campaign: Campaign, editor: Client
) -> None:
    small = send(editor, b"code;valeur\n38;12\n", is_partial="on").url
    large = send(editor, table()).url
    assert _queries(editor, small) == _queries(editor, large)
    one, all_of_them = (editor.post(url).url for url in (small, large))
    # The first page after a gesture also shows its message.
    editor.get(one)
    assert _queries(editor, one) == _queries(editor, all_of_them)


def test_a_stored_draft_keeps_no_cell(campaign: Campaign, editor: Client, dgcs: User) -> None:
    content = table()
    draft = begin_import(
        TYPED, read_table(content, name="f.csv"), is_described=True, file_name="f.csv", by=dgcs
    )
    edition = store_import(draft, by=dgcs)
    draft.refresh_from_db()
    assert (draft.edition, draft.table) == (edition, {})
    assert store_import(draft, by=dgcs) == edition
