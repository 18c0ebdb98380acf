from agreements.forms.amendments import AbandonForm, AmendmentForm, DayForm, OpenAmendmentForm
from agreements.forms.way import AgreementForm, AssemblyForm, OdpeForm, ReasonForm, SignatureForm

__all__ = [
    "AbandonForm",
    "AgreementForm",
    "AmendmentForm",
    "AssemblyForm",
    "DayForm",
    "OdpeForm",
    "OpenAmendmentForm",
    "ReasonForm",
    "SignatureForm",
]
