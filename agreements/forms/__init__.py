from agreements.forms.denunciations import LettersForm
from agreements.forms.way import AgreementForm, AssemblyForm, OdpeForm, ReasonForm, SignatureForm

__all__ = ["AgreementForm", "AssemblyForm", "LettersForm", "OdpeForm", "ReasonForm", "SignatureForm"]
