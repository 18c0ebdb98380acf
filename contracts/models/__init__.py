from contracts.models.action_sheets import ActionSheet
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
from contracts.models.contacts import Contact
from contracts.models.contracts import (
    BankAccount,
    Contract,
    ContractEvent,
    ContractObjective,
    ContractParty,
)
from contracts.models.exchanges import Mention, Message, MessageKind, Thread, ThreadReading, ThreadState
from contracts.models.history import FieldChange
from contracts.models.takeovers import Takeover

__all__ = [
    "ActionSheet",
    "BankAccount",
    "Campaign",
    "Commitment",
    "Contact",
    "Contract",
    "ContractEvent",
    "ContractModel",
    "ContractObjective",
    "ContractParty",
    "Deadline",
    "FieldChange",
    "Measure",
    "Mention",
    "Message",
    "MessageKind",
    "Objective",
    "RetroplanningStep",
    "Signatory",
    "Takeover",
    "Thread",
    "ThreadReading",
    "ThreadState",
]
