from agreements.forms.way import AgreementForm, AssemblyForm, OdpeForm, ReasonForm, SignatureForm

__all__ = ["AgreementForm", "AssemblyForm", "OdpeForm", "ReasonForm", "SignatureForm"]
