"""The cast itself: who sees which contract (TerritoryQuerySet.visible_to)."""

import pytest

from contracts.models import Contract
from tests.cast import make_cast

pytestmark = pytest.mark.django_db


def test_each_person_sees_the_contracts_of_their_institutions_reach() -> None:
    cast = make_cast()
    own, both, none = {cast.contract}, {cast.contract, cast.foreign_contract}, set()
    expected = {
        cast.prefect_editor: own,
        cast.ars_editor: own,
        cast.council_editor: own,
        cast.council_reader: own,
        cast.regional_reader: own,
        cast.foreign_editor: {cast.foreign_contract},
        cast.dgcs_reader: both,
        cast.dgcs_editor: both,
        cast.disabled: none,
        cast.outsider: none,
    }
    assert {user: set(Contract.objects.visible_to(user)) for user in expected} == expected
