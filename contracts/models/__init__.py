from contracts.models.action_sheets import ActionSheet
from contracts.models.answers import FindingAnswer
from contracts.models.campaigns import (
    Campaign,
    Commitment,
    ContractModel,
    Deadline,
    Measure,
    Objective,
    RetroplanningStep,
    Signatory,
)
from contracts.models.contracts import (
    BankAccount,
    Contract,
    ContractEvent,
    ContractObjective,
    ContractParty,
)
from contracts.models.history import FieldChange

__all__ = [
    "ActionSheet",
    "BankAccount",
    "Campaign",
    "Commitment",
    "Contract",
    "ContractEvent",
    "ContractModel",
    "ContractObjective",
    "ContractParty",
    "Deadline",
    "FieldChange",
    "FindingAnswer",
    "Measure",
    "Objective",
    "RetroplanningStep",
    "Signatory",
]
