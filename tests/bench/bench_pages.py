"""Queries and milliseconds of each page of the walk, with 10 and with 100 action sheets.

`python -m tests.services -- python -m tests.bench pages`: in process, through every middleware, on the
demonstration; the median of some rounds after one that warms the caches. Times include the rendering.
"""

from __future__ import annotations

import re
import statistics
import sys
from html import unescape
from time import perf_counter

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, get_runner, override_settings

from contracts.models import ActionSheet, Contract
from funding.models import ActionFinancing
from tests.browser import demonstration

SIZES = (10, 100)
ROUNDS = 7
MORE_PARTS = ("calendrier", "echanges", "versions", "transmissions")
"""Parts of a contract that the walk of the browser tests does not pass."""

OPENED = re.compile(r'name="o-([^"]+)" value="([^"]*)"')
"""The hidden field of a box that may be filled in: its name, and what the box held when the page opened."""


def main() -> None:
    """Print one line a page: queries and median milliseconds for each size."""
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        demonstration.load()
        results = {size: _measure(size) for size in SIZES}
        heads = "".join(f"{size:>8} sheets: queries     ms" for size in SIZES)
        sys.stdout.write(f"{'page':<46}{heads}\n")
        for path in results[SIZES[0]]:
            cells = "".join(
                f"{results[size][path][0]:>24}{results[size][path][1] * 1000:>7.0f}" for size in SIZES
            )
            counts = {results[size][path][0] for size in SIZES}
            grows = "   MORE QUERIES WITH MORE SHEETS" if len(counts) > 1 else ""
            sys.stdout.write(f"{path:<46}{cells}{grows}\n")
    finally:
        runner.teardown_databases(databases)


def _measure(size: int) -> dict[str, tuple[int, float]]:
    """For each page: how many queries, and the median seconds, once the contract has `size` sheets."""
    resize(Contract.objects.get(reference=demonstration.FULL), size)
    clients = {email: Client() for email in (demonstration.FULL_EDITOR, demonstration.MINISTRY)}
    for email, client in clients.items():
        client.force_login(get_user_model()._default_manager.get(email=email))
    pages = dict.fromkeys(["/", *demonstration.contract_pages(demonstration.FULL)], demonstration.FULL_EDITOR)
    pages |= {f"/contrats/{demonstration.FULL}/{part}/": demonstration.FULL_EDITOR for part in MORE_PARTS}
    ministry = ("/contrats/", "/repartition/", "/transmissions-recues/", "/journal/")
    pages |= dict.fromkeys(ministry, demonstration.MINISTRY)
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        measured = {path: _page(clients[email], path) for path, email in pages.items()}
        editor = clients[demonstration.FULL_EDITOR]
        measured["tableau de bord: autosave of 1 cell"] = _autosave(editor, 1)
        measured["tableau de bord: autosave of 60 cells"] = _autosave(editor, 60)
        return measured


def _autosave(client: Client, count: int) -> tuple[int, float]:
    """A save that the page of the whole tableau de bord makes by itself, `count` of its cells changed."""
    address = f"/contrats/{demonstration.FULL}/tableau-de-bord/modifier/"

    def save(figure: int) -> None:
        # Outside the tests' own settings an answer has no context: the boxes are read from the page.
        boxes = OPENED.findall(client.get(address).content.decode())[:count]
        fields = {f"v-{name}": str(figure) for name, _ in boxes}
        fields |= {f"o-{name}": unescape(opened) for name, opened in boxes}
        nonlocal queries, seconds
        with CaptureQueriesContext(connection) as captured:
            start = perf_counter()
            answer = client.post(address, fields, headers={"X-Autosave": "1"})
            seconds.append(perf_counter() - start)
        queries = len(captured)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code} to an autosave")

    queries = 0
    seconds: list[float] = []
    for figure in range(ROUNDS + 1):
        save(figure)
    return queries, statistics.median(seconds[1:])


def _page(client: Client, path: str) -> tuple[int, float]:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    count = len(queries)  # the next request empties the log
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    seconds = []
    for _ in range(ROUNDS):
        start = perf_counter()
        client.get(path)
        seconds.append(perf_counter() - start)
    return count, statistics.median(seconds)


def resize(contract: Contract, size: int) -> None:
    """Keep the first `size` sheets, or copy the first ones with their money until there are as many."""
    contract.action_sheets.filter(number__gt=size).delete()
    sheets = list(contract.action_sheets.order_by("number"))
    last = max(sheet.position for sheet in sheets)
    for number in range(len(sheets) + 1, size + 1):
        model = sheets[number % len(sheets)]
        copy = ActionSheet.objects.get(pk=model.pk)
        copy.pk, copy.number, copy.title = None, number, f"{model.title} ({number})"
        copy.position, copy.creation_token = last + number, None
        copy.save()
        ActionFinancing.objects.bulk_create(
            ActionFinancing(
                action_sheet=copy,
                year=row.year,
                contributor=row.contributor,
                envelope_id=row.envelope_id,
                amount=row.amount,
            )
            for row in model.financings.all()
        )
