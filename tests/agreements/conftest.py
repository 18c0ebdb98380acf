"""What the tests of the agreements share."""

from __future__ import annotations

import pytest

from contracts.models import Contract
from tests.cast import Cast, make_cast
from tests.contracts.contract_documents import use_real_model
from tests.factories import ActionSheetFactory


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed cast, in the database."""
    return make_cast()


@pytest.fixture
def contract(cast: Cast) -> Contract:
    """The contract of the cast, with a model and one sheet."""
    use_real_model(cast.campaign)
    ActionSheetFactory(contract=cast.contract)
    return cast.contract
