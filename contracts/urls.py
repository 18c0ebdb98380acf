from django.urls import path

from contracts.views import (
    action_sheets,
    calendar,
    compliance,
    contacts,
    contracts,
    deadlines,
    details,
    diagnosis,
    document,
    exchanges,
    feeds,
    history,
    journal,
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
    path("contrats/<slug:reference>/historique/journal/", journal.journal, name="journal"),
    path(
        "contrats/<slug:reference>/historique/journal/export.csv",
        journal.journal_export,
        name="journal-export",
    ),
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
    path("contrats/<slug:reference>/calendrier/", calendar.calendar, name="calendar"),
    path("contrats/<slug:reference>/calendrier/gantt/", calendar.gantt, name="calendar-gantt"),
    path(
        "contrats/<slug:reference>/calendrier/prise-d-effet/",
        calendar.effect_date_edit,
        name="effect-date-edit",
    ),
    path("contrats/<slug:reference>/calendrier/etapes/ajouter/", calendar.step_create, name="step-create"),
    path("contrats/<slug:reference>/calendrier/etapes/<int:pk>/", calendar.step_edit, name="step-edit"),
    path(
        "contrats/<slug:reference>/calendrier/etapes/<int:pk>/retirer/",
        calendar.step_remove,
        name="step-remove",
    ),
    path("contrats/<slug:reference>/calendrier/etapes/<int:pk>/fait/", calendar.step_mark, name="step-mark"),
    path(
        "contrats/<slug:reference>/calendrier/etapes/<int:pk>/avancer/",
        calendar.step_bring_forward,
        name="step-bring-forward",
    ),
    path(
        "contrats/<slug:reference>/calendrier/echeances/<int:pk>/fait/",
        calendar.deadline_settle,
        name="deadline-settle",
    ),
    path("mon-compte/agenda/", feeds.feeds, name="feeds"),
    path("mon-compte/agenda/abonner/", feeds.feed_open, name="feed-open"),
    path("mon-compte/agenda/<int:pk>/renouveler/", feeds.feed_renew, name="feed-renew"),
    path("mon-compte/agenda/<int:pk>/supprimer/", feeds.feed_revoke, name="feed-revoke"),
    path("calendriers/<str:token>.ics", feeds.feed, name="feed"),
    path("campagnes/<slug:code>/echeances/", deadlines.deadlines, name="deadlines"),
    path(
        "campagnes/<slug:code>/echeances/<int:pk>/prolonger/",
        deadlines.deadline_extend,
        name="deadline-extend",
    ),
    path(
        "campagnes/<slug:code>/prolongations/<int:pk>/retirer/",
        deadlines.extension_withdraw,
        name="extension-withdraw",
    ),
    path("echanges/", exchanges.my_exchanges, name="my-exchanges"),
    path("contrats/<slug:reference>/echanges/", exchanges.exchanges, name="exchanges"),
    path("contrats/<slug:reference>/echanges/nouveau/", exchanges.thread_open, name="thread-open"),
    path("contrats/<slug:reference>/echanges/<int:pk>/", exchanges.thread, name="thread"),
    path(
        "contrats/<slug:reference>/echanges/<int:pk>/regler/", exchanges.thread_settle, name="thread-settle"
    ),
    path(
        "contrats/<slug:reference>/echanges/<int:pk>/rouvrir/", exchanges.thread_reopen, name="thread-reopen"
    ),
    path(
        "contrats/<slug:reference>/contacts/nommer/<int:institution_pk>/",
        contacts.contact_create,
        name="contact-create",
    ),
    path("contrats/<slug:reference>/contacts/<int:pk>/", contacts.contact_edit, name="contact-edit"),
    path(
        "contrats/<slug:reference>/contacts/<int:pk>/remplacer/",
        contacts.contact_replace,
        name="contact-replace",
    ),
    path("contrats/<slug:reference>/contacts/<int:pk>/depart/", contacts.contact_end, name="contact-end"),
    path(
        "contrats/<slug:reference>/contacts/<int:pk>/inviter/", contacts.contact_invite, name="contact-invite"
    ),
    path("contrats/<slug:reference>/diagnostic/", diagnosis.diagnosis_edit, name="diagnosis"),
    path("contrats/<slug:reference>/presence/", presence.presence, name="presence"),
    path("contrats/<slug:reference>/conformite/", compliance.compliance, name="compliance"),
    path("contrats/<slug:reference>/conformite/ici/", compliance.compliance_line, name="compliance-line"),
    path("contrats/<slug:reference>/conformite/reponses/", compliance.answer_create, name="finding-answer"),
    path(
        "contrats/<slug:reference>/conformite/reponses/<int:pk>/retirer/",
        compliance.answer_withdraw,
        name="finding-answer-withdraw",
    ),
    path("journal/", journal.site_journal, name="site-journal"),
    path("journal/export.csv", journal.site_journal_export, name="site-journal-export"),
]
