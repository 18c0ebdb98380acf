"""A ten-sheet contract, from nothing to no blocking finding, on the real campaign of 2022.

Only what nobody does in this journey is set up: the territories, the campaign, what the State notified, two
accounts. The figures, names and actions are invented for the test.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Locator, Page, expect

from cdppe.accounts.models import Institution, InstitutionKind, Territory
from contracts.compliance import blocking_findings
from contracts.models import ActionSheet, Campaign, Contract
from funding.models import NotifiedAmount, StateExpense
from tests.browser.gestures import SignIn, tab_to
from tests.browser.test_grid import PASTE
from tests.factories import MembershipFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


COUNCIL = "redaction@departement38.exemple.fr"
PREFECTURE = "redaction@prefecture38.exemple.fr"
BASE = "/contrats/38-2022"
YEAR = 2022
NOTIFIED = {"P304": 400_000, "FIR": 120_000, "ONDAM": 90_000}
CHOSEN = (12, 14)
"""The optional objectives; with the six fundamental ones of the campaign, eight."""
P304, FIR, ONDAM = "Programme 304", "Fonds d’intervention régional", "ONDAM médico-social"
NATURES = {
    P304: "Prestation d’accompagnement ou d’ingénierie",
    FIR: "Prestation d’un professionnel (psychologue, psychomotricien…)",
    ONDAM: "Fonctionnement d’un établissement ou service médico-social",
}
IBAN, BIC = "FR14 2004 1010 0505 0001 3M02 606", "BDFEFRPPCCT"

HEADINGS = (
    "Objectif;Intitulé de l’action;Référent (personne ou institution);Objectif opérationnel;"
    "Description de l’action;Public cible;Acteurs à mobiliser;Calendrier prévisionnel;"
    f"Indicateurs de mise en œuvre de l’action;État – {P304} {YEAR};État – {FIR} {YEAR};"
    f"État – {ONDAM} {YEAR};Département {YEAR}"
)
# The fourth lacks its public, the department gives too little to the sixth, the eighth plans too much.
ACTIONS = (
    ("1", "Proposer l’entretien du quatrième mois", "Femmes enceintes", "", "20 000", "", "25 000"),
    ("2", "Voir chaque enfant de petite section", "Enfants de 3 à 4 ans", "", "15 000", "", "15 000"),
    ("3", "Visiter les mères vulnérables", "Femmes enceintes isolées", "", "30 000", "", "30 000"),
    ("4", "Suivre les sorties de maternité", "", "", "25 000", "", "40 000"),
    ("5", "Ouvrir des consultations le samedi", "Enfants de moins de deux ans", "", "10 000", "", "10 000"),
    ("9", "Créer une équipe mobile", "Enfants confiés handicapés", "", "", "90 000", "60 000"),
    ("12", "Intervenir dès la grossesse", "Familles suivies par la PMI", "120 000", "", "", "130 000"),
    ("12", "Aider au retour à domicile", "Familles d’enfants confiés", "350 000", "", "", "360 000"),
    ("14", "Ouvrir un relais parental à Vienne", "Parents épuisés", "60 000,50", "", "", "61 000"),
)

# As copied from a spreadsheet: the reference year and three targets; an empty line where the page computes.
FIGURES = """\
4 100\t4 300\t4 600\t5 000
3 900\t4 100\t4 400\t4 800
14 200\t14 200\t14 200\t14 200

14 800\t14 800\t14 800\t14 800
11 000\t11 800\t12 600\t13 300
2 100\t2 200\t2 300\t2 400
7 900\t8 400\t8 900\t9 400

820\t1 000\t1 300\t1 640
790\t960\t1 250\t1 600
1 150\t1 400\t1 800\t2 300
1 100\t1 350\t1 750\t2 250
610\t750\t980\t1 220
900\t1 100\t1 400\t1 800



9 400\t10 000\t11 000\t12 500
6 100\t7 000\t8 500\t10 000
81 000\t80 500\t80 000\t79 500

21 500
20 900
13 100\t14 000\t15 000\t16 500


5 200\t6 100\t7 400\t9 000
231\t280\t330\t390
12\t20\t32\t40
"""


@pytest.fixture
def contract_to_come(transactional_db: None) -> Campaign:
    """The campaign, what it notifies to Isère for its first year, an editor of two of its institutions."""
    call_command("loadterritories", verbosity=0, stdout=StringIO())
    file = settings.BASE_DIR / "fixtures" / "campaigns" / f"{YEAR}.toml"
    call_command("loadcampaign", str(file), verbosity=0, stdout=StringIO())
    campaign = Campaign.objects.get()
    isere = Territory.objects.get(code="38")
    for code, amount in NOTIFIED.items():
        NotifiedAmount.objects.create(
            envelope=campaign.envelopes.get(code=code),
            territory=isere,
            year=YEAR,
            amount=Decimal(amount),
            source="Notification d’essai",
        )
    for email, kind in ((COUNCIL, InstitutionKind.COUNCIL), (PREFECTURE, InstitutionKind.PREFECTURE)):
        institution = Institution.objects.get(kind=kind, territory=isere)
        MembershipFactory(user=UserFactory(email=email), institution=institution, role="editor")
    return campaign


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Nine sheets as people keep them in a spreadsheet: semicolons, French numbers."""
    lines = [HEADINGS]
    for number, (objective, title, public, *amounts) in enumerate(ACTIONS, start=1):
        texts = (
            f"Toucher {number * 40} personnes en {YEAR}",
            "Une équipe va vers les familles, sur rendez-vous.",
            public,
            "PMI, CAF, associations",
            f"Recrutement au printemps {YEAR}, ouverture à l’automne",
            "Nombre de personnes accompagnées",
        )
        lines.append(";".join((objective, title, "Chef du service de PMI", *texts, *amounts)))
    path = tmp_path / "fiches.csv"
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


def menu(page: Page, part: str) -> None:
    page.get_by_role("navigation", name="Parties du contrat").get_by_role("link", name=part).first.click()


def is_saved(page: Page) -> None:
    """What the page was told is saved, by itself."""
    state = page.locator("[data-draft-state], [data-autosave-state]").first
    expect(state).to_contain_text("Enregistré à")


def findings(page: Page, severity: str = "blocking") -> Locator:
    """The findings of the compliance page as it is now."""
    page.goto(f"{BASE}/conformite/?gravite={severity}")
    return page.locator(".cdppe-finding-group li")


def go_to_field(page: Page, words: str, severity: str = "blocking") -> Locator:
    """Follow the link of the finding that says `words`; the very field that it leads to."""
    finding = findings(page, severity).filter(has_text=words).first
    finding.get_by_role("link", name=re.compile("^Aller à")).click()
    target = page.locator(":target")
    expect(target).to_be_visible()
    return target


def mend(page: Page, words: str, text: str) -> None:
    """Type `text` in the field that the finding leads to, and see it saved."""
    go_to_field(page, words).fill(text)
    is_saved(page)


def write_a_sheet_by_keyboard(page: Page) -> None:
    """The tenth: every text typed, saved by the page alone, the money's nature first one that is excluded."""
    page.get_by_role("link", name="Écrire une fiche").focus()
    page.keyboard.press("Enter")
    objective = page.get_by_label("Objectif du contrat")
    expect(objective).to_be_visible()
    tab_to(page, objective)
    page.keyboard.type("14. ")
    money = page.get_by_label(f"État – {P304}, {YEAR}, en euros")
    expect(money).to_be_visible()
    expect(objective).to_be_focused()
    for label, text in (
        ("Intitulé de l’action", "Ouvrir un relais parental à Bourgoin"),
        ("Référent", "Directrice de l’enfance"),
        ("Objectif opérationnel", "Accueillir vingt familles par an"),
        ("Description de l’action", "Un lieu ouvert jour et nuit, sans rendez-vous."),
        ("Public cible", "Parents épuisés"),
        ("Acteurs à mobiliser", "Département, CAF, association gestionnaire"),
        (f"État – {P304}, {YEAR}, en euros", "20 000"),
        (f"Département, {YEAR}, en euros", "25 000"),
        # « Dépenses de personnel », by its first letter: a key that writes nothing else.
        (f"{P304} : nature de la dépense", "D"),
        ("Calendrier prévisionnel", "Ouverture en novembre"),
        ("Indicateurs de mise en œuvre", "Nombre de familles accueillies"),
    ):
        tab_to(page, page.get_by_label(re.compile(re.escape(label).replace("\\ :", r"\s:"))).first)
        page.keyboard.type(text)
    is_saved(page)


def fill_the_dashboard(page: Page) -> None:
    """The block of a spreadsheet, pasted in the first box of the grid; the page saves it."""
    go_to_field(page, "aucune cible chiffrée")
    page.goto(f"{BASE}/tableau-de-bord/modifier/")
    page.locator("tr[data-grid-row] td input[id^=v-]").first.focus()
    page.evaluate(PASTE, FIGURES)
    expect(page.locator("[data-grid-live]")).to_contain_text("0 refusée")
    is_saved(page)


def declare_the_expenses(page: Page) -> None:
    """Say what the State's money pays, sheet by sheet, from the points to be checked (rule M4)."""
    for _ in ACTIONS:
        nature = go_to_field(page, "la nature de la dépense", "to_check")
        source = page.locator(f"label[for='{nature.get_attribute('id')}']").inner_text().split("\u00a0:")[0]
        nature.select_option(label=NATURES[source.removeprefix("État – ")])
        page.locator(f"#{(nature.get_attribute('id') or '').replace('nature', 'replaces')}").select_option(
            "no"
        )
        is_saved(page)
    expect(findings(page, "to_check").filter(has_text="la nature de la dépense")).to_have_count(0)


@pytest.mark.usefixtures("contract_to_come")
def test_ten_sheets_go_from_nothing_to_no_blocking_finding(
    open_page: Callable[[], Page], signed_in: SignIn, table: Path
) -> None:
    page = signed_in(open_page(), PREFECTURE)
    page.goto("/contrats/nouveau/")
    page.get_by_role("button", name="Créer le contrat").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Isère")
    contract = Contract.objects.get()
    assert contract.reference in page.url

    menu(page, "Objectifs")
    for number in CHOSEN:
        page.get_by_role("button", name=f"Ajouter l’objectif {number}").click()
        expect(page.get_by_role("link", name=f"Retirer l’objectif {number}")).to_be_visible()
    assert blocking_findings(contract)

    menu(page, "Fiches action")
    page.get_by_role("link", name="Importer des fiches d’un tableau").click()
    page.get_by_label("Tableau des fiches").set_input_files(table)
    page.get_by_role("button", name="Vérifier le tableau").click()
    page.get_by_role("button", name=f"Importer {len(ACTIONS)} fiches").click()
    expect(page.get_by_role("main")).to_contain_text("9 fiches")
    menu(page, "Fiches action")
    write_a_sheet_by_keyboard(page)
    assert ActionSheet.objects.filter(contract=contract).count() == 10

    fill_the_dashboard(page)

    # The parties, the deliberation, the accountants: each finding leads to its box.
    mend(page, "pour : le Préfet", "Madame Claude Exemple")
    mend(page, "pour : le Département", "Monsieur Camille Exemple")
    mend(page, "pour : l’ARS", "Madame Alix Exemple")
    mend(page, "Le numéro de la délibération", "2022-DEL-114")
    mend(page, "La date de la délibération", "2022-06-17")
    mend(page, "comptable assignataire des crédits de l’État", "Le directeur départemental des finances")
    mend(page, "comptable assignataire des crédits de l’ARS", "L’agent comptable de l’agence")
    for words, place in (("Le tribunal administratif", "Grenoble"), ("Le lieu de signature", "Grenoble")):
        if findings(page).filter(has_text=words).count():
            mend(page, words, place)

    # What the imported and the written sheets have wrong.
    mend(page, "le public cible", "Familles sortant de maternité")
    go_to_field(page, "n’est pas finançable").select_option(label=NATURES[P304])
    page.get_by_label(re.compile("Programme 304.*remplacent-ils")).select_option("no")
    is_saved(page)
    expect(findings(page).filter(has_text=re.compile("dépass.* de 150"))).to_have_count(1)
    page.goto(f"{BASE}/fiches/8/")
    page.get_by_label(f"État – {P304}, {YEAR}, en euros").fill("190 000")
    is_saved(page)
    expect(findings(page).filter(has_text="il manque 30")).to_have_count(1)
    page.goto(f"{BASE}/fiches/6/")
    page.get_by_label(f"Département, {YEAR}, en euros").fill("90 000")
    is_saved(page)
    declare_the_expenses(page)
    assert StateExpense.objects.filter(action_sheet__contract=contract, replaces_existing=False).count() == 10

    # Only the department's own people write its account (rule M6): the State's editor is not offered it.
    expect(go_to_field(page, "Le compte bancaire du département").get_by_role("link")).to_have_count(0)
    contract.refresh_from_db()
    left = [line.rule.code for line in blocking_findings(contract)]
    assert left == ["account-given"]
    council = signed_in(open_page(), COUNCIL)
    go_to_field(council, "Le compte bancaire du département").get_by_role("link").click()
    council.get_by_label("IBAN").fill(IBAN)
    council.get_by_label("BIC").fill(BIC)
    # The page asks whether the session is still open before it sends an account: the answer is waited for.
    with council.expect_navigation():
        council.get_by_role("button", name="Enregistrer le compte").click()
    expect(council.get_by_role("status").first).to_be_visible()

    expect(findings(page)).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("Aucun constat ne répond à ce filtre.")
    contract.refresh_from_db()
    assert blocking_findings(contract) == ()
