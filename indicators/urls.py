from django.urls import path

from indicators.views import dashboard, local_indicators

app_name = "indicators"

urlpatterns = [
    path("contrats/<slug:reference>/tableau-de-bord/", dashboard.dashboard, name="dashboard"),
    path(
        "contrats/<slug:reference>/tableau-de-bord/modifier/",
        dashboard.dashboard_fill,
        name="dashboard-fill",
    ),
    path(
        "contrats/<slug:reference>/tableau-de-bord/<slug:section_key>/modifier/",
        dashboard.dashboard_edit,
        name="dashboard-edit",
    ),
    path(
        "contrats/<slug:reference>/tableau-de-bord/<slug:section_key>/indicateurs/nouveau/",
        local_indicators.local_indicator_create,
        name="local-indicator-create",
    ),
    path(
        "contrats/<slug:reference>/tableau-de-bord/indicateurs/<int:indicator_id>/modifier/",
        local_indicators.local_indicator_edit,
        name="local-indicator-edit",
    ),
    path(
        "contrats/<slug:reference>/tableau-de-bord/indicateurs/<int:indicator_id>/supprimer/",
        local_indicators.local_indicator_delete,
        name="local-indicator-delete",
    ),
]
