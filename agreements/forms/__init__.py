from agreements.forms.amendments import AbandonForm, AmendmentForm, DayForm, OpenAmendmentForm
from agreements.forms.campaign_ends import CampaignEndForm
from agreements.forms.denunciations import LettersForm
from agreements.forms.financial import ChosenContractsForm
from agreements.forms.way import AgreementForm, AssemblyForm, OdpeForm, ReasonForm, SignatureForm

__all__ = [
    "AbandonForm",
    "AgreementForm",
    "AmendmentForm",
    "AssemblyForm",
    "CampaignEndForm",
    "ChosenContractsForm",
    "DayForm",
    "LettersForm",
    "OdpeForm",
    "OpenAmendmentForm",
    "ReasonForm",
    "SignatureForm",
]
