from django.urls import URLPattern, path

from cdppe.home.health import health

app_name = "home"

urlpatterns: list[URLPattern] = [
    path("sante/", health, name="health"),
]
