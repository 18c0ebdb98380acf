from agreements.forms.amendments import AbandonForm, AmendmentForm, DayForm, OpenAmendmentForm
from agreements.forms.denunciations import LettersForm
from agreements.forms.financial import ChosenContractsForm
from agreements.forms.way import AgreementForm, AssemblyForm, OdpeForm, ReasonForm, SignatureForm

__all__ = [
    "AbandonForm",
    "AgreementForm",
    "AmendmentForm",
    "AssemblyForm",
    "ChosenContractsForm",
    "DayForm",
    "LettersForm",
    "OdpeForm",
    "OpenAmendmentForm",
    "ReasonForm",
    "SignatureForm",
]
