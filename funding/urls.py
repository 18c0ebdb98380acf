from django.urls import path

from funding.views import (
    action_sheets,
    allocations,
    explanations,
    figures,
    financing,
    letters,
    moves,
    plans,
    publications,
    scenarios,
    sheets_import,
)

app_name = "funding"

urlpatterns = [
    path("contrats/<slug:reference>/fiches/nouvelle/", action_sheets.sheet_create, name="sheet-create"),
    path(
        "contrats/<slug:reference>/fiches/nouvelle/totaux/",
        action_sheets.sheet_totals,
        name="sheet-create-totals",
    ),
    path("contrats/<slug:reference>/fiches/importer/", sheets_import.sheets_import, name="sheets-import"),
    path(
        "contrats/<slug:reference>/fiches/importer/modele/",
        sheets_import.sheets_import_template,
        name="sheets-import-template",
    ),
    path(
        "contrats/<slug:reference>/fiches/importer/<uuid:draft_id>/",
        sheets_import.sheets_import_preview,
        name="sheets-import-preview",
    ),
    path("contrats/<slug:reference>/fiches/<int:number>/", action_sheets.sheet_edit, name="sheet-edit"),
    path("contrats/<slug:reference>/fiches/copier/<int:pk>/", action_sheets.sheet_copy, name="sheet-copy"),
    path(
        "contrats/<slug:reference>/fiches/<int:number>/totaux/",
        action_sheets.sheet_totals,
        name="sheet-totals",
    ),
    path("contrats/<slug:reference>/plan-d-action/", plans.action_plan, name="action-plan"),
    path("contrats/<slug:reference>/financement/", financing.financing, name="financing"),
    path("repartition/", allocations.allocation_list, name="allocation-list"),
    path("repartition/series/", figures.series_list, name="series-list"),
    path("repartition/series/importer/", figures.series_import, name="series-import"),
    path(
        "repartition/series/importer/<uuid:draft_id>/",
        figures.series_import_preview,
        name="series-import-preview",
    ),
    path(
        "repartition/series/importer/<uuid:draft_id>/description/",
        figures.series_import_edit,
        name="series-import-edit",
    ),
    path("repartition/series/editions/<slug:code>/", figures.series_edition, name="series-edition"),
    path(
        "repartition/series/editions/<slug:code>/<slug:kind>/",
        figures.series_export,
        name="series-export",
    ),
    path("repartition/<slug:code>/", allocations.allocation_campaign, name="allocation-campaign"),
    path("repartition/<slug:code>/criteres/", allocations.allocation_criteria, name="allocation-criteria"),
    path(
        "repartition/<slug:code>/calculs/<int:pk>/",
        allocations.allocation_run,
        name="allocation-run",
    ),
    path("repartition/<slug:code>/publications/", publications.publication_list, name="publication-list"),
    path(
        "repartition/<slug:code>/publications/nouvelle/",
        publications.publication_create,
        name="publication-create",
    ),
    path(
        "repartition/<slug:code>/publications/<int:pk>/",
        publications.publication_detail,
        name="publication-detail",
    ),
    path(
        "repartition/<slug:code>/publications/<int:pk>/lettres/",
        letters.letters_request,
        name="letters-request",
    ),
    path(
        "repartition/<slug:code>/publications/<int:pk>/lettres/avancement/",
        letters.letters_progress,
        name="letters-progress",
    ),
    path(
        "repartition/<slug:code>/publications/<int:pk>/lettres/telecharger/",
        letters.letters_download,
        name="letters-download",
    ),
    path("repartition/<slug:code>/scenarios/", scenarios.scenario_list, name="scenario-list"),
    path("repartition/<slug:code>/scenarios/nouveau/", scenarios.scenario_create, name="scenario-create"),
    path("repartition/<slug:code>/scenarios/resultat/", scenarios.scenario_results, name="scenario-results"),
    path("repartition/<slug:code>/scenarios/comparer/", scenarios.scenario_compare, name="scenario-compare"),
    path("repartition/<slug:code>/scenarios/<int:pk>/", scenarios.scenario_detail, name="scenario-detail"),
    path(
        "repartition/<slug:code>/scenarios/<int:pk>/modifier/", scenarios.scenario_edit, name="scenario-edit"
    ),
    path(
        "repartition/<slug:code>/scenarios/<int:pk>/dupliquer/",
        scenarios.scenario_duplicate,
        name="scenario-duplicate",
    ),
    path("repartition/<slug:code>/scenarios/<int:pk>/calculer/", scenarios.scenario_run, name="scenario-run"),
    path(
        "repartition/<slug:code>/calculs/<int:pk>/classeur/",
        explanations.run_workbook_download,
        name="run-workbook",
    ),
    path(
        "repartition/<slug:code>/pourquoi/<str:territory_code>/<str:envelope_code>/<int:year>/",
        explanations.amount_explanation,
        name="amount-explanation",
    ),
    path(
        "repartition/<slug:code>/criteres/<slug:kind>/",
        allocations.allocation_criteria_export,
        name="allocation-criteria-export",
    ),
    path(
        "repartition/<slug:code>/<str:envelope_code>/calculer/",
        allocations.allocation_start,
        name="allocation-start",
    ),
    # --- Credits moved in execution
    path("contrats/<slug:reference>/financement/mouvements/", moves.moves, name="moves"),
    path("contrats/<slug:reference>/financement/mouvements/nouveau/", moves.move_create, name="move-create"),
    path(
        "contrats/<slug:reference>/financement/mouvements/exporter/", moves.moves_export, name="moves-export"
    ),
    path(
        "contrats/<slug:reference>/financement/mouvements/<int:pk>/corriger/",
        moves.move_correct,
        name="move-correct",
    ),
]
