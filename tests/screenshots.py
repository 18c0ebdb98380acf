"""`make screenshots`: take the pictures of docs/screenshots again, on the demonstration.

Run under `python -m tests.services`; an empty test database, the demonstration in it, one server process
with its in-process jobs, headless Chromium.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

import django

django.setup()

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import get_runner
from playwright.sync_api import Browser, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser import demonstration
from tests.browser.conftest import CHROMIUM_FLAGS, CHROMIUM_NAMES

FOLDER = Path(settings.BASE_DIR) / "docs" / "screenshots"
WIDTHS = {"1280": (1280, 900), "375": (375, 812)}
# What a reader of the README wants to see, by name: who looks, and at what.
PICTURES = {
    "accueil": (demonstration.EDITOR, "/"),
    "contrat": (demonstration.EDITOR, f"/contrats/{demonstration.ISERE}/"),
    "objectifs": (demonstration.EDITOR, f"/contrats/{demonstration.ISERE}/objectifs/"),
    "tableau-de-bord": (demonstration.FULL_EDITOR, f"/contrats/{demonstration.FULL}/tableau-de-bord/"),
    "fiche": (demonstration.FULL_EDITOR, f"/contrats/{demonstration.FULL}/fiches/1/"),
    "plan": (demonstration.FULL_EDITOR, f"/contrats/{demonstration.FULL}/plan-d-action/"),
    "document": (demonstration.EDITOR, f"/contrats/{demonstration.ISERE}/document/"),
    "dgcs": (demonstration.MINISTRY, "/"),
    "repartition": (demonstration.MINISTRY, "/repartition/2020/"),
}
TALLEST = 2400


def main() -> None:
    """Write docs/screenshots/<name>-<width>.png; a page taller than two screens is cut."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    server = None
    try:
        demonstration.load()
        server = LiveServer("localhost")
        executable = next(path for name in CHROMIUM_NAMES if (path := shutil.which(name)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
            for name, (email, path) in PICTURES.items():
                _take(browser, server.url, name, email, path)
            browser.close()
    finally:
        if server is not None:
            server.stop()
        _end_other_sessions()
        runner.teardown_databases(databases)


def _end_other_sessions() -> None:
    """The server's threads keep connections for a while; PostgreSQL drops no database that is in use."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


def _take(browser: Browser, url: str, name: str, email: str, path: str) -> None:
    client = Client()
    client.force_login(get_user_model()._default_manager.get(email=email))
    cookie = settings.SESSION_COOKIE_NAME
    for label, (width, height) in WIDTHS.items():
        context = browser.new_context(viewport={"width": width, "height": height}, locale="fr-FR")
        context.add_cookies([{"name": cookie, "value": client.cookies[cookie].value, "url": url}])
        page = context.new_page()
        answer = page.goto(url + path)
        if answer is None or answer.status != 200:
            raise SystemExit(f"{path}: {answer and answer.status}")
        tall = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
        page.set_viewport_size({"width": width, "height": tall})
        page.screenshot(path=FOLDER / f"{name}-{label}.png")
        context.close()


if __name__ == "__main__":
    main()
