"""Which contracts of a campaign get a draft of their yearly amendment (rule V1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from contracts.models import Contract


class ChosenContractsForm(forms.Form):
    """The contracts that are ticked; `confirmed` once the list was read again."""

    contracts = forms.MultipleChoiceField(
        label="Contrats",
        error_messages={
            "required": "Cochez au moins un contrat.",
            "invalid_choice": "Un contrat coché n’est plus en vigueur : rechargez la page.",
            "invalid_list": "Cochez au moins un contrat.",
        },
    )
    confirmed = forms.BooleanField(required=False)

    def __init__(self, *args: Any, contracts: Sequence[Contract], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_reference = {contract.reference: contract for contract in contracts}
        self.fields["contracts"].choices = [(name, name) for name in self.by_reference]

    @property
    def chosen(self) -> list[Contract]:
        """The contracts ticked, each once, in the order of the page."""
        ticked = set(self.cleaned_data["contracts"])
        return [contract for name, contract in self.by_reference.items() if name in ticked]
