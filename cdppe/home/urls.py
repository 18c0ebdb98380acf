from django.urls import path

from cdppe.home import views
from cdppe.home.health import health

app_name = "home"

urlpatterns = [
    path("", views.index, name="index"),
    path("sante/", health, name="health"),
    path("apercu-du-texte/", views.rich_text_preview, name="rich-text-preview"),
]
