from django.urls import path

from contracts.views import (
    action_sheets,
    contracts,
    details,
    diagnosis,
    document,
    history,
    objectives,
    presence,
    search,
    takeovers,
)

app_name = "contracts"

urlpatterns = [
    path("contrats/", contracts.contract_list, name="list"),
    path("contrats/nouveau/", contracts.contract_create, name="create"),
    path("contrats/reprendre/", takeovers.takeover_start, name="takeover-start"),
    path("contrats/<slug:reference>/reprise/", takeovers.takeover, name="takeover"),
    path("contrats/<slug:reference>/reprise/commencer/", takeovers.takeover_mark, name="takeover-mark"),
    path("contrats/<slug:reference>/reprise/corriger/", takeovers.takeover_reopen, name="takeover-reopen"),
    path("contrats/<slug:reference>/contrat-signe/", takeovers.signed_file, name="signed-file"),
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
    path("contrats/<slug:reference>/fiches/numeros/", action_sheets.sheets_renumber, name="sheets-renumber"),
    path("contrats/<slug:reference>/fiches/ranger/<int:pk>/", action_sheets.sheet_move, name="sheet-move"),
    path(
        "contrats/<slug:reference>/fiches/archiver/<int:pk>/",
        action_sheets.sheet_archive,
        name="sheet-archive",
    ),
    path(
        "contrats/<slug:reference>/fiches/restaurer/<int:pk>/",
        action_sheets.sheet_restore,
        name="sheet-restore",
    ),
    path(
        "contrats/<slug:reference>/fiches/demandees/<slug:code>/",
        action_sheets.sheet_demand,
        name="sheet-demand",
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
    path("contrats/<slug:reference>/diagnostic/", diagnosis.diagnosis_edit, name="diagnosis"),
    path("contrats/<slug:reference>/presence/", presence.presence, name="presence"),
]
