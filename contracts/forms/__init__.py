"""The forms of a contract's gestures, one class a gesture; each takes only its own fields."""

from contracts.forms.action_sheets import ActionSheetForm
from contracts.forms.calendar import EffectDateForm, ExtensionForm, FeedForm, StepForm
from contracts.forms.compliance import ComplianceFilterForm, FindingAnswerForm
from contracts.forms.contracts import BankAccountForm, ContractForm, DetailsForm
from contracts.forms.diagnosis import DiagnosisForm
from contracts.forms.objectives import AddObjectiveForm, OwnObjectiveForm

__all__ = [
    "ActionSheetForm",
    "AddObjectiveForm",
    "BankAccountForm",
    "ComplianceFilterForm",
    "ContractForm",
    "DetailsForm",
    "DiagnosisForm",
    "EffectDateForm",
    "ExtensionForm",
    "FeedForm",
    "FindingAnswerForm",
    "OwnObjectiveForm",
    "StepForm",
]
