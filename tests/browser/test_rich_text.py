"""Long texts in a real browser: toolbar, lists that go on, paste of what Word wrote, preview, by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from contracts.models import ActionSheet
from tests.cast import Cast, make_cast
from tests.factories import ActionSheetFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHEET = "/contrats/38-2030/fiches/1/"

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta charset="utf-8">
<style><!-- p.MsoNormal {margin:0cm; font-family:Calibri} --></style></head><body>
<!--StartFragment--><p class=MsoNormal>Un constat <b style='mso-bidi-font-weight:normal'>partagé </b>par
tous.<o:p></o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'>
<![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span
style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;
</span></span></span><![endif]>la <span style='font-weight:700'>PMI</span>&nbsp;;<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><span
style='mso-list:Ignore'>·<span>&nbsp;</span></span>la CAF.</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>2.<span>&nbsp;
</span></span>deuxième temps</p>
<p class=MsoNormal>Fin &lt;b&gt;littérale&lt;/b&gt;.<script>alert(1)</script></p>
<!--EndFragment--></body></html>"""

WORD_MARKS = (
    "Un constat **partagé** par tous.\n\n"
    "- la **PMI**\u00a0;\n"
    "- la CAF.\n"
    "2. deuxième temps\n\n"
    "Fin <b>littérale</b>."
)

WRITER = """<meta charset="utf-8"><h2>Titre</h2><p>Ligne un<br>ligne deux</p>
<ol start="3"><li><p>trois</p></li>
<li>quatre<ul><li>dedans</li></ul></li></ol><table><tr><td><p>A</p></td><td><p>B</p></td></tr></table>
<b style="font-weight:normal"><span style="font-weight:400">maigre</span></b>"""

WRITER_MARKS = "**Titre**\n\nLigne un\nligne deux\n\n3. trois\n4. quatre\n- dedans\n\nA B\n\nmaigre"

PASTE = """(area, html) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  data.setData("text/plain", "sans mise en forme");
  area.focus();
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def cast() -> Cast:
    cast = make_cast()
    ActionSheetFactory(contract=cast.contract)
    return cast


@pytest.fixture(params=[1280, 375])
def page(request: pytest.FixtureRequest, cast: Cast, signed_in: Callable[..., Page]) -> Page:
    """The department's editor on the sheet, at the office and on a telephone."""
    page = signed_in(request.getfixturevalue(f"page_{request.param}"), cast.council_editor.email)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(SHEET)
    return page


def description(page: Page) -> Locator:
    return page.get_by_label("Description de l’action")


def toolbar(page: Page) -> Locator:
    return page.locator("[role=toolbar][aria-controls=id_description]")


def test_a_text_is_formatted_saved_and_shown_by_keyboard_alone(
    page: Page, assert_accessible: Callable[[Page], None]
) -> None:
    area = description(page)
    area.focus()
    page.keyboard.type("Trois temps :")
    page.keyboard.press("Enter")
    page.keyboard.type("- cadrage")
    page.keyboard.press("Enter")
    page.keyboard.type("bilan")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("Avec ")
    page.keyboard.press("Control+b")
    page.keyboard.type("la PMI")
    expect(area).to_have_value("Trois temps :\n- cadrage\n- bilan\nAvec **la PMI**")
    # The toolbar is one stop before the field; the arrows go through it and around it.
    page.keyboard.press("Shift+Tab")
    expect(toolbar(page).get_by_role("button", name="Gras")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(toolbar(page).get_by_role("button", name="Aperçu")).to_be_focused()
    page.keyboard.press("Enter")
    shown = page.locator("#id_description-preview")
    expect(shown.locator("ul.rich-text > li")).to_have_text(["cadrage", "bilan"])
    expect(shown.locator("strong")).to_have_text("la PMI")
    expect(area).to_be_hidden()
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(area).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(page.get_by_role("status").first).to_contain_text("est enregistrée")
    assert ActionSheet.objects.get().description.replace("\r", "").endswith("- bilan\nAvec **la PMI**")


def test_the_buttons_put_marks_on_the_chosen_lines_and_take_them_off(page: Page) -> None:
    area = description(page)
    area.fill("un\ndeux")
    area.select_text()
    bar = toolbar(page)
    bar.get_by_role("button", name="Liste à puces").click()
    expect(area).to_have_value("- un\n- deux")
    bar.get_by_role("button", name="Liste numérotée").click()
    expect(area).to_have_value("1. un\n2. deux")
    bar.get_by_role("button", name="Gras").click()
    expect(area).to_have_value("1. **un**\n2. **deux**")
    area.select_text()
    bar.get_by_role("button", name="Liste numérotée").click()
    expect(area).to_have_value("**un**\n**deux**")
    area.select_text()
    bar.get_by_role("button", name="Gras").click()
    expect(area).to_have_value("un\ndeux")
    # The browser's own undo takes the last gesture back.
    area.press("Control+z")
    expect(area).to_have_value("**un**\n**deux**")


def test_enter_numbers_the_next_item_and_an_empty_one_ends_the_list(page: Page) -> None:
    area = description(page)
    area.focus()
    page.keyboard.type("9. neuf")
    page.keyboard.press("Enter")
    expect(area).to_have_value("9. neuf\n10. ")
    page.keyboard.press("Enter")
    page.keyboard.type("suite")
    expect(area).to_have_value("9. neuf\nsuite")


@pytest.mark.parametrize(
    ("html", "marks"), [(WORD, WORD_MARKS), (WRITER, WRITER_MARKS)], ids=["word", "writer"]
)
def test_a_paste_keeps_bold_lists_and_paragraphs_and_drops_the_rest(
    page: Page, html: str, marks: str
) -> None:
    area = description(page)
    area.evaluate(PASTE, html)
    expect(area).to_have_value(marks)


def test_a_hostile_paste_is_text(page: Page) -> None:
    area = description(page)
    area.evaluate(
        PASTE,
        "<p>a</p><img src=x onerror='window.hit=1'><svg onload='window.hit=1'></svg>" + "<div>" * 3000 + "b",
    )
    expect(area).to_have_value("a\n\nb")
    toolbar(page).get_by_role("button", name="Aperçu").click()
    expect(page.locator("#id_description-preview p")).to_have_text(["a", "b"])
    assert page.evaluate("window.hit") is None


def test_a_preview_that_cannot_be_had_says_so_and_keeps_the_text(page: Page, cast: Cast) -> None:
    area = description(page)
    area.fill("Un texte")
    page.route("**/apercu-du-texte/", lambda route: route.abort())
    button = toolbar(page).get_by_role("button", name="Aperçu")
    button.click()
    expect(page.locator("#id_description-preview")).to_contain_text("n’a pas pu être affiché")
    button.click()
    expect(area).to_have_value("Un texte")
