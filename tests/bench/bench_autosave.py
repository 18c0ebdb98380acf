"""Queries and milliseconds of one autosave of a sheet with its money, with 10 and with 100 action sheets.

`python -m tests.services -- python -m tests.bench autosave`: in process, through every middleware, on the
demonstration; the median of some rounds, each with a text of its own.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from time import perf_counter

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, get_runner, override_settings

from contracts.actions.action_sheets import SHEET_FIELDS
from contracts.models import ActionSheet, Contract, DiagnosisText
from tests.bench.bench_pages import resize
from tests.browser import demonstration

SIZES = (10, 100)
ROUNDS = 15
PARAGRAPH = "Deux équipes mobiles vont vers les familles qui ne viennent pas. " * 30


def main() -> None:
    """Print one line a gesture: queries and median milliseconds for each size."""
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        demonstration.load()
        for size in SIZES:
            contract = Contract.objects.get(reference=demonstration.FULL)
            resize(contract, size)
            with override_settings(ALLOWED_HOSTS=["testserver"]):
                for name, gesture in _gestures(contract).items():
                    queries, seconds = _measure(gesture)
                    sys.stdout.write(
                        f"{name:<28}{size:>4} sheets{queries:>5} queries{seconds * 1000:>7.1f} ms\n"
                    )
    finally:
        runner.teardown_databases(databases)


def _gestures(contract: Contract) -> dict[str, Callable[[int], None]]:
    client = Client()
    client.force_login(get_user_model()._default_manager.get(email=demonstration.FULL_EDITOR))
    sheet = contract.action_sheets.order_by("number").first()
    assert sheet is not None
    base = f"/contrats/{contract.reference}"

    def post(url: str, data: dict[str, str], opened: dict[str, list[str]]) -> None:
        body = data | {"opened": json.dumps(opened)}
        answer = client.post(url, body, headers={"X-Autosave": "1"})
        if answer.status_code != 200:
            raise SystemExit(f"{url} answered {answer.status_code}: {answer.content[:300]!r}")

    def save_sheet(rank: int) -> None:
        stored = ActionSheet.objects.get(pk=sheet.pk)
        data = {name: str(getattr(stored, name)) for name in SHEET_FIELDS[1:]}
        data |= {"contract_objective": str(stored.contract_objective_id), "version": str(stored.version)}
        data["description"] = f"{PARAGRAPH}{rank}"
        post(f"{base}/fiches/{sheet.number}/", data, {"description": [stored.description]})

    def save_diagnosis(rank: int) -> None:
        url = f"{base}/diagnostic/"
        # What is stored when the page opens: an earlier round's, or that of another number of sheets.
        stored = DiagnosisText.objects.filter(diagnosis__contract=contract, code="territory").first()
        fields = {"version": "1", "section-territory": f"{PARAGRAPH}{rank}"}
        post(url, fields, {"section-territory": [stored.text if stored is not None else ""]})

    return {"a sheet and its money": save_sheet, "the diagnosis": save_diagnosis}


def _measure(gesture: Callable[[int], None]) -> tuple[int, float]:
    """(queries of one save, median seconds): what reads the stored text is counted with it, one query."""
    gesture(0)
    with CaptureQueriesContext(connection) as queries:
        gesture(1)
    count = len(queries)
    seconds = []
    for rank in range(2, ROUNDS + 2):
        start = perf_counter()
        gesture(rank)
        seconds.append(perf_counter() - start)
    return count, statistics.median(seconds)
