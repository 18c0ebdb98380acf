"""The list of contracts: by region, campaign and state, with a search that ignores accents and case."""

from __future__ import annotations

import unicodedata
from typing import Any

import django_filters
from django import forms

from cdppe.accounts.models import Region, Territory
from contracts.models import Campaign, Contract
from contracts.workflow import ContractState


def plain(text: str) -> str:
    """`text` as it is compared: without accents, case, hyphens or apostrophes.

    >>> plain("Côte-d’Or")
    'cote d or'
    """
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(" " if c in "-'’" else c for c in letters if not unicodedata.combining(c))
    return " ".join(kept.casefold().split())


class FilterForm(forms.Form):
    """Every field of a filter is optional: saying so of each would be noise."""

    hides_optional_marks = True


class ContractFilter(django_filters.FilterSet):
    """`territories` are those that the person follows; nothing outside of them is ever searched."""

    q = django_filters.CharFilter(label="Territoire (nom ou numéro)", method="search")
    region = django_filters.ModelChoiceFilter(
        label="Région", field_name="territory__region", queryset=Region.objects.none(), empty_label="Toutes"
    )
    campaign = django_filters.ModelChoiceFilter(
        label="Campagne", queryset=Campaign.objects.none(), to_field_name="code", empty_label="Toutes"
    )
    state = django_filters.ChoiceFilter(
        label="État d’avancement", choices=ContractState.choices, empty_label="Tous"
    )

    class Meta:
        model = Contract
        fields: list[str] = []
        form = FilterForm

    def __init__(self, *args: Any, territories: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.territories = territories
        self.filters["region"].queryset = Region.objects.filter(territories__in=territories).distinct()
        self.filters["campaign"].queryset = Campaign.objects.all()
        self.filters["q"].extra["max_length"] = 80

    def search(self, contracts: Any, name: str, value: str) -> Any:
        """The contracts of the territories whose name, code or council answers to `value`."""
        return contracts.filter(territory__in=matching(self.territories, value))


def matching(territories: Any, search: str) -> list[int]:
    """Primary keys of the `territories` whose name or council holds `search`, or whose code is `search`.

    Compared here and not in the database: SQLite and a PostgreSQL without extension know no accents, and
    there are about a hundred territories.
    """
    wanted = plain(search)
    return [
        pk
        for pk, code, name, council in territories.values_list("pk", "code", "name", "collectivity")
        if wanted in plain(name) or wanted in plain(council) or wanted == code.casefold()
    ]


def territories_without_contract(campaign: Campaign, territories: Any) -> Any:
    """The territories of `campaign`, among `territories`, that have no contract for it yet."""
    return (
        Territory.objects.filter(pk__in=territories.values("pk"), campaigns=campaign)
        .exclude(contracts__campaign=campaign)
        .select_related("region")
        .order_by("code")
    )
