from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("cdppe.home.urls")),
    path("", include("cdppe.accounts.urls")),
    path("documents/", include("cdppe.documents.urls")),
    path("", include("contracts.urls")),
    path("", include("funding.urls")),
    path("", include("indicators.urls")),
    path("", include("agreements.urls")),
    path("administration/", admin.site.urls),
]
