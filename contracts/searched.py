"""What a search looks into, of the parts that contracts owns."""

from __future__ import annotations

from contracts.actions.action_sheets import SHEET_TEXT_FIELDS
from contracts.actions.contracts import DETAIL_TEXT_FIELDS
from contracts.models import (
    ActionSheet,
    Contact,
    Contract,
    ContractObjective,
    ContractParty,
    ContractStep,
    DiagnosisText,
    FindingAnswer,
    Message,
)
from contracts.places import CONTACTS
from contracts.search import Source

SOURCES = (
    Source(
        "sheets",
        lambda contracts: ActionSheet.objects.filter(contract__in=contracts),
        {name: name for name in SHEET_TEXT_FIELDS},
    ),
    Source(
        "details",
        lambda contracts: Contract.objects.filter(pk__in=contracts.values("pk")),
        {name: name for name in DETAIL_TEXT_FIELDS},
        item="",
        contract_id="pk",
    ),
    Source(
        "details",
        lambda contracts: ContractParty.objects.filter(contract__in=contracts),
        {name: name for name in ("representative_name", "representative_title", "delegation")},
    ),
    Source(
        "diagnosis",
        lambda contracts: DiagnosisText.objects.filter(diagnosis__contract__in=contracts).select_related(
            "diagnosis"
        ),
        {"text": ""},
        item="",
        contract_id="diagnosis__contract_id",
    ),
    Source(
        "objectives",
        lambda contracts: ContractObjective.objects.filter(contract__in=contracts).select_related(
            "objective"
        ),
        {"objective__title": "label", "own_title": "label"},
    ),
    Source(
        "calendar",
        lambda contracts: ContractStep.objects.filter(contract__in=contracts),
        {name: name for name in ("label", "description", "theme", "responsible", "resources")},
    ),
    Source(
        "details",
        lambda contracts: Contact.objects.current().filter(contract__in=contracts),
        dict.fromkeys(("name", "position", "email"), CONTACTS),
        item="",
    ),
    Source(
        "exchanges",
        lambda contracts: Message.objects.filter(thread__contract__in=contracts).select_related("thread"),
        {"text": "text"},
        item="thread_id",
        contract_id="thread__contract_id",
    ),
    Source(
        "compliance",
        lambda contracts: FindingAnswer.objects.standing().filter(contract__in=contracts),
        {"reason": ""},
        item="",
    ),
)
