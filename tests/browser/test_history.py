"""A former text brought back: two people wrote one field, the history has both, the sheet the first again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from contracts.models import ActionSheet, FieldChange
from tests.browser.gestures import Check, OpenPage, SignIn, is_saved
from tests.cast import Cast, make_cast
from tests.factories import ActionSheetFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BASE = "/contrats/38-2030"
SHEET = f"{BASE}/fiches/1/"
FIELD = "Public cible"
FORMER = "Les jeunes parents isolés"
LATTER = "Les familles suivies par la PMI"


@pytest.fixture
def cast() -> Cast:
    """A sheet of Isère's contract of which nobody has said the public yet."""
    cast = make_cast()
    ActionSheetFactory(contract=cast.contract, public="")
    return cast


def write(page: Page, text: str) -> None:
    """Type the text and wait until the page has saved it by itself."""
    page.goto(SHEET)
    page.get_by_label(FIELD).fill(text)
    is_saved(page)


def test_a_former_text_is_found_in_the_history_and_brought_back(
    cast: Cast,
    open_page: OpenPage,
    signed_in: SignIn,
    assert_accessible: Check,
) -> None:
    prefecture = signed_in(open_page(), cast.prefect_editor.email)
    council = signed_in(open_page(), cast.council_editor.email)

    def is_accessible_on_both_screens() -> None:
        for width, height in ((1280, 900), (375, 812)):
            council.set_viewport_size({"width": width, "height": height})
            assert_accessible(council)
        council.set_viewport_size({"width": 1280, "height": 900})

    write(prefecture, FORMER)
    write(council, LATTER)

    # Both texts are there, newest first, each with who wrote it and for whom.
    council.goto(f"{BASE}/historique/")
    sittings = council.locator(".cdppe-history__sitting")
    expect(sittings).to_have_count(2)
    for sitting, author, text in (
        (sittings.nth(0), cast.council_editor, LATTER),
        (sittings.nth(1), cast.prefect_editor, FORMER),
    ):
        expect(sitting).to_contain_text(str(author))
        expect(sitting).to_contain_text(author.memberships.get().institution.name)
        expect(sitting.locator("dd")).to_contain_text(text.split()[-1])
    is_accessible_on_both_screens()

    # The two moments compared show the field once, from nothing to the last text.
    council.get_by_role("link", name="Comparer deux moments").click()
    expect(council.get_by_role("main")).to_contain_text(LATTER)
    expect(council.get_by_role("main")).not_to_contain_text(FORMER)
    is_accessible_on_both_screens()

    council.get_by_role("link", name="Changements", exact=True).click()
    council.locator(".cdppe-history__sitting").first.get_by_role("link", name=FIELD).click()
    expect(council.get_by_role("main")).to_contain_text(FORMER)
    expect(council.get_by_role("main")).to_contain_text(LATTER)
    is_accessible_on_both_screens()

    # By keyboard: the former text is in the sheet again, and nothing was taken out of the history.
    council.get_by_role("button", name="Reprendre ce texte d’avant").focus()
    council.keyboard.press("Enter")
    expect(council.get_by_role("status").first).to_contain_text("est repris")
    expect(council.get_by_label(FIELD)).to_have_value(FORMER)
    assert ActionSheet.objects.get().public == FORMER
    # The text that it replaced stays in the history, though the same person took it away at once.
    kept = FieldChange.objects.filter(field_label=FIELD).order_by("pk").values_list("before", "after")
    assert list(kept) == [(None, FORMER), (FORMER, LATTER), (LATTER, FORMER)]
    council.goto(f"{BASE}/historique/")
    expect(council.get_by_role("main")).to_contain_text(LATTER.split()[-1])

    # The other author finds it in the sheet too.
    prefecture.goto(SHEET)
    expect(prefecture.get_by_label(FIELD)).to_have_value(FORMER)
