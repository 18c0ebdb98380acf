from agreements.forms.amendments import AbandonForm, AmendmentForm, DayForm, OpenAmendmentForm
from agreements.forms.denunciations import LettersForm
from agreements.forms.way import AgreementForm, AssemblyForm, OdpeForm, ReasonForm, SignatureForm

__all__ = [
    "AbandonForm",
    "AgreementForm",
    "AmendmentForm",
    "AssemblyForm",
    "DayForm",
    "LettersForm",
    "OdpeForm",
    "OpenAmendmentForm",
    "ReasonForm",
    "SignatureForm",
]
