"""The tableau de bord and the financing are filled as a spreadsheet: keyboard, blocks, undo, cell errors."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from contracts.models import ActionSheet
from indicators.actions.values import CellChange, save_values
from indicators.figures import NOT_STATED, Known
from indicators.models import Indicator, IndicatorKind, IndicatorValue, ValueKind
from tests.browser.gestures import Check, SignIn, end_session
from tests.cast import Cast, make_cast
from tests.factories import ActionSheetFactory, EnvelopeFactory, IndicatorFactory

# Marked here: the browser comes through the parametrised `page`, which the collection does not see.
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/contrats/38-2030/tableau-de-bord/modifier/"
PASTE = """(text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.activeElement.dispatchEvent(
        new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


@dataclass(frozen=True)
class Sheet:
    """The page of the boxes: interviews, births and their share, examinations without target, jobs."""

    cast: Cast
    page: Page
    interviews: Indicator
    births: Indicator
    examinations: Indicator
    jobs: Indicator

    def box(self, row: Indicator, kind: str = "reference", year: int = 0) -> Locator:
        year = year or (self.reference_year if kind == "reference" else self.first_year)
        return self.page.locator(f"#v-{row.pk}-{kind}-{year}")

    @property
    def reference_year(self) -> int:
        return int(self.cast.campaign.reference_year)

    @property
    def first_year(self) -> int:
        return int(self.cast.campaign.years[0])

    @property
    def told(self) -> Locator:
        return self.page.locator("[data-grid-live]")

    @property
    def state(self) -> Locator:
        return self.page.locator("[data-autosave-state]")

    def paste(self, text: str, box: Locator) -> None:
        box.focus()
        self.page.evaluate(PASTE, text)

    def expect_stored(self, *figures: Decimal | int | str) -> None:
        """The page saves by itself, in its own time."""
        for _ in range(100):
            if sorted(map(str, self.stored().values())) == sorted(map(_as_stored, figures)):
                return
            self.page.wait_for_timeout(100)
        assert sorted(map(str, self.stored().values())) == sorted(map(_as_stored, figures))

    def stored(self) -> dict[tuple[str, str, int], Decimal | str]:
        return {
            (value.indicator.label, value.kind, value.year): (
                value.unavailable_reason if value.value is None else value.value
            )
            for value in IndicatorValue.objects.filter(contract=self.cast.contract).select_related(
                "indicator"
            )
        }


def _as_stored(figure: Decimal | int | str) -> str:
    return figure if isinstance(figure, str) else f"{figure:.2f}"


@pytest.fixture(params=[1280, 375])
def page(request: pytest.FixtureRequest) -> Page:
    """The same at the office and on a telephone."""
    return request.getfixturevalue(f"page_{request.param}")


def make_rows(cast: Cast) -> dict[str, Indicator]:
    first, second = cast.contract.objectives.in_order()[:2]
    interviews = IndicatorFactory(objective=first.objective, label="Nombre d’entretiens", position=1)
    births = IndicatorFactory(objective=first.objective, label="Nombre de naissances", position=2)
    IndicatorFactory(
        objective=first.objective,
        label="Part des entretiens",
        unit="%",
        kind=IndicatorKind.SHARE,
        numerator=interviews,
        denominator=births,
        position=3,
    )
    return {
        "interviews": interviews,
        "births": births,
        "examinations": IndicatorFactory(
            objective=first.objective, label="Nombre d’examens", has_target=False, position=4
        ),
        "jobs": IndicatorFactory(objective=second.objective, label="Nombre de postes", position=5),
    }


@pytest.fixture
def sheet(page_1280: Page, signed_in: SignIn) -> Sheet:
    cast = make_cast()
    rows = make_rows(cast)
    signed_in(page_1280, cast.council_editor.email).goto(PAGE)
    return Sheet(cast, page_1280, **rows)


# --- Keyboard ---------------------------------------------------------------------------------------


def test_arrows_and_enter_go_from_cell_to_cell_over_what_is_not_typed(sheet: Sheet) -> None:
    keyboard = sheet.page.keyboard
    sheet.box(sheet.interviews).focus()
    keyboard.press("ArrowDown")
    expect(sheet.box(sheet.births)).to_be_focused()
    # Over the computed share, then out of the section into the next one.
    keyboard.press("Enter")
    expect(sheet.box(sheet.examinations)).to_be_focused()
    keyboard.press("Enter")
    expect(sheet.box(sheet.jobs)).to_be_focused()
    keyboard.press("Enter")
    expect(sheet.box(sheet.jobs)).to_be_focused()
    keyboard.press("Shift+Enter")
    keyboard.press("ArrowUp")
    expect(sheet.box(sheet.births)).to_be_focused()
    keyboard.press("ArrowRight")
    expect(sheet.box(sheet.births, "target")).to_be_focused()
    # A row without target has no box there.
    keyboard.press("ArrowDown")
    expect(sheet.box(sheet.jobs, "target")).to_be_focused()
    keyboard.press("Control+Home")
    expect(sheet.box(sheet.interviews)).to_be_focused()
    keyboard.press("Control+End")
    expect(sheet.page.locator(f"#r-{sheet.jobs.pk}")).to_be_focused()
    assert sheet.page.url.endswith(PAGE)


def test_the_text_cursor_keeps_its_arrows_inside_a_cell(sheet: Sheet) -> None:
    keyboard = sheet.page.keyboard
    box = sheet.box(sheet.births)
    box.fill("123")
    keyboard.press("ArrowLeft")
    expect(box).to_be_focused()
    keyboard.press("Home")
    keyboard.press("ArrowRight")
    expect(box).to_be_focused()
    keyboard.press("End")
    keyboard.press("ArrowRight")
    expect(sheet.box(sheet.births, "target")).to_be_focused()
    # A cell that one comes into by an arrow is selected whole: one types over it, or goes on.
    keyboard.press("ArrowLeft")
    keyboard.type("9")
    expect(box).to_have_value("9")
    keyboard.press("ArrowUp")
    keyboard.press("ArrowDown")
    keyboard.press("F2")
    keyboard.type("5")
    expect(box).to_have_value("95")


def test_escape_gives_a_cell_back_what_it_held(sheet: Sheet) -> None:
    box = sheet.box(sheet.births)
    box.fill("12")
    sheet.page.keyboard.press("Tab")
    box.focus()
    sheet.page.keyboard.type("beaucoup")
    sheet.page.keyboard.press("Escape")
    expect(box).to_have_value("12")
    expect(box).not_to_have_attribute("aria-invalid", "true")


# --- Paste ------------------------------------------------------------------------------------------


def test_a_block_of_excel_spreads_over_the_cells_and_saves_by_itself(sheet: Sheet) -> None:
    first = sheet.first_year
    block = "1\u202f234,5\t1 300\tn.d.\r\n2\u00a0000\t\t2100\r\n\r\n7\r\n12\t15\r\n"

    sheet.paste(block, sheet.box(sheet.interviews))

    expect(sheet.box(sheet.interviews)).to_have_value("1\u202f234,5")
    expect(sheet.box(sheet.births, "target", first + 1)).to_have_value("2100")
    expect(sheet.box(sheet.examinations)).to_have_value("7")
    expect(sheet.box(sheet.jobs, "target")).to_have_value("15")
    # The reason that « n.d. » asks for is told, and waits; the figures do not wait for it.
    expect(sheet.told).to_have_text("9 cellules collées, 0 refusée.")
    expect(sheet.page.locator(f"#r-{sheet.interviews.pk}-error")).to_contain_text("dites pourquoi")
    expect(sheet.state).to_contain_text("Non enregistré : 1 case à corriger (le reste est enregistré à")
    sheet.page.locator(f"#r-{sheet.interviews.pk}").fill("enquête à venir")
    expect(sheet.state).to_contain_text("Enregistré à")
    assert sheet.stored() == {
        ("Nombre d’entretiens", "reference", sheet.reference_year): Decimal("1234.50"),
        ("Nombre d’entretiens", "target", first): Decimal(1300),
        ("Nombre d’entretiens", "target", first + 1): "enquête à venir",
        ("Nombre de naissances", "reference", sheet.reference_year): Decimal(2000),
        ("Nombre de naissances", "target", first + 1): Decimal(2100),
        ("Nombre d’examens", "reference", sheet.reference_year): Decimal(7),
        ("Nombre de postes", "reference", sheet.reference_year): Decimal(12),
        ("Nombre de postes", "target", first): Decimal(15),
    }
    # The share that these figures make is shown without a reload; leaving asks nothing.
    expect(sheet.page.locator("tr[data-refuses] td").first).to_contain_text("61,7")
    sheet.page.goto(PAGE)
    expect(sheet.box(sheet.births)).to_have_value("2\u202f000")


def test_cells_that_take_nothing_are_told_and_wrong_ones_are_marked(sheet: Sheet) -> None:
    block = "=1+1\t5\nbeaucoup\t6\n12 %\t13 %\n4\t8\n1\t2\n3\t4\n5\t6"

    sheet.paste(block, sheet.box(sheet.interviews))

    # Two of the share, one target, two rows under the table.
    expect(sheet.told).to_have_text("7 cellules collées, dont 2 à corriger, 7 refusées.")
    refused = sheet.page.locator("[data-grid-refused]")
    expect(refused).to_contain_text("2 cases, ligne calculée (Part des entretiens).")
    expect(refused).to_contain_text("1 case, sans cible (Nombre d’examens).")
    expect(refused).to_contain_text("4 cases, hors du tableau.")
    wrong = sheet.page.locator("[data-grid-errors]")
    expect(wrong).to_contain_text("2 cases à corriger :")
    expect(sheet.box(sheet.interviews)).to_have_attribute("aria-invalid", "true")
    wrong.get_by_role("link", name="Nombre de naissances").click()
    expect(sheet.box(sheet.births)).to_be_focused()
    sheet.box(sheet.births).fill("9")
    expect(wrong).to_contain_text("1 case à corriger :")
    sheet.page.get_by_role("button", name="1 case à corriger : voir la suivante").click()
    expect(sheet.box(sheet.interviews)).to_be_focused()


def test_a_quoted_cell_with_a_line_end_and_a_column_of_reasons_are_read(sheet: Sheet) -> None:
    sheet.paste("nd\nnd\n", sheet.box(sheet.interviews))
    sheet.paste(
        '"Logiciel ""A""\nen panne"\nEnquête à venir', sheet.page.locator(f"#r-{sheet.interviews.pk}")
    )

    expect(sheet.page.locator(f"#r-{sheet.interviews.pk}")).to_have_value('Logiciel "A" en panne')
    expect(sheet.told).to_have_text("2 cellules collées, 0 refusée.")
    sheet.expect_stored('Logiciel "A" en panne', "Enquête à venir")


def test_the_last_paste_is_undone_but_for_what_was_changed_since(sheet: Sheet) -> None:
    sheet.box(sheet.interviews).fill("1")
    sheet.box(sheet.births).fill("2")
    sheet.expect_stored(1, 2)
    sheet.paste("10\n20\n\n30\n", sheet.box(sheet.interviews))
    sheet.page.keyboard.press("Control+z")

    expect(sheet.told).to_have_text("Collage annulé : 3 cellules rendues à leur valeur d’avant.")
    expect(sheet.box(sheet.interviews)).to_have_value("1")
    expect(sheet.box(sheet.examinations)).to_have_value("")
    sheet.paste("10\n20\n\n30\n", sheet.box(sheet.interviews))
    sheet.box(sheet.births).fill("21")
    sheet.page.get_by_role("button", name="Annuler le collage").click()
    expect(sheet.told).to_contain_text(
        "2 cellules rendues à leur valeur d’avant, 1 modifiée depuis et laissée"
    )
    expect(sheet.box(sheet.births)).to_have_value("21")
    expect(sheet.page.get_by_role("button", name="Annuler le collage")).to_be_hidden()
    sheet.expect_stored(1, 21)


@pytest.mark.parametrize(
    "block",
    ["\n".join("\t".join("7" * 1 for _ in range(100)) for _ in range(100)), "1\n" + "x" * 300_000],
    ids=["ten thousand cells", "an endless cell"],
)
def test_a_huge_block_is_refused_with_a_sentence_and_at_once(sheet: Sheet, block: str) -> None:
    sheet.paste(block, sheet.box(sheet.interviews))

    expect(sheet.told).to_contain_text("Le bloc est trop grand", timeout=2000)
    expect(sheet.told).to_contain_text("Rien n’a été collé")
    expect(sheet.box(sheet.interviews)).to_have_value("")
    assert sheet.stored() == {}


def test_hostile_cells_are_marked_one_by_one_and_nothing_of_them_is_written(sheet: Sheet) -> None:
    sheet.box(sheet.interviews).focus()
    hostile = ["1e309", "NaN", "Infinity", "-3", "\u200f5", "@SUM(A1)", "5\x07"]
    sheet.paste("\t".join(hostile) + "\n8", sheet.box(sheet.interviews))

    expect(sheet.told).to_have_text("8 cellules collées, dont 7 à corriger, 0 refusée.")
    expect(sheet.state).to_contain_text("Non enregistré : 7 cases à corriger")
    # Half a character cannot leave the page whole: it is refused on both sides.
    sheet.page.evaluate(
        f"document.getElementById('v-{sheet.jobs.pk}-reference-{sheet.reference_year}').value = '5\\ud800'"
    )
    sheet.box(sheet.jobs).press("Tab")
    sheet.box(sheet.jobs).dispatch_event("change")
    expect(sheet.box(sheet.jobs)).to_have_attribute("aria-invalid", "true")
    assert list(sheet.stored().values()) == [Decimal(8)]


# --- Saving by itself -------------------------------------------------------------------------------


def test_a_cell_that_somebody_else_changed_lets_the_person_choose_there(
    sheet: Sheet, assert_accessible: Check
) -> None:
    def somebody_else_saves(opened: Known | None, value: int) -> None:
        change = CellChange(
            sheet.births.pk,
            ValueKind.REFERENCE,
            sheet.reference_year,
            opened or NOT_STATED,
            Known(Decimal(value)),
        )
        save_values(sheet.cast.contract, changes=[change], by=sheet.cast.prefect_editor)

    somebody_else_saves(None, 900)
    sheet.box(sheet.births).fill("800")
    sheet.box(sheet.interviews).fill("5")

    message = sheet.page.locator(f"#v-{sheet.births.pk}-reference-{sheet.reference_year}-error")
    expect(message).to_contain_text(f"modifiée entre-temps par {sheet.cast.prefect_editor}")
    assert_accessible(sheet.page)
    sheet.expect_stored(5, 900)
    sheet.page.get_by_role("button", name="Garder la mienne : 800").click()
    sheet.expect_stored(5, 800)

    somebody_else_saves(Known(Decimal(800)), 700)
    sheet.box(sheet.births).fill("600")
    sheet.page.get_by_role("button", name="Prendre celle enregistrée : 700").click()
    expect(sheet.box(sheet.births)).to_have_value("700")
    expect(message).to_have_count(0)
    expect(sheet.state).to_contain_text("Enregistré à")
    sheet.expect_stored(5, 700)


def test_a_connection_that_drops_is_told_and_the_cell_is_sent_when_it_is_back(sheet: Sheet) -> None:
    sheet.page.context.set_offline(True)
    sheet.box(sheet.births).fill("12")
    expect(sheet.state).to_contain_text("Non enregistré")
    assert sheet.stored() == {}
    sheet.page.context.set_offline(False)
    sheet.expect_stored(12)


def test_a_session_that_ends_is_told_and_what_was_typed_is_offered_again(
    sheet: Sheet, signed_in: SignIn
) -> None:
    end_session(sheet.page)
    sheet.box(sheet.births).fill("12")
    expect(sheet.state).to_contain_text("session")
    assert sheet.stored() == {}
    sheet.page.once("dialog", lambda dialog: dialog.accept())
    signed_in(sheet.page, sheet.cast.council_editor.email).goto(PAGE)
    sheet.page.get_by_role("button", name="Reprendre ce texte").click()
    expect(sheet.box(sheet.births)).to_have_value("12")
    sheet.expect_stored(12)
    # What is stored leaves no copy behind: the next opening offers nothing.
    sheet.page.goto(PAGE)
    expect(sheet.page.get_by_role("button", name="Reprendre ce texte")).to_be_hidden()
    expect(sheet.box(sheet.births)).to_have_value("12")


def test_the_address_of_a_cell_puts_the_cursor_in_it(sheet: Sheet) -> None:
    sheet.page.goto("/contrats/38-2030/tableau-de-bord/")
    sheet.page.locator("#missing summary").click()
    sheet.page.get_by_role("link", name=f"Nombre de postes, Cible {sheet.first_year}").first.click()
    expect(sheet.box(sheet.jobs, "target")).to_be_focused()


# --- Every state, at both widths --------------------------------------------------------------------


def test_every_state_of_the_grid_is_accessible(
    page: Page, signed_in: SignIn, assert_accessible: Check
) -> None:
    cast = make_cast()
    rows = make_rows(cast)
    sheet = Sheet(cast, signed_in(page, cast.council_editor.email), **rows)
    page.goto("/contrats/38-2030/tableau-de-bord/")
    page.locator("#missing summary").click()
    assert_accessible(page)
    page.goto(PAGE)
    page.get_by_text("Saisir comme dans un tableur").click()
    assert_accessible(page)
    sheet.paste("=1+1\tnd\n5\n6\n7\n8\n9\n10", sheet.box(sheet.interviews))
    expect(sheet.state).to_contain_text("Non enregistré")
    assert_accessible(page)
    page.get_by_role("button", name="Enregistrer les valeurs").click()
    expect(page.get_by_role("alert")).to_contain_text("Rien n’a été enregistré")
    assert_accessible(page)


# --- The financing of a sheet -----------------------------------------------------------------------


def test_the_financing_takes_a_block_with_euros_and_its_totals_follow(
    page: Page, signed_in: SignIn, assert_accessible: Check
) -> None:
    cast = make_cast()
    objective = cast.contract.objectives.in_order()[0]
    EnvelopeFactory(campaign=cast.campaign, code="PRE", label="Prévention", objectives=[objective.objective])
    action: ActionSheet = ActionSheetFactory(contract=cast.contract, contract_objective=objective)
    signed_in(page, cast.council_editor.email).goto(f"/contrats/38-2030/fiches/{action.number}/")
    state, department = page.get_by_label("État – Prévention, 2030"), page.get_by_label("Département, 2030")
    state.focus()
    page.evaluate(PASTE, "1\u202f234,50 €\t2 000 €\r\nnd\t5\r\n")

    expect(state).to_have_value("1\u202f234,50 €")
    expect(department).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[data-grid-live]")).to_have_text("4 cellules collées, dont 1 à corriger, 0 refusée.")
    expect(page.locator("#total-sheet")).to_have_text("3 239,50 €")
    assert_accessible(page)
    department.fill("100")
    expect(page.locator("[data-grid-errors]")).to_be_hidden()
    expect(page.locator("#total-sheet")).to_have_text("3 339,50 €")
    page.keyboard.press("ArrowUp")
    expect(state).to_be_focused()
    page.get_by_role("button", name="Annuler le collage").click()
    expect(state).to_have_value("")
    expect(department).to_have_value("100")
