"""How long the PDF of a contract takes, and how much memory: 40 sheets, then 100.

`python -m tests.bench pdf` prints one line per size. Each size is rendered in a process of its own, on an
in-memory database, so that the peak memory is that of one rendering. The seconds are those of the rendering
alone, and of the whole process (imports and test data included).
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
from time import perf_counter

import pypdf
from django.db import connection

from contracts.document import render_contract
from contracts.models import Contract
from tests.contracts.contract_documents import DATED, add_indicators, add_sheet, bare_contract, fill

SIZES = (40, 100)
INDICATORS = 60
CHILD = "import django; django.setup(); from tests.bench.bench_pdf import measure; measure({size})"
PARAGRAPH = (
    "Le diagnostic partagé montre des besoins mal couverts et des délais inégaux d’un secteur à l’autre. Les "
    "institutions constatent que l’aide arrive tard et que les familles répètent leur histoire. "
)


def main() -> None:
    """Print the measures of every size."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": "sqlite:///:memory:",
    }
    for size in SIZES:
        started = perf_counter()
        child = subprocess.run(
            [sys.executable, "-c", CHILD.format(size=size)],
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        sys.stdout.write(f"{child.stdout.strip()}; whole process {perf_counter() - started:.1f} s\n")


def measure(sheets: int) -> None:
    """Render a contract of so many sheets in this process, and print what it took."""
    connection.creation.create_test_db(verbosity=0, serialize=False)
    contract = fill(bare_contract())
    add_indicators(contract, INDICATORS)
    for number in range(sheets):
        add_sheet(
            contract,
            title=f"Action {number + 1}",
            diagnosis=PARAGRAPH * 2,
            operational_objective=PARAGRAPH,
            description=PARAGRAPH * 4,
            actors="Département, PMI, CAF, agence régionale de santé",
            calendar="2030 : cadrage\n2031 : mise en œuvre\n2032 : bilan",
            implementation_indicators="Nombre de personnes accompagnées",
            vigilance_points=PARAGRAPH,
        )
    contract = Contract.objects.with_context().get(pk=contract.pk)
    started = perf_counter()
    content = render_contract(contract, dated=DATED).content
    seconds = perf_counter() - started
    # Before reading the file back, which takes memory of its own.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pages = len(pypdf.PdfReader(io.BytesIO(content)).pages)
    sys.stdout.write(f"{sheets:>4} sheets, {pages:>3} pages: {seconds:.1f} s, peak {peak:.0f} MiB")
