"""Headless Chromium on the live server. A page that logs an error (a refused script…) fails its test."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

# Playwright's own loop runs in this thread and Django takes it for a view's: the tests call the ORM as usual.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name resolves but this machine's: a page that reaches out fails here.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
PAGE_TIMEOUT_MS = 15_000
# The first page compiles every template and reads the files of its layout: on a loaded machine, over 15 s.
NAVIGATION_TIMEOUT_MS = 60_000
# A page that saves by itself tries again after some seconds.
expect.set_options(timeout=PAGE_TIMEOUT_MS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses a browser carries its marker."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for the session: the machine's, never a download."""
    executable = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    if executable is None:
        pytest.fail("Chromium is not installed: run « make system » as root.")
    started = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
    yield started
    started.close()


def _open_page(browser: Browser, live_server: LiveServer, width: int, height: int) -> Iterator[Page]:
    context = browser.new_context(
        base_url=live_server.url,
        viewport={"width": width, "height": height},
        locale="fr-FR",
        timezone_id="Europe/Paris",
        accept_downloads=True,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PAGE_TIMEOUT_MS)
    context.set_default_navigation_timeout(NAVIGATION_TIMEOUT_MS)
    page = context.new_page()
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # The status of an answer (a 404 that a test asks for) is the test's matter.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            errors.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    # Requests still under way would meet an emptied database.
    page.goto("about:blank")
    context.close()
    assert errors == []


@pytest.fixture
def page_1280(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page as wide as an office screen; relative addresses are those of the live server."""
    yield from _open_page(browser, live_server, 1280, 900)


@pytest.fixture
def page_375(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page as narrow as a telephone."""
    yield from _open_page(browser, live_server, 375, 812)


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[Callable[[], Page]]:
    """`open_page()`: a page of a browser of its own, for as many people as a test has."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(contextmanager(_open_page)(browser, live_server, 1280, 900))


@pytest.fixture
def signed_in(live_server: LiveServer) -> Callable[[Page, str], Page]:
    """`signed_in(page, email)`: the page with the session of that person, without the sign-in form."""

    def sign_in(page: Page, email: str) -> Page:
        client = Client()
        client.force_login(get_user_model()._default_manager.get(email=email))
        name = django_settings.SESSION_COOKIE_NAME
        page.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
        )
        return page

    return sign_in


@pytest.fixture(scope="session")
def assert_accessible() -> Callable[[Page], None]:
    """`assert_accessible(page)`: axe finds no violation in the page as it is now, nor a sideways scroll."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()
        wider_by = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider_by <= 0, f"{page.url} scrolls sideways by {wider_by} px"

    return check
