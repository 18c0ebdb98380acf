from contracts.models.action_sheets import ActionSheet
from contracts.models.amendments import (
    Amendment,
    AmendmentKind,
    Way,
    amendment_of,
    contract_of,
    way_of,
)
from contracts.models.answers import FindingAnswer
from contracts.models.calendar import (
    CalendarFeed,
    CalendarPhase,
    ContractStep,
    DeadlineExtension,
    SettledDeadline,
)
from contracts.models.campaigns import (
    Campaign,
    CampaignExtension,
    Commitment,
    ContractModel,
    Deadline,
    Measure,
    Objective,
    RetroplanningStep,
    SheetTemplate,
    Signatory,
)
from contracts.models.contacts import Contact
from contracts.models.contracts import (
    BankAccount,
    Contract,
    ContractObjective,
    ContractParty,
)
from contracts.models.diagnosis import Diagnosis, DiagnosisText
from contracts.models.exchanges import Mention, Message, MessageKind, Thread, ThreadReading, ThreadState
from contracts.models.history import FieldChange
from contracts.models.journal import JournalCheck, JournalEntry
from contracts.models.presence import Presence
from contracts.models.takeovers import Takeover

__all__ = [
    "ActionSheet",
    "Amendment",
    "AmendmentKind",
    "BankAccount",
    "CalendarFeed",
    "CalendarPhase",
    "Campaign",
    "CampaignExtension",
    "Commitment",
    "Contact",
    "Contract",
    "ContractModel",
    "ContractObjective",
    "ContractParty",
    "ContractStep",
    "Deadline",
    "DeadlineExtension",
    "Diagnosis",
    "DiagnosisText",
    "FieldChange",
    "FindingAnswer",
    "JournalCheck",
    "JournalEntry",
    "Measure",
    "Mention",
    "Message",
    "MessageKind",
    "Objective",
    "Presence",
    "RetroplanningStep",
    "SettledDeadline",
    "SheetTemplate",
    "Signatory",
    "Takeover",
    "Thread",
    "ThreadReading",
    "ThreadState",
    "Way",
    "amendment_of",
    "contract_of",
    "way_of",
]
