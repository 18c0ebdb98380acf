from contracts.models.action_sheets import ActionSheet
from contracts.models.campaigns import (
    Campaign,
    Commitment,
    ContractModel,
    Deadline,
    Measure,
    Objective,
    RetroplanningStep,
    SheetTemplate,
    Signatory,
)
from contracts.models.contracts import (
    BankAccount,
    Contract,
    ContractEvent,
    ContractObjective,
    ContractParty,
)
from contracts.models.diagnosis import Diagnosis, DiagnosisText
from contracts.models.history import FieldChange
from contracts.models.presence import Presence
from contracts.models.takeovers import Takeover

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
    "Diagnosis",
    "DiagnosisText",
    "FieldChange",
    "Measure",
    "Objective",
    "Presence",
    "RetroplanningStep",
    "SheetTemplate",
    "Signatory",
    "Takeover",
]
