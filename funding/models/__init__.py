from funding.models.allocation import AllocationLine, AllocationRun, NotifiedAmount
from funding.models.criteria import CriterionSeries, CriterionValue, FigureStatus, ImportDraft, SeriesEdition
from funding.models.envelopes import Envelope, EnvelopeCriterion, OwnObjectiveEnvelope, Paid, Payer
from funding.models.financing import ActionFinancing, Contributor

__all__ = [
    "ActionFinancing",
    "AllocationLine",
    "AllocationRun",
    "Contributor",
    "CriterionSeries",
    "CriterionValue",
    "Envelope",
    "EnvelopeCriterion",
    "FigureStatus",
    "ImportDraft",
    "NotifiedAmount",
    "OwnObjectiveEnvelope",
    "Paid",
    "Payer",
    "SeriesEdition",
]
