from __future__ import annotations

from django.urls import path

from agreements.views import way

app_name = "agreements"

urlpatterns = [
    path("contrats/<slug:reference>/accord/", way.way, name="way"),
    path("contrats/<slug:reference>/accord/odpe/", way.odpe, name="odpe"),
    path("contrats/<slug:reference>/accord/assemblee/", way.assembly, name="assembly"),
    path("contrats/<slug:reference>/accord/proposer/", way.propose, name="propose"),
    path("contrats/<slug:reference>/accord/parties/<int:pk>/", way.agreement_give, name="agreement-give"),
    path(
        "contrats/<slug:reference>/accord/parties/<int:pk>/retirer/",
        way.agreement_withdraw,
        name="agreement-withdraw",
    ),
    path(
        "contrats/<slug:reference>/accord/signatures/<int:pk>/", way.signature_record, name="signature-record"
    ),
    path(
        "contrats/<slug:reference>/accord/signatures/<int:pk>/retirer/",
        way.signature_withdraw,
        name="signature-withdraw",
    ),
    path("contrats/<slug:reference>/accord/retour/<slug:code>/", way.step_back, name="step-back"),
]
