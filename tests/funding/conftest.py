"""The campaign of 2020 with its real figures, loaded once for each module that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from contracts.models import Campaign
from tests.loaded import load_real_figures


@pytest.fixture(scope="module")
def _real_figures(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Territories, campaign and criteria, in a transaction that is rolled back at the end of the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_real_figures()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def campaign(_real_figures: None, db: None) -> Campaign:
    """The campaign of 2020 with the real figures; what a test does to them is rolled back after it."""
    return Campaign.objects.get(code="2020")
