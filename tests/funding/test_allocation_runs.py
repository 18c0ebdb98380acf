"""Running the allocation from the database, notifying, and the command (annexe 4; rules F1 to F8)."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cdppe.lib.errors import MissingPiece, RuleViolation, WrongState
from contracts.models import Campaign
from funding.actions.allocations import AllocationImpossible, run_allocation
from funding.actions.publications import notify_run
from funding.allocation import allocate
from funding.models import AllocationRun, CriterionValue, Envelope, NotifiedAmount
from tests.factories import CampaignFactory, EnvelopeFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def fir(campaign: Campaign) -> Envelope:
    return campaign.envelopes.get(code="FIR")


@pytest.mark.parametrize(
    ("code", "envelope", "floor", "ceiling"),
    [
        ("P304", 50_000_000, 600_000, 4_500_000),
        ("FIR", 15_000_000, 100_000, 1_000_000),
        ("ONDAM", 15_000_000, 100_000, None),
    ],
)
def test_the_envelopes_of_2020_are_shared_to_the_euro_between_30_territories(
    campaign: Campaign, code: str, envelope: int, floor: int, ceiling: int | None
) -> None:
    run = run_allocation(campaign.envelopes.get(code=code), year=2020, by=None)
    amounts = [line.amount for line in run.lines.all()]
    assert len(amounts) == 30
    assert sum(amounts) == run.amount == envelope
    assert all(amount == int(amount) and amount >= floor for amount in amounts)
    assert ceiling is None or max(amounts) <= ceiling
    assert sum(Fraction(line.key) for line in run.lines.all()) == 1
    held = [line for line in run.lines.all() if line.bound]
    assert all(line.amount == (floor if line.bound == "floor" else ceiling) for line in held)


def test_a_run_holds_all_that_is_needed_to_do_it_again(fir: Envelope) -> None:
    run = run_allocation(fir, year=2020, by=UserFactory())
    inputs = AllocationRun.objects.get(pk=run.pk).inputs
    again = allocate(
        Decimal(inputs["amount"]),
        {
            code: {series: Decimal(figure["value"]) for series, figure in row.items()}
            for code, row in inputs["figures"].items()
        },
        {criterion["series"]: Decimal(criterion["weight"]) for criterion in inputs["criteria"]},
        floor=Decimal(inputs["floor"]),
        ceiling=Decimal(inputs["ceiling"]),
        unit=Decimal(inputs["unit"]),
    )
    assert {line.code: line.amount for line in again.lines} == {
        line.territory.code: line.amount for line in run.lines.select_related("territory")
    }
    assert str(again.factor) == run.factor
    assert run.weakest_status == "stand_in"
    assert {criterion["edition"]["code"] for criterion in inputs["criteria"]} == {
        "enfants_0_6-insee-2019",
        "menages_pauvres-insee-2016",
        "asf-substitut-rsa-2018",
        "aeeh-substitut-pch-2018",
    }
    assert inputs["figures"]["973"]["menages_pauvres"]["status"] == "stand_in"


def test_the_share_of_the_children_is_the_department_over_the_30(fir: Envelope) -> None:
    run = run_allocation(fir, year=2020, by=None)
    line = run.lines.get(territory__code="59")
    children = next(each for each in line.contributions if each["series"] == "enfants_0_6")
    total = sum(Decimal(row["enfants_0_6"]["value"]) for row in run.inputs["figures"].values())
    assert Decimal(children["total"]) == total
    assert Fraction(children["contribution"]) == Fraction(children["value"]) / Fraction(total) * Fraction(
        1, 2
    )


def test_missing_and_null_figures_are_refused_with_their_cells_and_nothing_is_stored(fir: Envelope) -> None:
    CriterionValue.objects.filter(place_code="59", edition__series__code="asf").update(value=None)
    CriterionValue.objects.filter(place_code="02", edition__series__code="aeeh").delete()
    with pytest.raises(AllocationImpossible) as refused:
        run_allocation(fir, year=2020, by=None)
    places = [obstacle.place for obstacle in refused.value.obstacles]
    assert len(places) == 2
    assert any("Nord (59)" in place and "soutien familial" in place for place in places)
    assert any("Aisne (02)" in place and "enfant handicapé" in place for place in places)
    assert not AllocationRun.objects.exists()


def test_a_criterion_without_any_edition_is_told_once(fir: Envelope) -> None:
    fir.criteria.filter(series_code="asf").update(series_code="autre")
    with pytest.raises(AllocationImpossible) as refused:
        run_allocation(fir, year=2020, by=None)
    assert len(refused.value.obstacles) == 1


def test_an_envelope_below_its_floors_is_refused(fir: Envelope) -> None:
    fir.amount = Decimal(1_000_000)
    fir.save()
    with pytest.raises(AllocationImpossible, match="ne suffisent pas"):
        run_allocation(fir, year=2020, by=None)


def test_an_envelope_without_amount_or_a_foreign_year_is_refused(fir: Envelope) -> None:
    with pytest.raises(RuleViolation, match="2019"):
        run_allocation(fir, year=2019, by=None)
    fir.amount = None
    fir.save()
    with pytest.raises(MissingPiece, match="montant"):
        run_allocation(fir, year=2020, by=None)


def test_amounts_are_notified_once_with_who_and_when(fir: Envelope) -> None:
    author = UserFactory(first_name="Aline", last_name="Roy")
    run = run_allocation(fir, year=2020, by=author)
    notified = notify_run(run, by=author)
    assert len(notified) == 30
    assert {(each.run_id, each.published_by_id) for each in NotifiedAmount.objects.all()} == {
        (run.pk, author.pk)
    }
    assert sum(NotifiedAmount.objects.values_list("amount", flat=True)) == 15_000_000
    second = run_allocation(fir, year=2020, by=author)
    for again in (run, second):
        with pytest.raises(WrongState, match=r"déjà été notifiés .* par Aline Roy"):
            notify_run(again, by=author)
    assert NotifiedAmount.objects.count() == 30
    assert len(notify_run(run_allocation(fir, year=2021, by=author), by=author)) == 30


# --- The command --------------------------------------------------------------------------------


def run_command(*args: str) -> str:
    out = io.StringIO()
    call_command("allocate", *args, stdout=out)
    return out.getvalue()


def test_the_command_shares_and_notifies_a_campaign(campaign: Campaign) -> None:
    printed = run_command("--campaign", "2020", "--notify")
    assert printed.count("pour 30 territoires") == 3
    assert "50\u202f000\u202f000 €" in printed
    assert "plafond" in printed
    assert NotifiedAmount.objects.count() == 90
    rows = list(
        csv.DictReader(io.StringIO(run_command("--campaign", "2020", "--envelope", "FIR", "--format", "csv")))
    )
    assert sum(Decimal(row["amount"]) for row in rows) == 15_000_000
    assert {row["weakest_status"] for row in rows} == {"stand_in"}
    content = json.loads(run_command("--campaign", "2020", "--envelope", "FIR", "--format", "json"))
    assert content["weakest_status"] == "stand_in"
    assert len(content["territories"]) == 30


def test_the_command_notifies_every_envelope_or_none(campaign: Campaign, fir: Envelope) -> None:
    run_command("--campaign", "2020", "--envelope", "ONDAM", "--notify")
    runs = AllocationRun.objects.count()
    with pytest.raises(CommandError, match="déjà été notifiés") as refused:
        run_command("--campaign", "2020", "--notify")
    assert refused.value.returncode == 2
    assert NotifiedAmount.objects.count() == 30
    assert AllocationRun.objects.count() == runs


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "soit un fichier"),
        (["x.csv", "--campaign", "essai"], "soit un fichier"),
        (["--campaign", "1999"], "1999"),
        (["--campaign", "essai", "--envelope", "XYZ"], "P304, FIR"),
        (["--campaign", "essai", "--year", "2055"], "2055"),
        (["--campaign", "essai", "--weight", "a=100"], "retirez ces options"),
        (["absent.csv", "--envelope", "10", "--weight", "a=100"], "illisible"),
        (["absent.csv"], "--envelope"),
        (["absent.csv", "--envelope", "10", "--weight", "a=100", "--notify"], "--campaign"),
    ],
)
def test_a_wrong_command_says_why_and_ends_with_2(args: list[str], said: str) -> None:
    campaign = CampaignFactory(code="essai", year=2030, catalogue=False)
    EnvelopeFactory(campaign=campaign, code="P304", position=1)
    EnvelopeFactory(campaign=campaign, code="FIR", position=2)
    with pytest.raises(CommandError) as refused:
        run_command(*args)
    assert said in str(refused.value)
    assert refused.value.returncode == 2


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "territoires.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_is_shared_without_any_database(tmp_path: Path, django_assert_num_queries: Any) -> None:
    path = write(tmp_path, "code;enfants;pauvres\nA;10;1\nB;30,5;1\nC;59,5;2\n")
    args = [path, "--envelope", "1000", "--weight", "enfants=50", "--weight", "pauvres=50", "--floor", "200"]
    with django_assert_num_queries(0):
        content = json.loads(run_command(*args, "--format", "json"))
    assert [each["amount"] for each in content["territories"]] == [200, 269, 531]
    assert [each["bound"] for each in content["territories"]] == ["floor", None, None]
    assert "Total : 1\u202f000 € pour 3 territoires" in run_command(*args)


def test_every_wrong_cell_of_a_file_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "code,enfants\nA,\nB,-3\nC,douze\nC,4\nD,5\n")
    with pytest.raises(CommandError) as refused:
        run_command(path, "--envelope", "1000", "--weight", "enfants=100")
    said = str(refused.value)
    for part in (
        "territoire A",
        "territoire B",
        "territoire C",
        "plusieurs fois",
        "manquant",
        "négative",
        "douze",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("text", "args", "said"),
    [
        ("nom,enfants\nA,1\n", [], "colonne « code »"),
        ("code,enfants\nA,1,2\n", [], "ligne 2"),
        ("code,enfants\nA,1\n", ["--weight", "pauvres"], "CRITÈRE=POURCENT"),
        ("code,enfants\nA,1\n", ["--weight", "enfants=1"], "deux poids"),
        ("code,enfants\nA,1\n", ["--unit", "x"], "--unit"),
        ("code,enfants\nA,1\n", ["--ceiling", "10"], "plafond"),
    ],
)
def test_a_wrong_file_or_option_says_where(tmp_path: Path, text: str, args: list[str], said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(CommandError) as refused:
        run_command(path, "--envelope", "1000", "--weight", "enfants=100", *args)
    assert said in str(refused.value)


# --- The workbook of the command ----------------------------------------------------------------


def test_a_workbook_of_a_file_goes_to_a_path_or_to_the_standard_output(
    tmp_path: Path, django_assert_num_queries: Any
) -> None:
    path = write(tmp_path, "code,name,enfants\nA,=1+1,10\nB,Aube,30\n")
    args = [path, "--envelope", "1000", "--weight", "enfants=100", "--format", "xlsx"]
    target = tmp_path / "classeur.xlsx"
    with django_assert_num_queries(0):
        assert run_command(*args, "--output", str(target)) == ""
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, write_through=True)
    call_command("allocate", *args, stdout=stdout)
    for content in (target.read_bytes(), raw.getvalue()):
        sheet = openpyxl.load_workbook(io.BytesIO(content))["Montants"]
        assert [row[0].value for row in sheet["A20:A21"]] == ["A", "B"]
        assert [row[0].value for row in sheet["P20:P21"]] == [250, 750]
        assert sheet["B20"].data_type == "s"
        assert str(sheet["M20"].value).startswith("=")


def test_a_workbook_of_a_campaign_holds_one_envelope(campaign: Campaign, tmp_path: Path) -> None:
    target = tmp_path / "classeur.xlsx"
    with pytest.raises(CommandError, match="une seule enveloppe"):
        run_command("--campaign", "2020", "--format", "xlsx", "--output", str(target))
    assert not AllocationRun.objects.exists()
    run_command("--campaign", "2020", "--envelope", "FIR", "--format", "xlsx", "--output", str(target))
    assert openpyxl.load_workbook(target)["Montants"]["B3"].value == 15_000_000


def test_any_format_goes_to_a_path_and_a_path_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    args = [write(tmp_path, "code,enfants\nA,1\n"), "--envelope", "1000", "--weight", "enfants=100"]
    target = tmp_path / "montants.json"
    run_command(*args, "--format", "json", "--output", str(target))
    assert json.loads(target.read_text(encoding="utf-8"))["total"] == 1000
    with pytest.raises(CommandError, match="écriture impossible") as refused:
        run_command(*args, "--output", str(tmp_path))
    assert refused.value.returncode == 2


def test_the_command_tells_its_refusals_on_the_standard_error_and_ends_with_2(tmp_path: Path) -> None:
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py"), "allocate"]
    args = [write(tmp_path, "code,enfants\nA,1\nB,\n"), "--envelope", "1000", "--weight", "enfants=100"]
    for wrong in (args, [*args, "--format", "pdf"], [*args, "--weight", "enfants"]):
        ended = subprocess.run([*manage, *wrong], capture_output=True, text=True, check=False)
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert ended.stderr
        assert "Traceback" not in ended.stderr


def test_the_json_of_a_file_is_exact(tmp_path: Path) -> None:
    path = write(tmp_path, "code,enfants\nA,1\nB,3\nC,6\n")
    args = [path, "--envelope", "1000", "--weight", "enfants=100", "--floor", "150", "--ceiling", "500"]
    content = json.loads(run_command(*args, "--format", "json"))
    wanted = ("code", "key", "proportional", "bound", "exact", "amount")
    lines = [
        ("A", "1/10", "100", "floor", "150", 150),
        ("B", "3/10", "300", None, "350", 350),
        ("C", "3/5", "600", "ceiling", "500", 500),
    ]
    assert content == {
        "factor": "3500/3",
        "total": 1000,
        "territories": [dict(zip(wanted, line, strict=True)) for line in lines],
    }


def test_the_csv_of_a_file_holds_no_formula(tmp_path: Path) -> None:
    path = write(tmp_path, "code,name,enfants\nA,=1+1,1\nB,Nord,3\n")
    printed = run_command(path, "--envelope", "1000", "--weight", "enfants=100", "--format", "csv")
    assert [row["name"] for row in csv.DictReader(io.StringIO(printed))] == ["'=1+1", "Nord"]
