from django.urls import path

from contracts.views import action_sheets, contracts, details, diagnosis, document, objectives, presence

app_name = "contracts"

urlpatterns = [
    path("contrats/", contracts.contract_list, name="list"),
    path("contrats/nouveau/", contracts.contract_create, name="create"),
    path("contrats/<slug:reference>/", contracts.contract_detail, name="detail"),
    path("contrats/<slug:reference>/etape/<slug:code>/", contracts.contract_move, name="move"),
    path("contrats/<slug:reference>/informations/", details.details_edit, name="details-edit"),
    path("contrats/<slug:reference>/compte/", details.bank_account_edit, name="bank-account-edit"),
    path("contrats/<slug:reference>/objectifs/", objectives.objectives, name="objectives"),
    path("contrats/<slug:reference>/objectifs/ajouter/", objectives.objective_add, name="objective-add"),
    path(
        "contrats/<slug:reference>/objectifs/propre/", objectives.own_objective_add, name="own-objective-add"
    ),
    path(
        "contrats/<slug:reference>/objectifs/<int:pk>/retirer/",
        objectives.objective_remove,
        name="objective-remove",
    ),
    path("contrats/<slug:reference>/fiches/", action_sheets.sheets, name="sheets"),
    path(
        "contrats/<slug:reference>/fiches/<int:number>/supprimer/",
        action_sheets.sheet_delete,
        name="sheet-delete",
    ),
    path("contrats/<slug:reference>/document/", document.document, name="document"),
    path("contrats/<slug:reference>/document/produire/", document.document_render, name="document-render"),
    path("contrats/<slug:reference>/diagnostic/", diagnosis.diagnosis_edit, name="diagnosis"),
    path("contrats/<slug:reference>/presence/", presence.presence, name="presence"),
]
