from django.urls import path

from contracts.views import action_sheets, compliance, contracts, details, document, objectives

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
    path("contrats/<slug:reference>/conformite/", compliance.compliance, name="compliance"),
    path("contrats/<slug:reference>/conformite/ici/", compliance.compliance_line, name="compliance-line"),
    path("contrats/<slug:reference>/conformite/reponses/", compliance.answer_create, name="finding-answer"),
    path(
        "contrats/<slug:reference>/conformite/reponses/<int:pk>/retirer/",
        compliance.answer_withdraw,
        name="finding-answer-withdraw",
    ),
]
