from django.urls import path

from funding.views import action_sheets, plans

app_name = "funding"

urlpatterns = [
    path("contrats/<slug:reference>/fiches/nouvelle/", action_sheets.sheet_create, name="sheet-create"),
    path(
        "contrats/<slug:reference>/fiches/nouvelle/totaux/",
        action_sheets.sheet_totals,
        name="sheet-create-totals",
    ),
    path("contrats/<slug:reference>/fiches/<int:number>/", action_sheets.sheet_edit, name="sheet-edit"),
    path(
        "contrats/<slug:reference>/fiches/<int:number>/totaux/",
        action_sheets.sheet_totals,
        name="sheet-totals",
    ),
    path("contrats/<slug:reference>/plan-d-action/", plans.action_plan, name="action-plan"),
]
