from django.urls import path

from contracts.views import (
    action_sheets,
    compliance,
    contracts,
    details,
    document,
    history,
    objectives,
    search,
)

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
    path("recherche/", search.search_all, name="search-all"),
    path("contrats/<slug:reference>/recherche/", search.search_contract, name="search"),
    path("contrats/<slug:reference>/historique/", history.history, name="history"),
    path("contrats/<slug:reference>/historique/journal/", history.journal, name="journal"),
    path("contrats/<slug:reference>/historique/comparer/", history.compare, name="history-compare"),
    path("contrats/<slug:reference>/historique/<int:pk>/", history.change, name="history-change"),
    path("contrats/<slug:reference>/historique/<int:pk>/reprendre/", history.restore, name="history-restore"),
    path(
        "contrats/<slug:reference>/historique/<int:pk>/recreer/",
        history.recreate_sheet,
        name="history-recreate-sheet",
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
