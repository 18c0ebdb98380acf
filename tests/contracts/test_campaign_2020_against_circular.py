"""Every row of annexes 1, 2, 3.2, 4, 5.1, 5.2 and 5.3 against the circular, whose text the tests read."""

import csv
import re
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest

from cdppe.accounts.actions.territories import load_territories
from contracts.actions.campaigns import load_campaign
from contracts.campaign_file import read_campaign
from contracts.campaign_spec import BLANK, CampaignSpec
from tests.contracts.campaign_rows import CampaignRows, rows_of_campaign, rows_of_spec
from tests.contracts.circular import FIXTURES, as_printed, one_line, raw_section, section, without

FILE = FIXTURES / "campaigns" / "2020.toml"
MONTHS = {"juin": 6, "juil": 7, "août": 8, "oct": 10}


@cache
def rows_in_the_database() -> CampaignRows:
    """The rows of the loaded campaign: read once, plain data that the test's rollback does not touch."""
    load_territories(FIXTURES / "departments.csv", FIXTURES / "territories.csv")
    return rows_of_campaign(load_campaign(read_campaign(FILE)).campaign)


@pytest.fixture(params=["file", pytest.param("database", marks=pytest.mark.django_db)])
def campaign(request: pytest.FixtureRequest) -> CampaignRows:
    """The campaign as its file says it, then as it stands in the database once loaded."""
    return rows_of_spec(read_campaign(FILE)) if request.param == "file" else rows_in_the_database()


@pytest.fixture(scope="module")
def spec() -> CampaignSpec:
    return read_campaign(FILE)


# Annexe 1


def test_the_thirty_territories_are_those_of_annexe_1(campaign: CampaignRows) -> None:
    with (FIXTURES / "territories.csv").open(encoding="utf-8", newline="") as lines:
        names = {row["code"]: row["name"] for row in csv.DictReader(lines)}
    printed = re.findall(r"^\s*([^\n(]+?) \([^)]+\)", raw_section("1"), flags=re.MULTILINE)
    # The annexe leaves out two hyphens.
    printed = [each.replace("Meurthe et Moselle", "Meurthe-et-Moselle") for each in printed]
    printed = [each.replace("Deux Sèvres", "Deux-Sèvres") for each in printed]
    assert len(printed) == 30
    assert sorted(names[code] for code in campaign.territories) == sorted(printed)


# Annexe 2


def test_annexe_2_holds_every_title_and_nothing_else(campaign: CampaignRows) -> None:
    cut = (
        "Permettre qu'à horizon 2022, au niveau national, au moins 20 % des enfants bénéficient de "
        "consultations infantiles"
    )
    titles = {each.number: each.title for each in campaign.objectives}
    assert sorted(titles) == list(range(1, 27))
    assert titles[5].startswith(cut)  # the text of annexe 2 stops there; annexe 4 has the whole title
    printed = {number: cut if number == 5 else title for number, title in titles.items()}
    headings = [heading for heading, _ in campaign.commitments]
    left = without(
        section("2"),
        [
            *(f"{number}. {title}" for number, title in printed.items()),
            *headings,
            "Annexe 2 – Objectifs de la contractualisation en prévention et protection de l’enfance",
            *["Objectifs fondamentaux"],
            *["Objectifs facultatifs"] * 2,
            *["Objectif fondamental"] * 2,
            "Objectif facultatif",
        ],
    )
    assert left == ""


def test_the_whole_title_of_the_fifth_objective_is_that_of_annexe_4(campaign: CampaignRows) -> None:
    (title,) = (each.title for each in campaign.objectives if each.number == 5)
    assert title.replace("qu'à", "qu’à") in section("4")


def test_what_is_fundamental_is_what_annexe_6_heads_so(campaign: CampaignRows) -> None:
    fundamental: dict[int, bool] = {}
    heading = False
    for line in raw_section("6").splitlines():
        if found := re.match(r"\s*Objectifs? (fondamenta(?:l|ux)|facultatifs?)\s*$", line):
            heading = found[1].startswith("fondamenta")
        elif (found := re.match(r"\s*(\d+)\. \S", line)) and int(found[1]) not in fundamental:
            fundamental[int(found[1])] = heading
    assert sorted(fundamental) == list(range(1, 27))
    assert {each.number: each.fundamental for each in campaign.objectives} == fundamental
    assert sum(each.fundamental for each in campaign.objectives) == 11


def test_what_the_circular_demands_of_the_sheets_and_targets_is_there(campaign: CampaignRows) -> None:
    by_number = {each.number: each for each in campaign.objectives}
    text = section("6")
    demands = {number: len(each.sheet_demands) for number, each in by_number.items() if each.sheet_demands}
    assert demands == {6: 1, 7: 2, 8: 1, 10: 1, 11: 3}
    figures = {12, 14, 18, 21, 22, 23}
    assert {number for number, each in by_number.items() if each.requires_numeric_target} == figures
    assert {number for number, each in by_number.items() if each.requires_harmonised_indicator} == figures
    assert {n for n, each in by_number.items() if each.forbids_purely_quantitative_target} == {20}
    assert {n for n, each in by_number.items() if each.technical_advice} == {19}
    assert (
        "pour un avis technique et pour disposer d’une vision transversale" in by_number[19].technical_advice
    )
    assert len(by_number[23].action_statements) == 4
    for statement in by_number[23].action_statements:
        assert statement[0].lower() + statement[1:].rstrip(".") in text


# Annexe 3.2


def printed_day(day: date) -> str:
    names = {number: name for name, number in MONTHS.items()}
    return f"{day:%d}-{names[day.month]}-{day:%y}"


def test_annexe_3_2_holds_every_step_with_its_days_and_date_and_nothing_else(campaign: CampaignRows) -> None:
    day_j = date(2020, 10, 30)
    ours = {"Préparation Etat / ARS"}  # the annexe's label of that line is not readable
    parts = []
    for label, description, days in campaign.steps:
        if label not in ours:
            parts.append(label)
        if days is None:
            parts.append(as_printed(description))
        else:
            when = "Jour J" if days == 0 else str(days)
            parts.append(
                f"{as_printed(description)} {when} {printed_day(day_j - timedelta(days=days))}",
            )
    left = without(
        section("3.2"),
        [
            *parts,
            "Réunion sur les objectifs",  # printed twice
            "Les cellules en vert peuvent être modifiées. Les cellules grisées sont calculées "
            "automatiquement.",
            "Caractéristiques Echéancier (Jour J - nombre de jours) Date prévisionnelle",
            "Annexe 3.2 - Exemple de rétroplanning",
            "Il s’agit d’un retro planning, par conséquent la date de référence est celle de la signature du "
            "CDPPE (Jour J). A partir de cette date il est préconisé d’identifier le nombre de jours "
            "nécessaires à la réalisation des tâches en amont de la signature.",
            "Lorsque vous indiquez un nombre de jour dans la colonne « Echéancier », la date prévisionnelle "
            "de lancement de la tâche sera calculée automatiquement et apparaitra dans la colonne « date "
            "prévisionnelle ».",
        ],
    )
    assert left == ""
    assert len(campaign.steps) == 12


def test_chronology_and_gantt_words_are_those_of_annexes_3_1_and_3_3(spec: CampaignSpec) -> None:
    chronology, gantt = section("3.1"), section("3.3")
    for step in spec.chronology:
        printed = f"{step.label} : {step.description}" if step.description else step.label
        assert as_printed(printed) in chronology
        assert step.phase in chronology
        assert step.duration in chronology
    assert {step.phase for step in spec.chronology} == {"DIAGNOSTIC", "NEGOCIATION", "SIGNATURE"}
    left = without(
        gantt,
        [
            *(task.task for task in spec.gantt),
            *{task.theme for task in spec.gantt},
            "Tâches à réaliser Responsable Ressources Janv. Févr. Mars Avr. Mai Juin Juil. Août",
            "2020",
            "Annexe 3.3 - Exemple de GANTT",
            "Ce tableau de suivi permet d'anticiper les différentes étapes de la contractualisation, "
            "d'identifier celles qui se chevauchent et celles qui sont interdépendantes.",
            "Thème",
        ],
    )
    assert left == ""


# Annexe 4


PARTS = {"FIR": ("II", "III"), "P304": ("III", "IV"), "ONDAM": ("IV", "V")}


def envelope_text(code: str) -> str:
    start, end = PARTS[code]
    return section("4").split(f" {start} – ", 1)[1].split(f" {end} – ", 1)[0]


def euros(text: str) -> Decimal:
    return Decimal(text.replace(" ", "").replace(",", "."))


def test_annexe_4_gives_every_criterion_with_its_source_and_weight(campaign: CampaignRows) -> None:
    pattern = re.compile(
        r"- ((?:Nombre|Indicateur) (?:(?! - ).)+?) \((?:source : )?((?:INSEE|CNAF|DREES|CNSA), [^()]+)\)"
        r" \(([\d,]+) %(?: de l’enveloppe)?\)"
    )
    for envelope in campaign.envelopes:
        printed = [
            (label, source, euros(weight))
            for label, source, weight in pattern.findall(envelope_text(envelope.code))
        ]
        assert [(each.label, each.source, each.weight) for each in envelope.criteria] == printed
        assert sum(each.weight for each in envelope.criteria) == 100
    assert [len(each.criteria) for each in campaign.envelopes] == [4, 4, 2]


def test_annexe_4_gives_the_bounds(campaign: CampaignRows) -> None:
    for envelope in campaign.envelopes:
        for value, word in ((envelope.floor, "minimale"), (envelope.ceiling, "maximale")):
            printed = re.findall(
                rf"Dotation {word} par département : ([\d ]+) €", envelope_text(envelope.code)
            )
            assert ([] if value is None else [value]) == [euros(each) for each in printed]
    assert [each.ceiling for each in campaign.envelopes][-1] is None


def test_annexe_4_gives_the_amounts_and_the_objectives_of_each_envelope(campaign: CampaignRows) -> None:
    words = {"P304": "programme 304", "FIR": "FIR", "ONDAM": "ONDAM médico-social"}
    general = section("4").split(" II – ")[0]
    for envelope in campaign.envelopes:
        found = re.search(
            rf"- sur [^;.]*?{words[envelope.code]}\)? \((\d+) M€[^)]*\) "
            r"pour les objectifs ([\dà, et]+?) ?[;.]",
            general,
        )
        assert found, envelope.code
        assert envelope.amount == Decimal(found[1]) * 1_000_000
        numbers: set[int] = set()
        for each in re.findall(r"\d+ à \d+|\d+", found[2]):
            ends = [int(number) for number in each.split(" à ")]
            numbers.update(range(ends[0], ends[-1] + 1))
        mine = {each.number for each in campaign.objectives if envelope.code in each.envelopes}
        assert mine == numbers


# Annexe 5.1


def test_annexe_5_1_is_the_model_contract_word_for_word(campaign: CampaignRows) -> None:
    """The whole annexe matches the blocks one after the other: no word missing, none too many."""
    signatures = [
        f"{label} [{condition}]" if condition else label for label, condition in campaign.signatures
    ]
    patterns = []
    for text in [*campaign.blocks, *signatures]:
        literal = re.escape(as_printed(text))
        patterns.append(re.sub(r"(?:\\ )?⟦[a-z0-9_]+⟧", r"(?: (?:de )?(?:x+|X+|…))?", literal))
    printed = section("5.1")
    assert re.fullmatch(" ".join(patterns), printed), first_difference(patterns, printed)


def first_difference(patterns: list[str], printed: str) -> str:
    for count in range(1, len(patterns) + 1):
        if not re.match(" ".join(patterns[:count]), printed):
            return f"does not follow: {patterns[count - 1]}"
    return "the annexe goes on after the last block"


def test_every_blank_of_annexe_5_1_has_a_name(campaign: CampaignRows) -> None:
    text = " ".join([*campaign.blocks, *(label for label, _ in campaign.signatures)])
    used = BLANK.findall(text)
    placeholders = re.findall(r"\b(?:x{2,}|X{3})\b|…(?=, le)", section("5.1"))
    empty = [
        "account_holder",
        "bank_code",
        "branch_code",
        "account_number",
        "rib_key",
        "iban",
        "bic",
        "signed_on",
    ]
    assert len(used) == len(placeholders) + len(empty)
    assert set(used) == campaign.blanks
    assert not re.search(r"x{2,}|X{2,}", text)


# Annexes 5.2 and 5.3


def test_annexe_5_2_holds_every_row_and_nothing_else(campaign: CampaignRows) -> None:
    measures = list(dict.fromkeys(each.measure for each in campaign.objectives))
    titles = [each.dashboard_title for each in campaign.objectives]
    # The same words as a measure and as its objective, once each in the annexe.
    assert "Renforcer la formation des professionnels" in set(measures) & set(titles)
    left = without(
        section("5.2"),
        [
            *(as_printed(each.label) for each in campaign.indicators),
            *titles,
            *measures,
            *(heading for _, heading in campaign.commitments),
            "Cible nationale à horizon 2022 : entre 80 et 90 % des bilans de santé réalisés par la PMI "
            "(médecin ou protocole pluridisciplinaire)",
            "Cible nationale à horizon 2022 : doublement, soit environ 20 % des femmes/enfants bénéficiant "
            "de VAD de PMI",
            "2020 2021 2022 2020 2021 2022",
            "Niveau d'atteinte de l'objectif",
            "Niveau cible de l'objectif",
            "Mesure Objectif Indicateur",
            "Niveau des indicateurs en 2019 (diagnostic)",
        ],
    )
    assert left == ""
    assert len(campaign.indicators) == 44


def test_the_rows_of_annexe_5_2_keep_its_order(campaign: CampaignRows) -> None:
    text = section("5.2")
    place = 0
    for row in campaign.indicators:
        place = text.index(as_printed(row.label), place) + 1
    order = list(dict.fromkeys(each.objective for each in campaign.indicators))
    assert order == [1, 2, 3, 4, 5, 12, 14, None, 6, 9, 18, 21, 22, 23]


def test_a_row_has_the_source_and_the_rhythm_that_its_label_says(campaign: CampaignRows) -> None:
    for row in campaign.indicators:
        found = re.search(r"\(source ([^)]+)\)", row.label)
        if found:
            assert row.source == found[1].replace("Education", "Éducation")
        assert row.half_yearly == ("à produire semestriellement" in row.label)


def test_shares_have_the_formulas_of_rule_i3(campaign: CampaignRows) -> None:
    formulas = {
        row.code: (row.numerator, row.denominator) for row in campaign.indicators if row.kind == "share"
    }
    assert formulas == {
        "part_epp": ("epp_cd", "naissances_vivantes"),
        "part_bilans": ("bilans_maternelle", "cohorte_3_4_ans"),
        "part_femmes_vad_prenatale": ("femmes_vad_prenatale", "naissances_vivantes_vad"),
        "part_femmes_vad_postnatale": ("femmes_vad_postnatale", "naissances_vivantes_vad"),
        "part_enfants_vad": ("enfants_vad", "enfants_0_6_vad"),
        "part_enfants_examines": ("enfants_examines", "enfants_0_6_examens"),
        "taux_ip_3_mois": ("ip_evaluees_3_mois", "ip_evaluees"),
        "part_retours_accompagnes": ("retours_domicile_accompagnes", "retours_domicile"),
    }
    assert {row.code for row in campaign.indicators if row.label.startswith(("Part", "Taux"))} == set(
        formulas
    )


def test_a_figure_that_the_annex_prints_twice_is_typed_once(campaign: CampaignRows) -> None:
    repeated = {row.code: row.same_as for row in campaign.indicators if row.same_as}
    assert repeated == {
        "naissances_vivantes_vad": "naissances_vivantes",
        "enfants_0_6_examens": "enfants_0_6_vad",
    }
    # Only a word changes from one printing to the other.
    of_code = {row.code: row for row in campaign.indicators}
    for second, first in repeated.items():
        assert of_code[second].label.split()[:4] == of_code[first].label.split()[:4]
        assert of_code[second].source == of_code[first].source == "INSEE"


def test_twin_rows_stand_side_by_side_in_the_two_sources(campaign: CampaignRows) -> None:
    twins: dict[str, list[str]] = {}
    for row in campaign.indicators:
        if row.twin:
            twins.setdefault(row.twin, []).append(row.source)
    assert set(twins) == {"epp", "vad_prenatales", "vad_postnatales", "examens"}
    assert all(sorted(sources) == ["DREES / CD", "SNDS"] for sources in twins.values())
    assert {row.source for row in campaign.indicators if not row.twin} >= {"INSEE", "Éducation nationale"}


def test_sub_rows_and_rows_without_target_are_those_of_the_circular(campaign: CampaignRows) -> None:
    for row in campaign.indicators:
        assert bool(row.parent) == row.label.startswith("- ")
    assert {row.code for row in campaign.indicators if not row.has_target} == {
        "examens_cliniques_cd",
        "examens_obligatoires_snds",
        "delai_decisions",
        "delai_placement",
        "delai_aemo",
        "double_prise_en_charge",
    }


def test_annexe_5_3_has_every_title_with_its_source(campaign: CampaignRows) -> None:
    text = section("5.3")
    for objective in campaign.objectives:
        assert objective.plan_measure in text
        title = re.escape(objective.plan_title) + r"(?: Action n°\d :)*"
        following = re.findall(rf"{title} (ONDAM / PLF|ONDAM|PLF|FIR)\b", text)
        assert following == ([objective.plan_source] if objective.plan_source else [])
        assert re.search(title, text)
    assert [each.number for each in campaign.objectives if not each.plan_source] == [17]


# What is dated, and the national targets


def test_deadlines_are_those_of_the_circular(spec: CampaignSpec) -> None:
    text = one_line((FIXTURES / "sources" / "circulaire-dgcs-2020-34.txt").read_text(encoding="utf-8"))
    phrases = {
        "contacts": ("au plus tard le 15 juin, les coordonnées", "2020-06-15"),
        "indicative_amounts": ("d’ici la fin du mois de juin", "2020-06-30"),
        "first_version": ("avant le 30 juillet, une première version", "2020-07-30"),
        "draft_contract": ("au plus tard le 15 septembre", "2020-09-15"),
        "signature": ("signature avant le 15 octobre 2020", "2020-10-15"),
    }
    dates = {each.code: each.due_on.isoformat() for each in spec.deadlines}
    for code, (phrase, day) in phrases.items():
        assert phrase in text
        assert dates.pop(code) == day
    assert "au plus tard le 31 décembre de chaque année" in section("5.1")
    assert "au plus tard le 30 juin de l’année suivant l’exercice" in section("5.1")
    assert dates == {
        **{f"denunciation_{year}": f"{year}-12-31" for year in (2020, 2021, 2022)},
        **{f"report_{year}": f"{year + 1}-06-30" for year in (2020, 2021, 2022)},
    }
    assert {e.exercise for e in spec.deadlines if e.code.startswith("report")} == {2020, 2021, 2022}


def test_national_targets_are_written_in_the_circular(spec: CampaignSpec) -> None:
    text = one_line(re.sub(r"[‘’]", "'", " ".join(section(each) for each in ("2", "5.2", "6"))))
    for target in spec.national_targets:
        assert target.text.replace("’", "'") in text
    assert {target.objective: (target.minimum, target.maximum) for target in spec.national_targets} == {
        1: (Decimal("0.20"), None),
        2: (Decimal("0.80"), Decimal("0.90")),
        3: (Decimal("0.20"), None),
        4: (Decimal("0.15"), None),
        5: (Decimal("0.20"), None),
        6: (Decimal(1), None),
        14: (Decimal(20), None),
        18: (Decimal(600), None),
    }


def test_the_period_is_that_of_the_circular(spec: CampaignSpec) -> None:
    assert (spec.year, spec.period_start, spec.period_end, spec.reference_year) == (2020, 2020, 2022, 2019)
    assert (spec.optional_minimum, spec.optional_maximum) == (0, 15)
    assert spec.own_objective is not None
    assert spec.own_objective.envelope == "FIR"
    assert spec.own_objective.label[0].lower() + spec.own_objective.label[1:] in section("4")
