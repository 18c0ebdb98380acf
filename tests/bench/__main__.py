"""`make bench`: every measure of the project, one line each, on this machine.

Nothing here asserts a time: machines differ. Query counts are asserted by the tests.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from tests.bench import bench_allocation, bench_autosave, bench_letters, bench_pages, bench_pdf

PARTS = (
    ("Allocation", bench_allocation),
    ("Pages", bench_pages),
    ("Autosave", bench_autosave),
    ("PDF", bench_pdf),
    ("Letters", bench_letters),
)


def main() -> None:
    """Run the parts named on the command line (allocation, pages, autosave, pdf, letters), or all of them."""
    wanted = {name.casefold() for name in sys.argv[1:]}
    for title, part in PARTS:
        if not wanted or title.casefold() in wanted:
            sys.stdout.write(f"\n{title}\n")
            sys.stdout.flush()
            part.main()


main()
