"""What a search looks into of the tableau de bord: the words of its rows, the reasons that people gave."""

from __future__ import annotations

from django.db.models import F

from contracts.search import Source
from indicators.models import Indicator, IndicatorValue

SOURCES = (
    Source(
        "dashboard",
        lambda contracts: Indicator.objects.filter(contract__in=contracts),
        {"label": "", "note": "", "source": ""},
    ),
    Source(
        "dashboard",
        lambda contracts: Indicator.objects.filter(
            contract__isnull=True, objective__contract_objectives__contract__in=contracts
        ).annotate(searched_contract=F("objective__contract_objectives__contract")),
        {"label": "", "note": ""},
        contract_id="searched_contract",
        is_common=True,
    ),
    Source(
        "dashboard",
        lambda contracts: IndicatorValue.objects.filter(contract__in=contracts).exclude(
            unavailable_reason=""
        ),
        {"unavailable_reason": ""},
        item="indicator_id",
    ),
)
