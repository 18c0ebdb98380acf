from funding.models.allocation import AllocationLine, AllocationRun, NotifiedAmount
from funding.models.criteria import CriterionSeries, CriterionValue, FigureStatus, ImportDraft, SeriesEdition
from funding.models.envelopes import Envelope, EnvelopeCriterion, OwnObjectiveEnvelope, Paid, Payer
from funding.models.expenses import StateExpense
from funding.models.financing import ActionFinancing, Contributor
from funding.models.letter import NotificationLetter
from funding.models.moves import CreditMove
from funding.models.own_means import OwnMeans, Service
from funding.models.publication import Publication, PublishedAmount
from funding.models.scenario import Scenario, ScenarioModulation
from funding.models.sheets_import import SheetsImport

__all__ = [
    "ActionFinancing",
    "AllocationLine",
    "AllocationRun",
    "Contributor",
    "CreditMove",
    "CriterionSeries",
    "CriterionValue",
    "Envelope",
    "EnvelopeCriterion",
    "FigureStatus",
    "ImportDraft",
    "NotificationLetter",
    "NotifiedAmount",
    "OwnMeans",
    "OwnObjectiveEnvelope",
    "Paid",
    "Payer",
    "Publication",
    "PublishedAmount",
    "Scenario",
    "ScenarioModulation",
    "SeriesEdition",
    "Service",
    "SheetsImport",
    "StateExpense",
]
