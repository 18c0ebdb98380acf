"""Reading a campaign file: every error at once with its place, one content, readable differences."""

import dataclasses
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from contracts.campaign_file import CampaignFileErrors, read_campaign
from contracts.campaign_spec import CampaignSpec, diff_specs
from tests.contracts.circular import FIXTURES

SMALL = """\
code = "essai"
year = 2031
title = "Campagne d’essai"
period_start = 2031
period_end = 2033
reference_year = 2030
reference = "Instruction d’essai"
source = "Inventée pour les tests"
optional_minimum = 0
optional_maximum = 1
territories = ["01", "02"]

[[commitments]]
code = "E1"
label = "Engagement 1"
title = "Agir tôt"

[[measures]]
code = "visites"
commitment = "E1"
title = "Visiter"

[[objectives]]
number = 1
title = "Visiter les enfants"
measure = "visites"
commitment = "E1"
fundamental = true
envelopes = ["SANTE"]

[[objectives]]
number = 2
title = "Visiter les familles"
measure = "visites"
commitment = "E1"
fundamental = false
envelopes = ["SANTE"]

[[indicators]]
code = "visites_cd"
objective = 1
label = "Nombre de visites (source CD)"
short_label = "Visites"
unit = "nombre"
kind = "count"
source = "CD"
twin = "visites"

[[indicators]]
code = "visites_snds"
objective = 1
label = "Nombre de visites (source SNDS)"
short_label = "Visites"
unit = "nombre"
kind = "count"
source = "SNDS"
twin = "visites"

[[indicators]]
code = "enfants"
objective = 1
label = "Nombre d’enfants"
short_label = "Enfants"
unit = "nombre"
kind = "count"

[[indicators]]
code = "part"
objective = 1
label = "Part des enfants visités"
short_label = "Part"
unit = "%"
kind = "share"
numerator = "visites_cd"
denominator = "enfants"

[[national_targets]]
objective = 1
indicator = "part"
year = 2033
text = "un enfant sur cinq"
minimum = 0.20

[[deadlines]]
code = "signature"
label = "Signature"
due_on = 2031-10-15
parties = ["prefecture", "council"]
source = "instruction, I"

[[retroplanning]]
code = "effect"
label = "Prise d’effet"
description = "Le jour J."
days_before = 0

[[envelopes]]
code = "SANTE"
label = "Santé"
legal_label = "crédits de santé"
plan_label = "SANTÉ"
amount = 1_000
rounding_unit = 10
floor = 100
ceiling = 900
payer = "ars"
paid_to = "council"
no_substitution = "Rien ne remplace l’existant."
no_substitution_source = "annexe 4"

[[envelopes.expense_natures]]
code = "training"
label = "Formation"

[[envelopes.expense_natures]]
code = "staff"
label = "ETP"
forbidden = true
rule = "Aucun ETP."
source = "annexe 4"

[[envelopes.criteria]]
series = "enfants"
label = "Enfants"
weight = 62.5
source = "INSEE"

[[envelopes.criteria]]
series = "menages"
label = "Ménages"
weight = 37.5
source = "INSEE"

[[signatories]]
code = "council"
institution_kind = "council"
party_label = "le Département"
signature_label = "Le président du conseil départemental ⟦council_of⟧"

[contract_model]
version = "1"
title = "Contrat d’essai"
blanks = [
  { name = "council_of", label = "Département", kind = "text" },
  { name = "total", label = "Total", kind = "money" },
]

[[contract_model.blocks]]
kind = "title"
text = "CONTRAT"

[[contract_model.blocks]]
kind = "paragraph"
text = "Le département ⟦council_of⟧ reçoit ⟦total⟧ €."
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "essai.toml"
    path.write_text(text, encoding="utf-8")
    return path


def small(folder: Path, *changes: tuple[str, str]) -> Path:
    text = SMALL
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return write(folder, text)


def problems(path: Path) -> dict[str, str]:
    """{place without its line: reason} of a refused file."""
    with pytest.raises(CampaignFileErrors) as refused:
        read_campaign(path)
    return {each.place.split(" (ligne")[0]: each.reason for each in refused.value.problems}


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


# A right file


def test_a_small_campaign_is_read_with_its_types(tmp_path: Path) -> None:
    spec = read_campaign(small(tmp_path))
    assert spec.deadlines[0].due_on == date(2031, 10, 15)
    assert spec.envelopes[0].criteria[0].weight == Decimal("62.5")
    assert spec.envelopes[0].amount == Decimal(1000)
    assert spec.national_targets[0].minimum == Decimal("0.20")
    assert spec.objectives[0].envelopes == ("SANTE",)
    assert spec.planned_effect_on is None
    assert spec.own_objective is None


def test_wordings_left_out_are_those_of_the_main_title(tmp_path: Path) -> None:
    spec = read_campaign(small(tmp_path))
    assert spec.commitments[0].dashboard_label == "Engagement 1 : Agir tôt"
    assert spec.measures[0].plan_title == "Visiter"
    assert spec.objectives[0].dashboard_title == spec.objectives[0].plan_title == "Visiter les enfants"


def test_a_campaign_cannot_be_changed_once_read(tmp_path: Path) -> None:
    spec = read_campaign(small(tmp_path))
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.year = 1  # type: ignore[misc]  # what the test is about


@pytest.mark.parametrize("name", ["2020", "2022"])
def test_the_canonical_content_goes_through_json_unchanged(name: str) -> None:
    content = read_campaign(FIXTURES / "campaigns" / f"{name}.toml").to_dict()
    assert json.loads(json.dumps(content)) == content
    assert list(content)[:2] == ["code", "year"]


def test_layout_comments_and_trailing_zeros_do_not_change_the_content(tmp_path: Path) -> None:
    plain = read_campaign(small(tmp_path)).to_dict()
    other = read_campaign(
        small(
            tmp_path,
            ("weight = 62.5", "weight = 62.500 # le premier poids"),
            ("amount = 1_000", "amount = 1000.00"),
            ('territories = ["01", "02"]', 'territories = [\n  "01",\n  "02",\n]'),
        )
    ).to_dict()
    assert other == plain
    assert plain["envelopes"][0]["amount"] == "1000"
    assert plain["deadlines"][0]["due_on"] == "2031-10-15"


def test_an_envelope_may_have_neither_amount_nor_criteria(tmp_path: Path) -> None:
    start = SMALL.index("[[envelopes.criteria]]")
    end = SMALL.index("[[signatories]]")
    text = (SMALL[:start] + SMALL[end:]).replace("amount = 1_000\n", "")
    spec = read_campaign(write(tmp_path, text))
    assert spec.envelopes[0].amount is None
    assert spec.envelopes[0].criteria == ()


# Wrong files


def test_every_error_is_told_at_once_with_its_place_and_line(tmp_path: Path) -> None:
    path = small(
        tmp_path,
        ('title = "Campagne d’essai"\n', ""),
        ('title = "Visiter les familles"\n', 'titre = "Visiter les familles"\n'),
        ("weight = 37.5", "weight = 30"),
        ("due_on = 2031-10-15", 'due_on = "15 octobre"'),
    )
    found = problems(path)
    assert found == {
        "title": "clé manquante.",
        "objectives[2].titre": "clé inconnue.",
        "objectives[2].title": "clé manquante.",
        "deadlines[signature].due_on": "une date (AAAA-MM-JJ) est attendu(e), trouvé : « 15 octobre ».",
        "envelopes[SANTE].criteria": "les poids font 92.5 %, au lieu de 100 %.",
    }
    with pytest.raises(CampaignFileErrors) as refused:
        read_campaign(path)
    lines = str(refused.value).splitlines()
    assert len(lines) == 5
    header = line_of(path.read_text(encoding="utf-8"), "[[objectives]]\nnumber = 2")
    assert f"essai.toml : objectives[2].titre (ligne {header}) : clé inconnue." in lines


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (("year = 2031", "year = true"), "year", "un nombre entier"),
        (("year = 2031", "year = 31"), "year", "plausible"),
        (("year = 2031", 'year = "2031"'), "year", "un nombre entier"),
        (("period_end = 2033", "period_end = 2030"), "period_end", "précède"),
        (("reference_year = 2030", "reference_year = 2032"), "reference_year", "suit le début"),
        (('territories = ["01", "02"]', 'territories = ["01", "01"]'), "territories", "donné 2 fois"),
        (('territories = ["01", "02"]', "territories = []"), "territories", "au moins un"),
        (('territories = ["01", "02"]', "territories = [1, 2]"), "territories[n° 1]", "un texte"),
        (("optional_maximum = 1", "optional_maximum = 2"), "optional_maximum", "n’en a que 1"),
        (("optional_minimum = 0", "optional_minimum = 2"), "optional_minimum", "dépasse le maximum"),
        (("number = 2", "number = 1"), "objectives[1]", "donné 2 fois"),
        (("number = 2", "number = -2"), "objectives[-2].number", "positif"),
        (
            ('measure = "visites"', 'measure = "absente"'),
            "objectives[1].measure",
            "« absente » n’est pas une mesure",
        ),
        (
            (
                '[[measures]]\ncode = "visites"\ncommitment = "E1"',
                '[[measures]]\ncode = "visites"\ncommitment = "E9"',
            ),
            "measures[visites].commitment",
            "« E9 » n’est pas un engagement",
        ),
        (
            ('envelopes = ["SANTE"]', 'envelopes = ["AUTRE"]'),
            "objectives[1].envelopes",
            "n’est pas une enveloppe",
        ),
        (
            ("fundamental = false", "fundamental = false\nrequires_harmonised_indicator = true"),
            "objectives[2].requires_harmonised_indicator",
            "n’en a pas",
        ),
        (
            ('code = "enfants"\nobjective = 1', 'code = "enfants"\nobjective = 7'),
            "indicators[enfants].objective",
            "« 7 » n’est pas un objectif",
        ),
        (('code = "enfants"\nobjective = 1', 'code = "enfants"'), "indicators[enfants]", "un des deux"),
        (('numerator = "visites_cd"', 'numerator = "rien"'), "indicators[part].numerator", "« rien »"),
        (('denominator = "enfants"\n', ""), "indicators[part].denominator", "il en manque un"),
        (
            ('denominator = "enfants"', 'denominator = "part"'),
            "indicators[part].denominator",
            "pas un nombre",
        ),
        (('kind = "share"', 'kind = "ratio"'), "indicators[part].kind", "valeurs admises : count, share"),
        (
            ('source = "SNDS"\ntwin = "visites"', 'source = "SNDS"\nparent = "absent"'),
            "indicators[visites_snds].parent",
            "« absent »",
        ),
        (('source = "SNDS"\ntwin = "visites"', 'source = "SNDS"'), "indicators[visites_cd].twin", "jumelage"),
        (
            ('code = "enfants"\nobjective = 1', 'code = "enfants"\nsame_as = "absent"\nobjective = 1'),
            "indicators[enfants].same_as",
            "« absent »",
        ),
        (
            ('code = "enfants"\nobjective = 1', 'code = "enfants"\nsame_as = "visites_cd"\nobjective = 1'),
            "indicators[enfants].same_as",
            "celle d’un autre objectif",
        ),
        (
            ('code = "enfants"\nobjective = 1', 'code = "enfants"\nsame_as = "part"\nobjective = 2'),
            "indicators[enfants].same_as",
            "n’est pas celle de « part »",
        ),
        (
            (
                'code = "enfants"\nobjective = 1',
                'code = "enfants"\nsame_as = "visites_cd"\nhas_target = false\nobjective = 2',
            ),
            "indicators[enfants].same_as",
            "n’est pas celle de « visites_cd »",
        ),
        (
            ('code = "part"\nobjective = 1', 'code = "part"\nsame_as = "visites_cd"\nobjective = 2'),
            "indicators[part].same_as",
            "seule une ligne qui se saisit",
        ),
        (("minimum = 0.20", "minimum = 20"), "national_targets[1, 2033].minimum", "entre 0 et 1"),
        (
            ("minimum = 0.20", "minimum = 0.20\nmaximum = 0.10"),
            "national_targets[1, 2033].minimum",
            "dépasse le maximum",
        ),
        (("due_on = 2031-10-15", "due_on = 2013-10-15"), "deadlines[signature].due_on", "15/10/2013"),
        (
            ("due_on = 2031-10-15", "due_on = 2031-10-15\nexercise = 2040"),
            "deadlines[signature].exercise",
            "pas dans la période",
        ),
        (
            ('parties = ["prefecture", "council"]', 'parties = ["mairie"]'),
            "deadlines[signature].parties[n° 1]",
            "valeurs admises",
        ),
        (("days_before = 0", "days_before = -3"), "retroplanning[effect].days_before", "plausible"),
        (("floor = 100", "floor = 990"), "envelopes[SANTE].floor", "dépasse la dotation maximale"),
        (("floor = 100", "floor = 105"), "envelopes[SANTE].floor", "multiple de l’unité d’arrondi (10)"),
        (("amount = 1_000", "amount = 1_005"), "envelopes[SANTE].amount", "multiple"),
        (("amount = 1_000", "amount = nan"), "envelopes[SANTE].amount", "ni « inf » ni « nan »"),
        (("amount = 1_000", "amount = -1_000"), "envelopes[SANTE].amount", "négatif"),
        (("rounding_unit = 10", "rounding_unit = 0"), "envelopes[SANTE].rounding_unit", "positive"),
        (("weight = 62.5", "weight = 62.6"), "envelopes[SANTE].criteria", "100.1 %"),
        (
            ('code = "staff"', 'code = "training"'),
            "envelopes[SANTE].expense_natures[training]",
            "donné 2 fois",
        ),
        (('rule = "Aucun ETP."', ""), "envelopes[SANTE].expense_natures[staff]", "par quel texte"),
        (
            ('no_substitution_source = "annexe 4"', ""),
            "envelopes[SANTE].no_substitution",
            "source du texte manque",
        ),
        (('series = "menages"', 'series = "enfants"'), "envelopes[SANTE].criteria[enfants]", "donné 2 fois"),
        (("⟦total⟧ €", "⟦somme⟧ €"), "contract_model.blocks[n° 2].text", "⟦somme⟧ n’est pas déclaré"),
        (("⟦total⟧ €", "rien"), "contract_model.blanks[total]", "ne l’emploie pas"),
        (("⟦total⟧ €", "⟦total⟧ ⟦To Tal⟧ €"), "contract_model.blocks[n° 2].text", "mal écrit"),
        (("⟦total⟧ €", "⟦total⟧ ⟦reste €"), "contract_model.blocks[n° 2].text", "mal écrit"),
        (('kind = "money"', 'kind = "euros"'), "contract_model.blanks[total].kind", "valeurs admises"),
        (('title = "Agir tôt"', 'title = "  "'), "commitments[E1].title", "vide"),
        (('code = "essai"', 'code = "essai"\ncommitment = 3'), "commitment", "inconnue"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(
    tmp_path: Path, change: tuple[str, str], place: str, reason: str
) -> None:
    found = problems(small(tmp_path, change))
    assert place in found
    assert reason in found[place]


def test_a_missing_table_and_a_value_in_place_of_a_table_are_told(tmp_path: Path) -> None:
    start = SMALL.index("[contract_model]")
    assert problems(write(tmp_path, SMALL[:start])) == {
        "contract_model": "clé manquante.",
    }
    text = SMALL[:start].replace("optional_minimum = 0", 'contract_model = "aucun"\noptional_minimum = 0')
    assert problems(write(tmp_path, text)) == {"contract_model": "une table est attendue."}


def test_an_error_does_not_bring_false_ones_along(tmp_path: Path) -> None:
    """What a broken list would have named is not said to be missing."""
    path = small(tmp_path, ('[[commitments]]\ncode = "E1"', "[[commitments]]"))
    assert problems(path) == {"commitments[n° 1].code": "clé manquante."}
    path = small(tmp_path, ('code = "enfants"\nobjective = 1', "objective = 1"))
    assert problems(path) == {"indicators[n° 3].code": "clé manquante."}


def test_toml_that_does_not_parse_is_told_with_its_line(tmp_path: Path) -> None:
    path = small(tmp_path, ("number = 2", "number = = 2"))
    with pytest.raises(CampaignFileErrors) as refused:
        read_campaign(path)
    (problem,) = refused.value.problems
    line = line_of(path.read_text(encoding="utf-8"), "number = = 2")
    assert problem.place.startswith(f"ligne {line}, colonne ")
    assert "TOML" in problem.reason


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(CampaignFileErrors, match="illisible"):
        read_campaign(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes('title = "été"'.encode("latin-1"))
    with pytest.raises(CampaignFileErrors, match="UTF-8"):
        read_campaign(tmp_path / "latin.toml")


@pytest.mark.parametrize("text", ["", "code = 1", "a = 1979-99-99", "a = " + "[" * 3000, 'objectives = "x"'])
def test_hostile_text_is_refused_and_never_breaks(tmp_path: Path, text: str) -> None:
    with pytest.raises(CampaignFileErrors) as refused:
        read_campaign(write(tmp_path, text))
    assert refused.value.problems


# Differences


@pytest.fixture
def content(tmp_path: Path) -> dict[str, object]:
    return read_campaign(small(tmp_path)).to_dict()


def changed(folder: Path, *changes: tuple[str, str]) -> CampaignSpec:
    return read_campaign(small(folder, *changes))


def test_equal_campaigns_have_no_difference(tmp_path: Path, content: dict[str, object]) -> None:
    assert diff_specs(content, changed(tmp_path).to_dict()) == []


def test_a_changed_value_is_told_by_number_with_both_texts(
    tmp_path: Path, content: dict[str, object]
) -> None:
    other = changed(
        tmp_path,
        ("Visiter les familles", "Aider les familles"),
        ("due_on = 2031-10-15", "due_on = 2031-11-15"),
    )
    assert diff_specs(content, other.to_dict()) == [
        "objectives[2].title : « Visiter les familles » → « Aider les familles »",
        "objectives[2].dashboard_title : « Visiter les familles » → « Aider les familles »",
        "objectives[2].plan_title : « Visiter les familles » → « Aider les familles »",
        "deadlines[signature].due_on : « 2031-10-15 » → « 2031-11-15 »",
    ]


def test_items_that_come_and_go_are_told(tmp_path: Path, content: dict[str, object]) -> None:
    other = changed(
        tmp_path, ('code = "signature"', 'code = "fin"'), ('["01", "02"]', '["01", "03"]')
    ).to_dict()
    assert diff_specs(content, other) == [
        "territories : « 02 » retiré",
        "territories : « 03 » ajouté",
        "deadlines[signature] : retiré (« Signature »)",
        "deadlines[fin] : ajouté (« Signature »)",
    ]


def test_an_order_that_changes_alone_is_told_on_one_line(content: dict[str, object]) -> None:
    objectives = content["objectives"]
    assert isinstance(objectives, list)
    assert diff_specs(content, {**content, "objectives": objectives[::-1]}) == ["objectives : l’ordre change"]
    assert diff_specs(content, {**content, "territories": ["02", "01"]}) == [
        "territories : l’ordre ou le nombre change"
    ]


def test_a_value_that_is_taken_away_is_told(tmp_path: Path, content: dict[str, object]) -> None:
    other = changed(
        tmp_path,
        ("ceiling = 900\n", ""),
        ("fundamental = false", "fundamental = true"),
        ("optional_maximum = 1", "optional_maximum = 0"),
    )
    assert diff_specs(content, other.to_dict()) == [
        "optional_maximum : « 1 » → « 0 »",
        "objectives[2].fundamental : non → oui",
        "envelopes[SANTE].ceiling : « 900 » → rien",
    ]
