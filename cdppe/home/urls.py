from django.urls import path

from cdppe.home import legal, views
from cdppe.home.health import health

app_name = "home"

urlpatterns = [
    path("", views.index, name="index"),
    path("sante/", health, name="health"),
    path("apercu-du-texte/", views.rich_text_preview, name="rich-text-preview"),
    path("mentions-legales/", legal.legal_notice, name="legal-notice"),
    path("accessibilite/", legal.accessibility, name="accessibility"),
    path("donnees-personnelles/", legal.personal_data, name="personal-data"),
    path("plan-du-site/", legal.site_map, name="site-map"),
]
