"""What a search looks into, of the parts that agreements owns: amendments, and what was said with a sending.

What DGCS notes for its own file is not searched: only those who follow the nation read it.
"""

from __future__ import annotations

from agreements.models import Transmission
from agreements.transmissions import CODE
from contracts.models import Amendment
from contracts.search import Source

SOURCES = (
    Source(
        "amendments",
        lambda contracts: Amendment.objects.filter(contract__in=contracts),
        {"object": "", "reason": ""},
        item="",
    ),
    Source(
        CODE,
        lambda contracts: Transmission.objects.filter(contract__in=contracts),
        {"message": ""},
        item="",
    ),
)
