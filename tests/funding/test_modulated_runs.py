"""Modulations from the scenario's page to the letter: typed, replayed, published, explained (rule F9)."""

from __future__ import annotations

import html
import io
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cdppe.accounts.models import InstitutionKind, Role, Territory, User
from contracts.models import Campaign
from funding.explanation import explain
from funding.letters import letter_of
from funding.models import (
    AllocationRun,
    Envelope,
    NotifiedAmount,
    Publication,
    Scenario,
    ScenarioModulation,
)
from funding.replay import replay
from funding.scenarios import draft_of, results_of, typed_of_campaign
from funding.workbook import modulations, run_workbook
from funding.workbook.content import AMOUNT_TEXT
from tests.answers import client_of
from tests.factories import InstitutionFactory, MembershipFactory, UserFactory
from tests.funding.test_workbook import Recalculated, recalculate

pytestmark = pytest.mark.django_db

LIST = "/repartition/2020/scenarios/"
NEW = f"{LIST}nouveau/"
RESULTS = f"{LIST}resultat/"
WHY = "Les engagements de l’année précédente n’ont pas été tenus."


def person(role: str, kind: str = InstitutionKind.DGCS, territory: Territory | None = None) -> User:
    user = UserFactory()
    place = {} if territory is None else {"territory": territory}
    MembershipFactory(user=user, institution=InstitutionFactory(kind=kind, **place), role=role)
    return user


@pytest.fixture
def signatory() -> Client:
    return client_of(person(Role.SIGNATORY))


@pytest.fixture
def fir(campaign: Campaign) -> Envelope:
    return campaign.envelopes.get(code="FIR")


def text(answer: Any) -> str:
    plain = html.unescape(answer.content.decode()).replace("\u00a0", " ").replace("\u202f", " ")
    return " ".join(plain.split())


def row(
    envelope: Envelope, number: int, code: str, value: str, reason: str = WHY, kind: str = ""
) -> dict[str, str]:
    """The boxes of one row; a value in per cent is a coefficient unless `kind` says otherwise."""
    prefix = f"e{envelope.pk}-mod-{number}"
    return {
        f"{prefix}-territory": code,
        f"{prefix}-kind": kind or ("coefficient" if "%" in value else "amount"),
        f"{prefix}-value": value,
        f"{prefix}-reason": reason,
    }


def typed(campaign: Campaign, *rows: dict[str, str], **changes: str) -> dict[str, Any]:
    boxes, codes = typed_of_campaign(campaign)
    boxes |= {"name": "Modulé", "territory": codes, "version": "0"}
    for each in rows:
        boxes |= each
    return boxes | changes


def saved(client: Client, campaign: Campaign, *rows: dict[str, str], **changes: str) -> Scenario:
    answer = client.post(NEW, typed(campaign, *rows, **changes))
    assert answer.status_code == 302, [cell.error for cell in answer.context["draft"].errors]
    return Scenario.objects.latest("pk")


def run_of(client: Client, scenario: Scenario, code: str = "FIR") -> AllocationRun:
    assert client.post(f"{LIST}{scenario.pk}/calculer/").status_code == 302
    return scenario.runs.select_related("envelope__campaign").get(envelope__code=code)


def amounts(run: AllocationRun) -> dict[str, Decimal]:
    return {line.territory.code: line.amount for line in run.lines.select_related("territory")}


def before(run: AllocationRun) -> dict[str, Decimal]:
    return {line.territory.code: line.before for line in run.lines.select_related("territory")}


# --- Typed, saved, duplicated ----------------------------------------------------------------------


def test_modulations_are_saved_shown_again_and_duplicated(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    rows = (row(fir, 2, "63", "80 %"), row(fir, 7, "59", "500 000", "Autre motif."))
    scenario = saved(signatory, campaign, *rows, **{f"e{fir.pk}-freed": "shared"})
    stored = {each.territory.code: each for each in scenario.modulations.select_related("territory")}
    assert (stored["63"].coefficient, stored["63"].amount, stored["63"].reason) == (Decimal("0.8"), None, WHY)
    assert (stored["59"].coefficient, stored["59"].amount) == (None, 500_000)
    assert scenario.terms["FIR"]["freed"] == "shared"
    page = signatory.get(f"{LIST}{scenario.pk}/modifier/")
    block = next(each for each in page.context["draft"].blocks if each.envelope == fir)
    assert [(each.territory.typed, each.is_amount, each.reason.typed) for each in block.modulations] == [
        ("59", True, "Autre motif."),
        ("63", False, WHY),
    ]
    assert block.modulations[1].value.typed == "80\u00a0%"
    assert WHY in text(page)
    assert "Le territoire lit ce texte" in text(page)
    signatory.post(f"{LIST}{scenario.pk}/dupliquer/")
    copy = Scenario.objects.latest("pk")
    assert copy.terms == scenario.terms
    assert list(
        copy.modulations.values_list("envelope", "territory", "coefficient", "amount", "reason")
    ) == list(scenario.modulations.values_list("envelope", "territory", "coefficient", "amount", "reason"))
    # Saved again without any, the copy has none left and the first keeps its own.
    assert signatory.post(f"{LIST}{copy.pk}/modifier/", typed(campaign, version="1")).status_code == 409
    emptied = typed(campaign, version="1", name="Sans")
    assert signatory.post(f"{LIST}{copy.pk}/modifier/", emptied).status_code == 302
    assert (copy.modulations.count(), scenario.modulations.count()) == (0, 2)


@pytest.mark.parametrize(
    ("box", "value", "said"),
    [
        ("territory", "", "Choisissez le territoire"),
        ("territory", "zz", "Choisissez un territoire de la campagne"),
        ("territory", "59", "est déjà modulé dans cette enveloppe"),
        ("kind", "autre", "Choisissez un coefficient ou un montant"),
        ("value", "", "Indiquez le coefficient"),
        ("value", "101 %", "n’est pas un coefficient"),
        ("value", "80", "n’est pas un coefficient"),
        ("value", "-1 %", "n’est pas un coefficient"),
        ("value", "0,1234567", "n’est pas un coefficient"),
        ("value", "NaN", "n’est pas un coefficient"),
        ("value", "9" * 300, "trop long"),
        ("reason", "  ", "Indiquez le motif"),
        ("reason", "\x00", "Indiquez le motif"),
        ("reason", "x" * 1001, "trop long"),
    ],
)
def test_a_wrong_row_is_told_where_it_is_and_what_was_typed_is_kept(
    signatory: Client, campaign: Campaign, fir: Envelope, box: str, value: str, said: str
) -> None:
    name = f"e{fir.pk}-mod-2-{box}"
    sent = typed(campaign, row(fir, 1, "59", "90 %", "Le motif du Nord."), row(fir, 2, "63", "80 %"))
    assert said in text(signatory.post(RESULTS, sent | {name: value}))
    refused = signatory.post(NEW, sent | {name: value})
    assert refused.status_code == 422
    assert said in text(refused)
    assert [cell.name for cell in refused.context["draft"].errors] == [name]
    assert f'href="#{name}"' in refused.content.decode()
    assert "Le motif du Nord." in text(refused)
    assert not Scenario.objects.exists()
    assert signatory.post(NEW, sent | {f"e{fir.pk}-freed": "ailleurs"}).status_code == 422


@pytest.mark.parametrize(
    ("value", "share", "expected"),
    [("80 %", "", "0.8"), ("0,8", "", "0.8"), ("82,5%", "", "0.825"), ("0", "", "0"), ("100 %", "", "1")],
)
def test_a_coefficient_is_read_as_people_write_it(
    signatory: Client, campaign: Campaign, fir: Envelope, value: str, share: str, expected: str
) -> None:
    scenario = saved(signatory, campaign, row(fir, 1, "63", value, kind="coefficient"))
    assert scenario.modulations.get().coefficient == Decimal(expected)


def test_a_row_is_added_and_taken_away_without_losing_what_is_typed(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    sent = typed(campaign, row(fir, 1, "63", "80 %"), row(fir, 4, "59", "70 %"), name="En cours")
    more = signatory.post(NEW, sent | {"add": "FIR"})
    assert more.status_code == 200
    block = next(each for each in more.context["draft"].blocks if each.envelope == fir)
    assert [each.prefix for each in block.modulations] == [f"e{fir.pk}-mod-{number}" for number in (1, 4, 5)]
    assert [each.is_new for each in block.modulations] == [False, False, True]
    assert "autofocus" in more.content.decode()
    assert 'value="En cours"' in more.content.decode()
    less = signatory.post(NEW, sent | {"remove": f"e{fir.pk}-mod-1"})
    block = next(each for each in less.context["draft"].blocks if each.envelope == fir)
    assert [each.territory.typed for each in block.modulations] == ["59"]
    for wrong in ({"add": "inconnue"}, {"remove": "rien"}, {"remove": ""}):
        assert signatory.post(NEW, sent | wrong).status_code == 200
    assert not Scenario.objects.exists()


def test_every_territory_of_every_envelope_may_be_modulated(signatory: Client, campaign: Campaign) -> None:
    codes = list(campaign.territories.values_list("code", flat=True))
    rows = [
        row(envelope, number, code, "99 %")
        for envelope in campaign.envelopes.all()
        for number, code in enumerate(codes, start=1)
    ]
    scenario = saved(signatory, campaign, *rows)
    assert scenario.modulations.count() == 3 * len(codes) == 90
    with CaptureQueriesContext(connection) as many:
        assert signatory.get(f"{LIST}{scenario.pk}/modifier/").status_code == 200
    scenario.modulations.exclude(territory__code=codes[0]).delete()
    with CaptureQueriesContext(connection) as few:
        signatory.get(f"{LIST}{scenario.pk}/modifier/")
    assert len(many) == len(few)


def test_somebody_elses_modulation_is_never_overwritten_unseen(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    scenario = saved(signatory, campaign, row(fir, 1, "63", "80 %"))
    url = f"{LIST}{scenario.pk}/modifier/"
    first = typed(campaign, row(fir, 1, "63", "80 %"), row(fir, 2, "59", "70 %"), version="1")
    assert signatory.post(url, first).status_code == 302
    stale = typed(campaign, row(fir, 1, "63", "60 %"), version="1", **{f"e{fir.pk}-freed": "shared"})
    answer = signatory.post(url, stale)
    assert answer.status_code == 409
    assert [each.label for each in answer.context["differences"]] == [
        f"{fir.label}, modulations",
        f"{fir.label}, crédits libérés",
    ]
    assert scenario.modulations.count() == 2


def test_the_database_refuses_what_is_no_modulation(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    scenario = saved(signatory, campaign)
    place = {"scenario": scenario, "envelope": fir, "territory": Territory.objects.get(code="63")}
    for wrong in (
        {"coefficient": Decimal("0.5"), "reason": ""},
        {"coefficient": Decimal("1.1"), "reason": WHY},
        {"coefficient": Decimal("0.5"), "amount": 3, "reason": WHY},
        {"amount": -1, "reason": WHY},
        {"reason": WHY},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            ScenarioModulation.objects.create(**place, **wrong)
    ScenarioModulation.objects.create(**place, amount=3, reason=WHY)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScenarioModulation.objects.create(**place, amount=4, reason=WHY)


# --- Computed --------------------------------------------------------------------------------------


def test_the_result_follows_what_is_typed_with_both_totals(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    plain = results_of(draft_of(saved(signatory, campaign, name="Sans")))
    rank = [each.envelope for each in plain.envelopes].index(fir)
    given = {each.territory.code: each.shares[rank].amount for each in plain.rows}
    sent = typed(campaign, row(fir, 1, "63", "50 %"))
    page = text(signatory.post(RESULTS, sent))
    freed = given["63"] - (given["63"] + 1) // 2
    spaced = f"{freed:,}".replace(",", " ").replace(".00", "")
    assert "15 000 000 €" in page
    assert f"{15_000_000 - freed:,.0f}".replace(",", " ") in page
    assert f"{spaced} € en réserve" in page
    assert "Modulé" in page
    assert WHY in page
    again = signatory.post(RESULTS, sent | {f"e{fir.pk}-freed": "shared"})
    result = again.context["result"]
    (summary,) = result.modulations
    assert (summary.allocated, summary.freed, summary.reshared) == (15_000_000, freed, freed)
    assert (summary.reserve, summary.distributed, summary.is_shared_again) == (0, 15_000_000, True)
    after = {each.territory.code: each.shares[rank] for each in result.rows}
    assert sum(share.amount for share in after.values()) == 15_000_000
    assert all(share.amount >= given[code] for code, share in after.items() if code != "63")
    assert (after["63"].bound_label, after["63"].before) == ("Modulé", given["63"])
    assert sum(share.gained for share in after.values()) == freed
    assert "partagés de nouveau" in text(again)
    assert not AllocationRun.objects.exists()


@pytest.mark.parametrize(
    ("code", "value", "said"),
    [
        ("63", "900 000 000", "dépassent le montant du territoire"),
        ("63", "100 000,50", "n'est pas un multiple de l'unité, 1 € : écrivez 100 000 € ou 100 001 €"),
        ("99", "1", "Choisissez un territoire"),
    ],
)
def test_what_the_rule_refuses_is_told_with_its_territory(
    signatory: Client, campaign: Campaign, fir: Envelope, code: str, value: str, said: str
) -> None:
    answer = text(signatory.post(RESULTS, typed(campaign, row(fir, 1, code, value))))
    assert said in answer
    assert "répartition impossible" in answer
    if code == "63":
        assert "« Puy-de-Dôme (63) », modulation" in answer


def test_a_territory_that_takes_no_part_and_ceilings_that_are_reached_are_told(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    sent = typed(campaign, row(fir, 1, "63", "50 %"))
    sent["territory"] = [code for code in sent["territory"] if code != "63"]
    assert "ne prend pas part à la répartition" in text(signatory.post(RESULTS, sent))
    full = typed(campaign, row(fir, 1, "63", "50 %"), **{f"e{fir.pk}-freed": "shared"})
    full |= {f"e{fir.pk}-amount": "3 000 000", f"e{fir.pk}-ceiling": "1 000 000"}
    full["territory"] = ["63", "59", "62"]
    told = text(signatory.post(RESULTS, full))
    assert "ne peuvent pas être partagés en entier" in told
    assert "Gardez-les en réserve" in told
    scenario = saved(signatory, campaign, row(fir, 1, "63", "900 000 000"))
    refused = text(signatory.post(f"{LIST}{scenario.pk}/calculer/", follow=True))
    assert "dépassent le montant du territoire" in refused
    assert not AllocationRun.objects.exists()


@pytest.mark.parametrize("destination", ["reserve", "shared"])
def test_a_run_keeps_its_modulations_and_is_replayed_identically(
    signatory: Client, campaign: Campaign, fir: Envelope, destination: str
) -> None:
    scenario = saved(
        signatory,
        campaign,
        row(fir, 1, "63", "33,3333 %"),
        row(fir, 2, "04", "1 000"),
        **{f"e{fir.pk}-freed": destination},
    )
    run = run_of(signatory, scenario)
    assert [(each["territory"], each["kind"], each["value"]) for each in run.inputs["modulations"]] == [
        ("04", "amount", "1000"),
        ("63", "coefficient", "0.333333"),
    ]
    assert run.inputs["freed_to"] == destination
    assert run.amount == sum(before(run).values()) == 15_000_000
    assert run.distributed == sum(amounts(run).values())
    assert (run.reserve == run.freed, run.reshared == run.freed) == (
        destination == "reserve",
        destination == "shared",
    )
    assert amounts(run)["04"] == 1000
    assert bool(run.second_factor) == (destination == "shared")
    assert replay(run) == ()
    said = io.StringIO()
    call_command("replay_allocation", run.pk, stdout=said)
    assert ("en réserve" in said.getvalue()) == (destination == "reserve")
    # The scenario and its modulations may go on changing: the run does not.
    scenario.modulations.all().delete()
    assert replay(AllocationRun.objects.get(pk=run.pk)) == ()


def test_an_altered_modulation_is_told_by_the_replay(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    scenario = saved(signatory, campaign, row(fir, 1, "63", "50 %"), **{f"e{fir.pk}-freed": "shared"})
    run = run_of(signatory, scenario)
    line = run.lines.get(territory__code="63")
    line.modulation["reason"], line.allocated = "Autre", line.allocated + 1
    line.save()
    AllocationRun.objects.filter(pk=run.pk).update(second_factor="1", freed=run.freed + 2)
    run.refresh_from_db()
    assert {each.what for each in replay(run)} == {
        "territoire 63, modulation",
        "territoire 63, montant avant modulation",
        "facteur du nouveau partage",
        "montant libéré",
    }
    with pytest.raises(CommandError):
        call_command("replay_allocation", run.pk)


# --- Explained -------------------------------------------------------------------------------------


def notified(client: Client, scenario: Scenario) -> Publication:
    runs = scenario.runs.all()
    sent = {"annee": "2020", "etat": "", "calcul": [run.pk for run in runs], "reason": "Suite."}
    sent["etat"] = (
        client.get(reverse("funding:publication-create", args=["2020"]), {"annee": "2020"})
        .context["preview"]
        .state
    )
    answer = client.post(reverse("funding:publication-create", args=["2020"]), sent)
    assert answer.status_code == 302, text(answer)
    return Publication.objects.latest("pk")


def why(code: str) -> str:
    return reverse("funding:amount-explanation", args=["2020", code, "FIR", 2020])


def test_the_modulated_territory_reads_its_reason_and_the_others_do_not(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    run = run_of(signatory, saved(signatory, campaign, row(fir, 1, "63", "80 %")))
    notified(signatory, run.scenario)
    puy_de_dome, nord = (
        client_of(person(Role.READER, InstitutionKind.PREFECTURE, Territory.objects.get(code=code)))
        for code in ("63", "59")
    )
    page = text(puy_de_dome.get(why("63")))
    assert WHY in page
    assert "× 80 % =" in page
    assert "Avec la réserve, égale à l’enveloppe" in page
    assert NotifiedAmount.objects.get(envelope=fir, territory__code="63").amount == amounts(run)["63"]
    other = text(nord.get(why("59")))
    assert WHY not in other
    assert "Cette somme reste en réserve" in other
    assert "Le montant du Nord n’en est pas changé" in other
    assert nord.get(why("63")).status_code == 404


@pytest.mark.parametrize("destination", ["reserve", "shared"])
def test_every_step_leads_exactly_to_the_next(
    signatory: Client, campaign: Campaign, fir: Envelope, destination: str
) -> None:
    rows = (row(fir, 1, "63", "12,3456 %"), row(fir, 2, "04", "1 000"))
    run = run_of(signatory, saved(signatory, campaign, *rows, **{f"e{fir.pk}-freed": destination}))
    found = [explain(run, line) for line in run.lines.select_related("territory")]
    assert sum(each.amount for each in found) == run.distributed
    assert {each.adds_up for each in found} == {True}
    assert {(each.allocated_total, each.total, each.reserve) for each in found} == {
        (Decimal(15_000_000), run.distributed, run.reserve)
    }
    for each in found:
        step = each.modulation
        assert step is not None
        assert each.allocated == each.exact + each.rounding.gap == step.before
        assert each.amount == step.after == step.exact + step.rounding.gap == step.before + step.difference
        if step.is_modulated:
            assert step.reason == WHY
            assert not step.takes_part
            expected = Fraction(step.before) * Fraction(123456, 10**6) if step.is_coefficient else 1000
            assert step.exact == expected
            assert step.is_under_floor
        elif destination == "shared":
            assert step.takes_part
            ceiling = Fraction(each.ceiling)
            assert step.exact == min(max(step.at_factor, Fraction(step.before)), ceiling)
            assert step.is_on_ceiling == (step.exact == ceiling)
        else:
            assert step.is_kept
    lowered = next(each for each in found if each.line.territory.code == "04")
    page = text(signatory.get(why("04")))
    assert "inférieur à la dotation minimale" in page
    assert lowered.is_modulated


def test_an_amount_raised_by_the_second_sharing_says_so(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    run = run_of(
        signatory, saved(signatory, campaign, row(fir, 1, "63", "0"), **{f"e{fir.pk}-freed": "shared"})
    )
    gains = {code: amount - before(run)[code] for code, amount in amounts(run).items()}
    raised = max(gains, key=gains.__getitem__)
    page = text(signatory.get(why(raised)))
    assert "s’y ajoutent, que les modulations d’autres territoires ont libérés" in page
    assert "Le facteur commun de ce nouveau partage" in page
    assert f"{amounts(run)[raised]:,.0f} €".replace(",", " ") in page
    held = next(line for line in run.lines.select_related("territory") if line.bound == "ceiling")
    assert "reste de 1 000 000 €" in text(signatory.get(why(held.territory.code)))


def test_a_run_without_modulation_speaks_of_none(signatory: Client, campaign: Campaign) -> None:
    run = run_of(signatory, saved(signatory, campaign))
    assert not run.is_modulated
    for path in (why("63"), f"/repartition/2020/calculs/{run.pk}/", "/repartition/2020/"):
        assert "modulation" not in text(signatory.get(path)).lower()
    assert modulations.MODULATIONS not in openpyxl.load_workbook(io.BytesIO(run_workbook(run))).sheetnames


def test_a_run_made_before_modulations_existed_still_reads(signatory: Client, campaign: Campaign) -> None:
    run = run_of(signatory, saved(signatory, campaign))
    del run.inputs["modulations"], run.inputs["freed_to"]
    run.save()
    assert replay(run) == ()
    assert text(signatory.get(why("63")))
    assert run_workbook(run)


# --- The pages of DGCS -----------------------------------------------------------------------------


def test_the_pages_of_the_run_and_of_the_publication_show_both_totals(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    scenario = saved(signatory, campaign, row(fir, 1, "63", "50 %", "<b>Motif</b> & suite"))
    run = run_of(signatory, scenario)
    reserve = f"{run.reserve:,.0f} €".replace(",", " ")
    distributed = f"{run.distributed:,.0f} €".replace(",", " ")
    asked = {"annee": "2020", "calcul": [each.pk for each in scenario.runs.all()]}
    preview = signatory.get(reverse("funding:publication-create", args=["2020"]), asked)
    publication = notified(signatory, scenario)
    pages = [
        text(preview),
        text(signatory.get(f"/repartition/2020/calculs/{run.pk}/")),
        text(signatory.get(f"/repartition/2020/publications/{publication.pk}/")),
        text(signatory.get("/repartition/2020/")),
        text(signatory.get(f"{LIST}{scenario.pk}/")),
    ]
    for page in pages:
        assert reserve in page
        assert distributed in page
        assert "15 000 000 €" in page
        assert "<b>Motif</b> & suite" in page
    assert "<b>Motif</b>" not in preview.content.decode()
    assert "Ensemble, égales à l’enveloppe" in pages[1]
    assert sum(row.total for row in preview.context["preview"].envelopes) == 80_000_000 - run.reserve
    assert publication.amounts.count() == 90


def test_two_scenarios_are_compared_with_their_reserves(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    plain = saved(signatory, campaign, name="Sans")
    lowered = saved(signatory, campaign, row(fir, 1, "63", "50 %"))
    asked = {"a": plain.pk, "b": lowered.pk, "enveloppe": "FIR"}
    page = signatory.get(f"{LIST}comparer/", asked)
    comparison = page.context["comparison"]
    reserve = results_of(draft_of(lowered)).modulations[0].reserve
    assert comparison.total.difference == -reserve
    puy_de_dome = next(each for each in comparison.rows if each.territory.code == "63")
    assert (puy_de_dome.pair.difference, puy_de_dome.second_bound) == (-reserve, "Modulé")
    assert f"0 € puis {reserve:,.0f} €".replace(",", " ") in text(page)
    assert "Modulations de Modulé" in text(page)


def test_the_letter_gives_the_modulation_and_its_reason(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    scenario = saved(signatory, campaign, row(fir, 1, "63", "80 %"))
    run = run_of(signatory, scenario)
    publication = notified(signatory, scenario)
    letters = {}
    for code in ("63", "59"):
        letter = letter_of(publication, Territory.objects.get(code=code))
        letters[code] = " ".join(
            html.unescape(render_to_string("documents/notification_letter.html", {"letter": letter}))
            .replace("\u00a0", " ")
            .replace("\u202f", " ")
            .split()
        )
    assert WHY in letters["63"]
    assert f"pourquoi {amounts(run)['63']:,.0f} €".replace(",", " ") in letters["63"]
    assert WHY not in letters["59"]
    assert "reste en réserve" in letters["59"]


def test_the_pages_take_as_many_queries_for_many_modulations_as_for_one(
    signatory: Client, campaign: Campaign, fir: Envelope
) -> None:
    codes = list(campaign.territories.values_list("code", flat=True))

    def queries(scenario: Scenario) -> list[int]:
        run = run_of(signatory, scenario)
        counts = []
        for path in (
            f"{LIST}{scenario.pk}/",
            f"{LIST}{scenario.pk}/modifier/",
            f"/repartition/2020/calculs/{run.pk}/",
            "/repartition/2020/",
            f"/repartition/2020/publications/nouvelle/?annee=2020&calcul={run.pk}",
            f"{why(codes[0])}?calcul={run.pk}",
        ):
            signatory.get(path)
            with CaptureQueriesContext(connection) as captured:
                assert signatory.get(path).status_code == 200
            counts.append(len(captured))
        return counts

    one = saved(signatory, campaign, row(fir, 1, codes[0], "90 %"), name="Un")
    many = saved(
        signatory,
        campaign,
        *(row(fir, number, code, "90 %") for number, code in enumerate(codes, start=1)),
        name="Tous",
    )
    assert queries(one) == queries(many)


# --- The workbook ----------------------------------------------------------------------------------


def modulated_sheet(found: Recalculated, row_number: int, letter: str) -> Any:
    return found.cell(modulations.MODULATIONS, f"{letter}{modulations.FIRST_MODULATION + row_number}")


@pytest.mark.parametrize("destination", ["reserve", "shared"])
def test_the_recalculated_workbook_is_our_modulated_run_to_the_euro(
    signatory: Client, campaign: Campaign, fir: Envelope, tmp_path: Path, destination: str
) -> None:
    rows = (row(fir, 1, "63", "33,3333 %"), row(fir, 2, "04", "1 000"), row(fir, 3, "59", "100 %"))
    run = run_of(signatory, saved(signatory, campaign, *rows, **{f"e{fir.pk}-freed": destination}))
    found = recalculate(run_workbook(run), tmp_path)
    lines = sorted(run.lines.select_related("territory"), key=lambda line: line.territory.code)
    assert [found.amount(rank) for rank in range(30)] == [line.before for line in lines]
    assert [modulated_sheet(found, rank, "R") for rank in range(30)] == [line.amount for line in lines]
    assert found.checks == ["oui"] * 3
    assert found.cell(modulations.MODULATIONS, f"B{modulations.BOTH_CHECK}") == "oui"
    assert found.cell(modulations.MODULATIONS, f"B{modulations.SECOND_AMOUNT_CHECK}") == "oui"
    assert found.cell(modulations.MODULATIONS, f"B{modulations.RESERVED}") == run.reserve
    assert found.cell(modulations.MODULATIONS, f"B{modulations.DISTRIBUTED}") == run.distributed
    if destination == "shared":
        factor = found.cell(modulations.MODULATIONS, f"B{modulations.SECOND_FACTOR}")
        assert factor == pytest.approx(float(Fraction(run.second_factor)), rel=1e-12)
    book = openpyxl.load_workbook(io.BytesIO(run_workbook(run)))
    reasons = [cell.value for cell in book[modulations.MODULATIONS]["U"][modulations.FIRST_MODULATION - 1 :]]
    assert reasons.count(WHY) == 3


def test_another_modulation_typed_in_the_workbook_gives_what_it_would_have_given(
    signatory: Client, campaign: Campaign, fir: Envelope, tmp_path: Path
) -> None:
    first = run_of(signatory, saved(signatory, campaign, row(fir, 1, "63", "50 %")))
    rows = (row(fir, 1, "63", "25 %"), row(fir, 2, "62", "300 000"))
    other = run_of(
        signatory, saved(signatory, campaign, *rows, name="Autre", **{f"e{fir.pk}-freed": "shared"})
    )
    codes = sorted(amounts(first))
    puy_de_dome, calais = (modulations.FIRST_MODULATION + codes.index(code) for code in ("63", "62"))
    changes = {
        (modulations.MODULATIONS, f"B{modulations.FREED_TO}"): modulations.SHARED_TEXT,
        (modulations.MODULATIONS, f"G{puy_de_dome}"): 0.25,
        (modulations.MODULATIONS, f"F{calais}"): AMOUNT_TEXT,
        (modulations.MODULATIONS, f"G{calais}"): 300_000,
    }
    found = recalculate(run_workbook(first), tmp_path, changes)
    assert [modulated_sheet(found, rank, "R") for rank in range(30)] == [
        amounts(other)[code] for code in codes
    ]
    assert found.cell(modulations.MODULATIONS, f"B{modulations.BOTH_CHECK}") == "oui"
    assert found.cell(modulations.MODULATIONS, f"B{modulations.SECOND_AMOUNT_CHECK}") == "NON"
