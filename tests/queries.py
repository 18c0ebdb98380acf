"""Counting what a page asks of the database."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext


def count_queries(gesture: Callable[[], object]) -> int:
    """How many queries `gesture` makes; once before without counting, so that caches are warm."""
    gesture()
    with CaptureQueriesContext(connection) as captured:
        gesture()
    return len(captured)
