"""`manage.py loadcampaign`: whole or not at all, twice without effect, frozen once in use (rule C1)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cdppe.accounts.models import Territory
from contracts.campaign_spec import COMPLETING_KEYS
from contracts.models import Campaign, Objective
from funding.models import Envelope
from indicators.models import Indicator
from tests.factories import ContractFactory, NotifiedAmountFactory, TerritoryFactory

pytestmark = pytest.mark.django_db

SOURCE = settings.BASE_DIR / "fixtures" / "campaigns" / "2020.toml"
TITLE = "Soutenir les parents en situation de handicap"


@pytest.fixture
def text() -> str:
    return SOURCE.read_text(encoding="utf-8")


@pytest.fixture
def _territories() -> None:
    call_command("loadterritories", verbosity=0)


def load(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    call_command("loadcampaign", str(path))


def counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in (Campaign, Objective, Envelope, Indicator)}


@pytest.mark.usefixtures("_territories")
def test_loading_twice_changes_nothing(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    load(tmp_path / "campagne.toml", text)
    before = counts(), list(Objective.objects.values_list("pk", flat=True).order_by("pk"))
    load(tmp_path / "campagne.toml", f"# un commentaire de plus\n{text}")
    assert (counts(), list(Objective.objects.values_list("pk", flat=True).order_by("pk"))) == before
    assert capsys.readouterr().out.splitlines() == ["Campagne 2020 : créée.", "Campagne 2020 : inchangée."]


@pytest.mark.usefixtures("_territories")
def test_a_changed_file_updates_a_campaign_that_no_contract_uses(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load(tmp_path / "campagne.toml", text)
    before = counts()
    load(tmp_path / "campagne.toml", text.replace(TITLE, "Soutenir les parents handicapés", 1))
    assert counts() == before
    assert Objective.objects.get(number=15).title == "Soutenir les parents handicapés"
    printed = capsys.readouterr().out
    assert "Campagne 2020 : mise à jour." in printed
    assert "« Soutenir les parents handicapés »" in printed


@pytest.mark.usefixtures("_territories")
def test_a_changed_file_is_refused_with_what_would_change_once_a_contract_uses_it(
    tmp_path: Path, text: str
) -> None:
    load(tmp_path / "campagne.toml", text)
    ContractFactory(campaign=Campaign.objects.get(), territory=Territory.objects.get(code="02"))
    changed = text.replace(TITLE, "Soutenir les parents handicapés", 1).replace(
        "floor = 600_000", "floor = 500_000", 1
    )
    with pytest.raises(CommandError) as refusal:
        load(tmp_path / "campagne.toml", changed)
    message = str(refusal.value)
    assert "a déjà des contrats" in message
    assert "« Soutenir les parents handicapés »" in message
    assert "600000" in message
    assert "500000" in message
    assert Objective.objects.get(number=15).title == TITLE
    assert Envelope.objects.filter(floor=500_000).count() == 0
    # The same content is still welcome: nothing would change.
    load(tmp_path / "campagne.toml", text)


@pytest.mark.usefixtures("_territories")
def test_an_envelope_that_was_shared_is_not_taken_away(tmp_path: Path, text: str) -> None:
    load(tmp_path / "campagne.toml", text)
    envelope = Envelope.objects.get(code="FIR")
    NotifiedAmountFactory(envelope=envelope, territory=Territory.objects.get(code="02"))
    with pytest.raises(CommandError) as refusal:
        load(tmp_path / "campagne.toml", text.replace('"FIR"', '"FIX"'))
    message = str(refusal.value)
    assert message.startswith("Ce fichier retire de la campagne 2020 ce que d’autres données utilisent : ")
    assert "montant notifié" in message
    assert "Rien n’a été modifié." in message
    assert Envelope.objects.filter(code="FIX").count() == 0
    # What the file says otherwise of that envelope may still change.
    load(tmp_path / "campagne.toml", text.replace("floor = 100_000", "floor = 90_000", 1))
    envelope.refresh_from_db()
    assert envelope.floor == 90_000
    assert envelope.notified_amounts.count() == 1


@pytest.mark.usefixtures("_territories")
def test_a_file_with_three_errors_is_refused_whole_with_each_of_them(tmp_path: Path, text: str) -> None:
    wrong = (
        text.replace("weight = 50", "weight = 60", 1)
        .replace("year = 2020", 'year = "deux mille vingt"', 1)
        .replace("number = 15", "number = 16", 1)
    )
    with pytest.raises(CommandError) as refusal:
        load(tmp_path / "fausse.toml", wrong)
    lines = str(refusal.value).splitlines()
    assert lines[0] == "Rien n’a été chargé. À corriger :"
    places = [re.sub(r"ligne \d+", "ligne n", line.split(" : ")[1]) for line in lines[1:]]
    assert places == ["year", "objectives[16] (ligne n)", "envelopes[FIR].criteria (ligne n)"]
    assert "« deux mille vingt »" in lines[1]
    assert "donné 2 fois" in lines[2]
    assert "110 %" in lines[3]
    assert set(counts().values()) == {0}


@pytest.mark.usefixtures("_territories")
def test_one_wrong_file_among_several_refuses_them_all(tmp_path: Path, text: str) -> None:
    (tmp_path / "juste.toml").write_text(text, encoding="utf-8")
    (tmp_path / "fausse.toml").write_text("format = [", encoding="utf-8")
    with pytest.raises(CommandError, match=r"fausse\.toml"):
        call_command("loadcampaign", str(tmp_path / "juste.toml"), str(tmp_path / "fausse.toml"))
    assert Campaign.objects.count() == 0


def test_a_missing_file_and_unknown_territories_are_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(CommandError, match="fichier illisible"):
        call_command("loadcampaign", str(tmp_path / "absente.toml"))
    TerritoryFactory(code="02")
    with pytest.raises(CommandError, match=r"territoires inconnus : 03, 04.*Chargez d’abord"):
        load(tmp_path / "campagne.toml", text)
    assert Campaign.objects.count() == 0


def _as_stored_before(campaign: Campaign) -> None:
    """Take from the stored content the keys that an earlier version of the program did not know."""
    for envelope in campaign.spec["envelopes"]:
        for key in COMPLETING_KEYS:
            envelope.pop(key)
    campaign.save(update_fields=["spec"])


@pytest.mark.usefixtures("_territories")
def test_a_campaign_in_use_is_completed_with_the_keys_that_came_after_it(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load(tmp_path / "campagne.toml", text)
    campaign = Campaign.objects.get()
    ContractFactory(campaign=campaign, territory=Territory.objects.get(code="02"))
    complete = campaign.spec
    before = counts(), list(Objective.objects.values_list("pk", flat=True).order_by("pk"))
    _as_stored_before(Campaign.objects.get())
    load(tmp_path / "campagne.toml", text)
    assert Campaign.objects.get().spec == complete
    assert (counts(), list(Objective.objects.values_list("pk", flat=True).order_by("pk"))) == before
    assert "Campagne 2020 : complétée." in capsys.readouterr().out
    # Completed once, these keys are as frozen as the others.
    with pytest.raises(CommandError, match="a déjà des contrats"):
        load(tmp_path / "campagne.toml", text.replace('label = "Prix de journée"', 'label = "Autre mot"', 1))


@pytest.mark.usefixtures("_territories")
def test_a_campaign_in_use_is_not_completed_by_a_file_that_changes_something_too(
    tmp_path: Path, text: str
) -> None:
    load(tmp_path / "campagne.toml", text)
    ContractFactory(campaign=Campaign.objects.get(), territory=Territory.objects.get(code="02"))
    _as_stored_before(Campaign.objects.get())
    stored = Campaign.objects.get().spec
    with pytest.raises(CommandError, match="a déjà des contrats"):
        load(tmp_path / "campagne.toml", text.replace("floor = 600_000", "floor = 500_000", 1))
    assert Campaign.objects.get().spec == stored
