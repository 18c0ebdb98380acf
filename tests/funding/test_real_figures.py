"""The real figures of fixtures/criteria, as a territory of several departments reads them (rule P4).

Apart from the tests of the loading: these count editions, and the real ones stay for a whole module.
"""

from __future__ import annotations

import pytest

from contracts.models import Campaign
from funding.criteria import figures_of

pytestmark = pytest.mark.django_db


def test_corse_has_the_sum_or_the_single_row_of_each_source(campaign: Campaign) -> None:
    corse = campaign.territories.prefetch_related("departments").get(code="20")
    series = ["enfants_0_6", "asf", "enfants_ase_0_17", "jeunes_majeurs", "igb"]
    row = figures_of([corse], series).by_territory["20"]
    assert [row[each].value for each in series] == [10762 + 12137, 2416 + 3893, 165 + 202, 87, 67]
