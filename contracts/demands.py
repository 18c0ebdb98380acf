"""The sheets that the text demands of a contract, and which of its sheets answer them (rules O5, O6).

A demand is a `SheetTemplate` of the campaign under an objective that the contract carries. A sheet answers it
when it says so (`ActionSheet.answers_demand`), serves that very objective and is in the plan.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from contracts.models import ActionSheet, Contract, ContractObjective, SheetTemplate


@dataclass(frozen=True)
class Demand:
    """One demanded sheet of a contract: its template, the objective, and the sheets that answer it."""

    template: SheetTemplate
    contract_objective: ContractObjective
    sheets: tuple[ActionSheet, ...]

    @property
    def is_answered(self) -> bool:
        return bool(self.sheets)

    @property
    def is_for_every_action(self) -> bool:
        """The text fixes what each action of the objective states (O6), without asking for one sheet (O5)."""
        return not self.template.demand


def demands_of(contract: Contract) -> list[Demand]:
    """Every demanded sheet of `contract`, in the catalogue's order: three queries at any size."""
    carried = {each.objective_id: each for each in contract.objectives.in_order() if each.objective_id}
    answers: dict[tuple[int, str], list[ActionSheet]] = defaultdict(list)
    stating = contract.action_sheets.in_plan().exclude(answers_demand="").order_by("position")
    for sheet in stating.only("number", "title", "answers_demand", "contract_objective_id", "contract_id"):
        answers[sheet.contract_objective_id, sheet.answers_demand].append(sheet)
    templates: dict[int, list[SheetTemplate]] = defaultdict(list)
    for template in SheetTemplate.objects.filter(objective__in=carried):
        templates[template.objective_id].append(template)
    return [
        Demand(template, carrier, tuple(answers[carrier.pk, template.code]))
        for objective_id, carrier in carried.items()
        for template in templates[objective_id]
    ]


def find_demand(contract: Contract, code: str) -> Demand | None:
    """The demand `code` of `contract`; None when the contract carries no objective that makes it."""
    return next((each for each in demands_of(contract) if each.template.code == code), None)
