"""The ministry in a browser: two scenarios, their comparison, a publication, then why (annexe 4; F5 to F8).

Everything is done by keyboard, from the list of campaigns to the explanations. The figures shown are compared
with what the engine gives for the same figures, computed here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import pytest
from playwright.sync_api import Locator, Page, expect

from cdppe.accounts.models import Institution, InstitutionKind, Role
from contracts.models import Campaign
from funding.allocation import CEILING, FLOOR, Allocation, AllocationLine, allocate
from funding.criteria import figures_of
from funding.models import NotifiedAmount
from tests.browser.demonstration import password
from tests.factories import MembershipFactory, UserFactory
from tests.loaded import load_real_figures

pytestmark = pytest.mark.django_db(transaction=True)

FUND = "Fonds d’intervention régional"
HIGHER_FLOOR = 250_000


@pytest.fixture
def campaign(transactional_db: None) -> Campaign:
    """The campaign of 2020 with its real figures, and nothing computed; a signatory of the DGCS."""
    load_real_figures()
    user = UserFactory(email="signataire@exemple.fr")
    user.set_password(password())
    user.save()
    dgcs = Institution.objects.get(kind=InstitutionKind.DGCS)
    MembershipFactory(user=user, institution=dgcs, role=Role.SIGNATORY)
    return Campaign.objects.get(code="2020")


def engine(campaign: Campaign, *, floor: int) -> Allocation:
    """What the engine gives for the FIR with this floor, the rest as the campaign says."""
    envelope = campaign.envelopes.get(code="FIR")
    weights = {each.series_code: each.weight for each in envelope.criteria.all()}
    territories = list(campaign.territories.prefetch_related("departments"))
    figures = figures_of(territories, list(weights)).by_territory
    return allocate(
        envelope.amount,
        {code: {series: cell.value for series, cell in row.items()} for code, row in figures.items()},
        weights,
        Decimal(floor),
        envelope.ceiling,
        envelope.rounding_unit,
    )


def plain(text: str) -> str:
    """`text` with every kind of space as one ordinary space."""
    return re.sub(r"\s+", " ", text.replace("\u202f", " ").replace("\u00a0", " "))


def euros(amount: Decimal | Fraction, places: int = 0) -> str:
    """ "1 234 €", or "1 234,50 €": as the pages write it, halves away from zero."""
    cents = int(abs(Fraction(amount)) * 10**places + Fraction(1, 2))
    whole, part = divmod(cents, 10**places)
    text = f"{whole:,}".replace(",", " ") + (f",{part:0{places}d}" if places else "")
    return f"{text} €"


def share(fraction: Fraction) -> str:
    """A fraction in per cent with four decimals, as the explanation writes it."""
    whole, part = divmod(int(fraction * 10**6 + Fraction(1, 2)), 10**4)
    return f"{whole},{part:04d} %"


def press(target: Locator) -> None:
    """Reach a link or a button with the keyboard, and use it."""
    target.focus()
    target.press("Enter")


def text_of(page: Page) -> str:
    return plain(page.get_by_role("main").inner_text())


def typed_scenario(page: Page, name: str, *, floor: str = "") -> None:
    """From the list: a new scenario with this name, and with this floor of the fund, saved by Enter."""
    press(page.get_by_role("link", name="Nouveau scénario"))
    expect(page.get_by_role("heading", level=1, name="Nouveau scénario")).to_be_visible()
    assert page.locator(".fr-message--error").count() == 0, "nothing is wrong before one types"
    if floor:
        box = page.get_by_label(f"{FUND}, plancher")
        box.fill("")
        box.press_sequentially(floor)
    box = page.get_by_label("Nom du scénario")
    box.focus()
    page.keyboard.type(name)
    if floor:
        # The result follows, and nothing is stored yet.
        summary = page.locator("#scenario-summary")
        expect(summary).not_to_contain_text(re.compile(f"{FUND}\\s: 1 au plancher"))
        expect(page.locator("#scenario-results")).to_contain_text(re.compile(r"250\s000\s€"))
    box.press("Enter")
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_the_ministry_compares_two_scenarios_publishes_one_and_reads_why(
    page_1280: Page, campaign: Campaign
) -> None:
    page = page_1280
    page.goto("/connexion/")
    page.get_by_label("Adresse électronique").fill("signataire@exemple.fr")
    page.get_by_label("Mot de passe", exact=True).fill(password())
    page.keyboard.press("Enter")
    press(page.get_by_role("navigation").get_by_role("link", name="Répartition"))
    press(page.get_by_role("main").get_by_role("link", name=campaign.title))
    press(page.get_by_role("main").get_by_role("link", name="Scénarios"))

    typed_scenario(page, "Circulaire")
    press(page.get_by_role("link", name="Tous les scénarios"))
    typed_scenario(page, "Plancher relevé", floor="250 000")

    before, after = engine(campaign, floor=100_000), engine(campaign, floor=HIGHER_FLOOR)
    _compare(page, campaign, before, after)

    # The second one becomes the year's amounts.
    press(page.get_by_role("link", name="Scénarios"))
    press(page.get_by_role("link", name="Plancher relevé"))
    press(page.get_by_role("button", name="Calculer et préparer la publication"))
    expect(page.get_by_role("heading", level=1, name="Publier les montants")).to_be_visible()
    assert "Une publication ne se retire pas" in text_of(page)
    assert euros(after.total) in text_of(page)
    assert not NotifiedAmount.objects.exists()
    press(page.get_by_role("button", name="Publier ces montants"))
    expect(page.get_by_text("En vigueur").first).to_be_visible()
    notified = NotifiedAmount.objects.filter(envelope__code="FIR", year=2020)
    assert dict(notified.values_list("territory__code", "amount")) == {
        line.code: line.amount for line in after.lines
    }

    publication = page.url
    for bound in (FLOOR, CEILING, None):
        page.goto(publication)
        line = next(each for each in after.lines if each.bound == bound)
        _reads_why(page, campaign, after, line)


def _compare(page: Page, campaign: Campaign, before: Allocation, after: Allocation) -> None:
    """The comparison of the fund says what the engine says, in the order that one asks for."""
    press(page.get_by_role("link", name="Comparer à un autre"))
    page.get_by_label("Second scénario").select_option(label="Circulaire (2020)")
    page.get_by_label("Premier scénario").select_option(label="Circulaire (2020)")
    page.get_by_label("Second scénario").select_option(label="Plancher relevé (2020)")
    page.get_by_label("Enveloppe").select_option(label=FUND)
    press(page.get_by_role("button", name="Comparer"))

    names = {each.code: each.name for each in campaign.territories.all()}
    regions = {each.code: each.region.name for each in campaign.territories.select_related("region")}
    old = {line.code: line.amount for line in before.lines}
    new = {line.code: line.amount for line in after.lines}
    counts = {
        each: [sum(line.bound == each for line in result.lines) for result in (before, after)]
        for each in (FLOOR, CEILING)
    }
    assert counts[FLOOR][0] < counts[FLOOR][1], "the scenario changes who is held"
    fund = plain(page.get_by_role("row", name=FUND).inner_text())
    assert f"{counts[FLOOR][0]} puis {counts[FLOOR][1]}" in fund
    assert f"{counts[CEILING][0]} puis {counts[CEILING][1]}" in fund

    press(page.get_by_role("link", name="Écart", exact=True))
    expect(page.get_by_role("columnheader", name="Écart", exact=True).first).to_be_visible()
    table = page.get_by_role("region", name="Comparaison par territoire")
    expect(table.locator("th[aria-sort=descending]")).to_have_text("Écart")
    shown = [plain(row).strip() for row in table.locator("tbody th").all_inner_texts()]
    ordered = sorted(old, key=lambda code: (old[code] - new[code], code))
    assert shown == [names[code] for code in ordered]
    for code in (ordered[0], ordered[-1]):
        row = plain(
            table.get_by_role("row").filter(has=page.locator(f"th:text-is('{names[code]}')")).inner_text()
        )
        rate = abs(Fraction(new[code] - old[code]) / Fraction(old[code]))
        whole, part = divmod(int(rate * 10**4 + Fraction(1, 2)), 100)
        sign = "+" if new[code] > old[code] else "−"
        assert euros(old[code]) in row
        assert euros(new[code]) in row
        assert f"{sign}{euros(new[code] - old[code])}" in row
        assert f"{sign}{whole},{part:02d} %" in row

    totals: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for code, region in regions.items():
        totals[region][0] += old[code]
        totals[region][1] += new[code]
    by_region = page.get_by_role("region", name="Comparaison par région").locator("tbody tr")
    assert by_region.count() == len(totals)
    for row in by_region.all():
        region = plain(row.locator("th").inner_text()).strip()
        cells = [plain(cell).strip() for cell in row.locator("td").all_inner_texts()]
        assert cells[:2] == [euros(amount) for amount in totals[region]]


def _reads_why(page: Page, campaign: Campaign, result: Allocation, line: AllocationLine) -> None:
    """From the published amount to its explanation, whose every figure is the engine's."""
    territory = campaign.territories.get(code=line.code)
    row = page.get_by_role("region", name="Montants publiés par territoire").get_by_role(
        "row", name=str(territory)
    )
    # The fund is the second envelope of the campaign.
    press(row.get_by_role("link").nth(1))
    expect(page.get_by_role("heading", level=1, name="Pourquoi ce montant")).to_be_visible()
    text = text_of(page)
    assert FUND in text
    assert "Montant notifié le" in text
    for criterion in line.contributions:
        assert share(criterion.share) in text
        assert share(criterion.contribution) in text
    assert f"la clé {territory.of_name} : {share(line.key)}" in text
    assert f"font {euros(line.proportional, 2)}" in text
    assert f"facteur commun : {euros(result.factor, 2)}" in text
    held = {FLOOR: "le montant est porté à", CEILING: "le montant est ramené à", None: "ne change pas"}
    assert held[line.bound] in text
    rounding = {
        True: f"l’arrondi lui donne {euros(line.rounding_gap, 2)}",
        False: f"l’arrondi lui prend {euros(line.rounding_gap, 2)}",
    }
    given = rounding[line.rounding_gap > 0] if line.rounding_gap else "l’arrondi ne donne ni ne prend rien"
    assert given in text
    assert f"Le montant {territory.of_name} est de {euros(line.amount)}" in text
    assert f"territoires est de {euros(result.total)}, exactement l’enveloppe" in text
    # The same as a table.
    table = plain(page.get_by_role("region", name="De la clé au montant").inner_text())
    for amount in (line.proportional, result.factor, line.exact, Fraction(line.amount)):
        assert euros(amount, 2) in table
