"""The browser that the journeys rely on."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.django_db(transaction=True)


def test_chromium_reaches_the_live_server_and_nothing_else(page_1280: Page) -> None:
    answer = page_1280.goto("/static/dsfr/dist/dsfr/dsfr.min.css")
    assert answer is not None
    assert answer.status == 200
    assert (
        page_1280.evaluate("fetch('https://example.org').then(() => 'reached', () => 'refused')") == "refused"
    )


def test_axe_sees_an_image_without_a_text(
    browser: Browser, assert_accessible: Callable[[Page], None]
) -> None:
    page = browser.new_page()
    page.set_content("<html lang=fr><title>Essai</title><main><h1>Essai</h1><img src='data:,'></main></html>")
    with pytest.raises(AssertionError, match="image-alt"):
        assert_accessible(page)
    page.close()
