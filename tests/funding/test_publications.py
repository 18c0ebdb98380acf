"""Publishing the amounts of a year: once, replaced with a reason, kept (annexe 4-I; rules F8, M1)."""

from __future__ import annotations

import io
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import InstitutionKind, Role, User
from cdppe.lib.errors import MissingPiece, RuleViolation, WrongState
from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.actions.publications import publish, published_state
from funding.models import (
    AllocationRun,
    CriterionSeries,
    CriterionValue,
    Envelope,
    EnvelopeCriterion,
    FigureStatus,
    NotifiedAmount,
    Publication,
    PublishedAmount,
    SeriesEdition,
)
from tests.answers import client_of, text_of
from tests.factories import (
    CampaignFactory,
    EnvelopeFactory,
    InstitutionFactory,
    MembershipFactory,
    TerritoryFactory,
    UserFactory,
)


def _person(role: str, kind: str = InstitutionKind.DGCS) -> User:
    user = UserFactory()
    MembershipFactory(user=user, institution=InstitutionFactory(kind=kind), role=role)
    return user


def _runs(campaign: Campaign, year: int = 2020) -> list[AllocationRun]:
    return [run_allocation(envelope, year=year, by=None) for envelope in campaign.envelopes.all()]


def _other_run(campaign: Campaign, code: str = "FIR") -> AllocationRun:
    """A run of an envelope whose floor has been raised in the meantime."""
    envelope = campaign.envelopes.get(code=code)
    envelope.floor = Decimal(200_000)
    envelope.save()
    return run_allocation(envelope, year=2020, by=None)


@pytest.fixture
def signatory(db: None) -> User:
    return _person(Role.SIGNATORY)


@pytest.mark.django_db
class TestTheAction:
    def test_a_publication_makes_the_notified_amounts_of_the_year(
        self, campaign: Campaign, signatory: User
    ) -> None:
        publication = publish(_runs(campaign), by=signatory)
        assert publication.amounts.count() == NotifiedAmount.objects.count() == 90
        assert sum(NotifiedAmount.objects.values_list("amount", flat=True)) == 80_000_000
        assert {row.publication_id for row in NotifiedAmount.objects.all()} == {publication.pk}
        assert {row.published_by_id for row in NotifiedAmount.objects.all()} == {signatory.pk}
        assert publication.runs.count() == 3

    def test_it_is_replaced_only_with_a_reason_and_stays_readable(
        self, campaign: Campaign, signatory: User
    ) -> None:
        first = publish(_runs(campaign), by=signatory)
        stated = list(first.amounts.values_list("envelope", "territory", "amount"))
        runs = [_other_run(campaign), *AllocationRun.objects.exclude(envelope__code="FIR")]
        for reason in ("", "   "):
            with pytest.raises(MissingPiece, match="motif"):
                publish(runs, by=signatory, reason=reason)
        assert Publication.objects.count() == 1
        second = publish(runs, by=signatory, reason="Plancher relevé par la loi de finances.")
        first.refresh_from_db()
        assert first.replaced_by == second
        assert list(first.amounts.values_list("envelope", "territory", "amount")) == stated
        assert NotifiedAmount.objects.count() == 90
        assert {row.publication_id for row in NotifiedAmount.objects.all()} == {second.pk}
        assert min(NotifiedAmount.objects.filter(envelope__code="FIR").values_list("amount", flat=True)) == (
            200_000
        )

    def test_a_replacement_states_every_envelope_of_what_it_replaces(
        self, campaign: Campaign, signatory: User
    ) -> None:
        publish(_runs(campaign), by=signatory)
        with pytest.raises(MissingPiece, match="porte aussi sur"):
            publish([_other_run(campaign)], by=signatory, reason="Correction")
        assert Publication.objects.count() == 1

    def test_envelopes_may_be_published_one_after_the_other(
        self, campaign: Campaign, signatory: User
    ) -> None:
        for run in _runs(campaign):
            assert not publish([run], by=signatory).is_replacement
        assert NotifiedAmount.objects.count() == 90
        together = publish(list(AllocationRun.objects.all()), by=signatory, reason="Ensemble")
        assert together.replaces.count() == 3

    def test_amounts_copied_from_a_document_are_kept_when_they_are_replaced(
        self, campaign: Campaign, signatory: User
    ) -> None:
        fir = campaign.envelopes.get(code="FIR")
        NotifiedAmount.objects.create(
            envelope=fir,
            territory=campaign.territories.get(code="59"),
            year=2020,
            amount=Decimal(123_456),
            source="Contrat signé",
        )
        run = run_allocation(fir, year=2020, by=None)
        with pytest.raises(MissingPiece, match="motif"):
            publish([run], by=signatory)
        publication = publish([run], by=signatory, reason="Calcul national")
        kept = PublishedAmount.objects.get(publication__replaced_by=publication)
        assert (kept.amount, kept.source, kept.territory.code) == (Decimal(123_456), "Contrat signé", "59")

    def test_who_confirms_an_older_state_is_told_and_nothing_changes(
        self, campaign: Campaign, signatory: User
    ) -> None:
        runs = _runs(campaign)
        seen = published_state(2020, [run.envelope_id for run in runs])
        assert seen == ""
        first = publish(runs, by=signatory, seen=seen)
        with pytest.raises(WrongState, match="déjà été notifiés"):
            publish(runs, by=signatory, seen=seen, reason="Autre")
        assert Publication.objects.get() == first
        assert publish(runs, by=signatory, seen=str(first.pk), reason="Autre").is_replacement

    def test_runs_that_do_not_go_together_are_refused(self, campaign: Campaign, signatory: User) -> None:
        runs = _runs(campaign)
        fir = campaign.envelopes.get(code="FIR")
        with pytest.raises(MissingPiece, match="Aucune répartition"):
            publish([], by=signatory)
        with pytest.raises(RuleViolation, match="deux fois"):
            publish([*runs, run_allocation(fir, year=2020, by=None)], by=signatory)
        with pytest.raises(RuleViolation, match="même année"):
            publish([runs[0], run_allocation(fir, year=2021, by=None)], by=signatory)
        assert not NotifiedAmount.objects.exists()

    def test_the_database_itself_refuses_a_replacement_without_reason(self, campaign: Campaign) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Publication.objects.create(campaign=campaign, year=2020, is_replacement=True)
        publication = Publication.objects.create(campaign=campaign, year=2020)
        publication.replaced_by = publication
        with pytest.raises(IntegrityError), transaction.atomic():
            publication.save()


@pytest.mark.django_db
class TestTheRight:
    @pytest.mark.parametrize("kind", InstitutionKind.values)
    @pytest.mark.parametrize("role", Role.values)
    def test_only_who_signs_for_the_ministry_publishes(self, kind: str, role: str) -> None:
        expected = kind == InstitutionKind.DGCS and role == Role.SIGNATORY
        assert can(_person(role, kind), Ability.ALLOCATION_PUBLISH) is expected

    def test_an_editor_prepares_but_does_not_publish(self, campaign: Campaign) -> None:
        runs = _runs(campaign)
        editor = client_of(_person(Role.EDITOR))
        url = reverse("funding:publication-create", args=["2020"])
        assert (
            editor.get(url).status_code == editor.post(url, {"annee": "2020", "etat": ""}).status_code == 403
        )
        assert "Préparer" not in text_of(editor.get(reverse("funding:publication-list", args=["2020"])))
        run_page = reverse("funding:allocation-run", args=["2020", runs[0].pk])
        assert "Publier ces montants" not in text_of(editor.get(run_page))
        assert not Publication.objects.exists()


@pytest.mark.django_db
class TestThePages:
    url = "/repartition/2020/publications/nouvelle/"

    def test_the_confirmation_repeats_what_will_happen_then_publishes(
        self, campaign: Campaign, signatory: User
    ) -> None:
        runs = _runs(campaign)
        client = client_of(signatory)
        answer = client.get(self.url, {"annee": "2020"})
        page = text_of(answer)
        assert "80 000 000 €" in page
        assert page.count("15 000 000 €") == 2
        assert "Motif" not in page
        assert [line.territory_count for line in answer.context["preview"].envelopes] == [30, 30, 30]
        assert not NotifiedAmount.objects.exists()
        sent = {"annee": "2020", "etat": "", "calcul": [run.pk for run in runs]}
        published = client.post(self.url, sent)
        publication = Publication.objects.get()
        assert published.url == reverse("funding:publication-detail", args=["2020", publication.pk])
        assert publication.published_by == signatory
        assert "En vigueur" in text_of(client.get(published.url))
        assert client.post(self.url, sent).status_code == 422
        again = client.post(self.url, sent | {"reason": "Une seconde fois"})
        assert again.status_code == 409
        assert "déjà été notifiés" in text_of(again)
        assert "Une seconde fois" in text_of(again)
        assert Publication.objects.count() == 1

    def test_a_replacement_shows_what_changes_and_the_history_shows_both(
        self, campaign: Campaign, signatory: User
    ) -> None:
        client = client_of(signatory)
        first = publish(_runs(campaign), by=signatory)
        _other_run(campaign)
        answer = client.get(self.url, {"annee": "2020"})
        changes = answer.context["preview"].changes
        assert changes
        assert {change.envelope.code for change in changes} == {"FIR"}
        assert sum(change.difference for change in changes) == 0
        sent = {
            "annee": "2020",
            "etat": answer.context["preview"].state,
            "calcul": [run.pk for run in answer.context["preview"].runs],
        }
        refused = client.post(self.url, sent | {"reason": " "})
        assert refused.status_code == 422
        assert "Indiquez pourquoi" in text_of(refused)
        second = client.post(self.url, sent | {"reason": "Plancher <relevé>"})
        history = text_of(client.get(reverse("funding:publication-list", args=["2020"])))
        assert "En vigueur" in history
        assert "Ces montants ne reposent pas seulement sur des chiffres officiels" in history
        AllocationRun.objects.update(weakest_status=FigureStatus.OFFICIAL)
        official = text_of(client.get(reverse("funding:publication-list", args=["2020"])))
        assert "Ces montants ne reposent pas seulement sur des chiffres officiels" not in official
        assert "Remplacée" in history
        assert "Plancher &lt;relevé&gt;" in history
        old = client.get(reverse("funding:publication-detail", args=["2020", first.pk]))
        assert "Remplacée par la" in text_of(old)
        assert sum(row.total for row in old.context["detail"].rows) == 80_000_000
        new = client.get(second.url)
        assert len(new.context["detail"].changes) == len(changes)

    def test_without_any_run_there_is_nothing_to_publish(self, campaign: Campaign, signatory: User) -> None:
        client = client_of(signatory)
        assert "il n’y a rien à publier" in text_of(client.get(self.url))
        assert client.post(self.url, {"annee": "2020", "etat": ""}).status_code == 409
        assert "Rien n’est encore publié" in text_of(
            client.get(reverse("funding:publication-list", args=["2020"]))
        )

    @pytest.mark.parametrize(
        "hostile",
        [
            {"annee": "1999"},
            {"annee": "²"},
            {"annee": "2020", "calcul": "x"},
            {"annee": "2020", "calcul": "-1"},
            {"annee": "2020", "calcul": "9" * 400},
            {"annee": "2020", "calcul": ["1"] * 100},
            {"annee": "2020", "calcul": "0"},
        ],
    )
    def test_unknown_years_and_runs_do_not_exist(
        self, campaign: Campaign, signatory: User, hostile: dict[str, Any]
    ) -> None:
        client = client_of(signatory)
        # A page asked for another year shows the campaign's own.
        assert client.get(self.url, hostile).status_code == (404 if "calcul" in hostile else 200)
        assert client.post(self.url, hostile).status_code == 404
        assert not NotifiedAmount.objects.exists()

    def test_a_run_of_another_campaign_does_not_exist(self, campaign: Campaign, signatory: User) -> None:
        run = _runs(campaign)[0]
        CampaignFactory(code="autre")
        url = reverse("funding:publication-create", args=["autre"])
        assert client_of(signatory).get(url, {"calcul": run.pk}).status_code == 404
        publication = publish([run], by=None)
        detail = reverse("funding:publication-detail", args=["autre", publication.pk])
        assert client_of(signatory).get(detail).status_code == 404

    def test_an_altered_state_is_told(self, campaign: Campaign, signatory: User) -> None:
        runs = _runs(campaign)
        sent = {"annee": "2020", "etat": "<b>", "calcul": [run.pk for run in runs]}
        answer = client_of(signatory).post(self.url, sent)
        assert answer.status_code == 409
        assert "rouvrez la page" in text_of(answer)

    def test_the_pages_take_as_many_queries_for_thirty_territories_as_for_five(
        self, campaign: Campaign, signatory: User
    ) -> None:
        everybody = list(campaign.territories.all())
        client = client_of(signatory)

        def queries(count: int) -> list[int]:
            campaign.territories.set(everybody[:count])
            Envelope.objects.filter(campaign=campaign).update(
                floor=None, ceiling=None, amount=Decimal(1_000_000 + count)
            )
            publication = publish(_runs(campaign), by=signatory, reason="Essai")
            Envelope.objects.filter(campaign=campaign).update(amount=Decimal(2_000_000))
            _runs(campaign)
            counts = []
            for url in (
                self.url,
                reverse("funding:publication-list", args=["2020"]),
                reverse("funding:publication-detail", args=["2020", publication.pk]),
            ):
                client.get(url)
                with CaptureQueriesContext(connection) as captured:
                    assert client.get(url).status_code == 200
                counts.append(len(captured))
            return counts

        queries(6)
        assert queries(5) == queries(30)


@pytest.mark.django_db
class TestReplaying:
    def _replayed(self, number: int) -> str:
        out = io.StringIO()
        call_command("replay_allocation", str(number), stdout=out)
        return out.getvalue()

    def test_the_same_figures_come_out_years_later(self, campaign: Campaign) -> None:
        runs = _runs(campaign)
        # Everything that the runs used has changed since.
        CriterionValue.objects.update(value=1)
        Envelope.objects.update(amount=Decimal(1), floor=None, ceiling=None)
        EnvelopeCriterion.objects.update(weight=0)
        for run in runs:
            assert "exactement les mêmes chiffres : 30 territoires" in self._replayed(run.pk)

    def test_an_altered_record_is_told_figure_by_figure(self, campaign: Campaign) -> None:
        run = _runs(campaign)[0]
        line = run.lines.get(territory__code="59")
        line.amount += 1
        line.key = "1/2"
        line.save()
        with pytest.raises(CommandError) as refused:
            self._replayed(run.pk)
        assert refused.value.returncode == 1
        assert "territoire 59, montant" in str(refused.value)
        assert "territoire 59, clé" in str(refused.value)
        assert "chiffres (2)" in str(refused.value)

    def test_inputs_that_were_altered_are_told(self, campaign: Campaign) -> None:
        run = _runs(campaign)[0]
        run.inputs["criteria"][0]["weight"] = "3"
        run.save()
        with pytest.raises(CommandError, match="ne se recalcule plus"):
            self._replayed(run.pk)

    def test_a_lost_line_is_told(self, campaign: Campaign) -> None:
        run = _runs(campaign)[0]
        run.lines.get(territory__code="59").delete()
        with pytest.raises(CommandError, match="territoire 59 : enregistré absent"):
            self._replayed(run.pk)

    @pytest.mark.parametrize("number", [0, 10**30])
    def test_an_unknown_run_is_told(self, db: None, number: int) -> None:
        with pytest.raises(CommandError, match="Aucune répartition"):
            self._replayed(number)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_publications_at_the_same_moment_one_wins_and_the_other_is_told() -> None:
    campaign = CampaignFactory(code="2031", territories=[TerritoryFactory(code="38")])
    envelope = EnvelopeFactory(campaign=campaign, code="ESSAI")
    EnvelopeCriterion.objects.create(
        envelope=envelope, series_code="naissances", label="Naissances", weight=Decimal(100), position=1
    )
    series = CriterionSeries.objects.create(code="naissances", name="Naissances", unit="nombre")
    edition = SeriesEdition.objects.create(
        series=series, code="naissances-essai", producer="Insee", reference_date="2029", source="Essai"
    )
    CriterionValue.objects.create(edition=edition, place_code="38", value=1, status=FigureStatus.OFFICIAL)
    run = run_allocation(envelope, year=campaign.year, by=None)
    people = [UserFactory(), UserFactory()]
    start = threading.Barrier(2, timeout=30)
    outcomes: list[str] = []

    def confirm(user: User) -> None:
        try:
            mine = AllocationRun.objects.select_related("envelope__campaign").get(pk=run.pk)
            start.wait()
            publish([mine], by=user, seen="")
            outcomes.append("published")
        except WrongState as refusal:
            outcomes.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(text == "published" for text in outcomes) == [False, True]
    told = next(text for text in outcomes if text != "published")
    assert "déjà été notifiés" in told
    assert Publication.objects.count() == 1
    assert NotifiedAmount.objects.get().publication == Publication.objects.get()
