from __future__ import annotations

from django.urls import path

from agreements.views import signed_files, versions

app_name = "agreements"

urlpatterns = [
    # --- Versions
    path("contrats/<slug:reference>/versions/", versions.versions, name="versions"),
    path("contrats/<slug:reference>/versions/comparer/", versions.versions_compare, name="versions-compare"),
    path("contrats/<slug:reference>/versions/changements/", versions.changes_render, name="changes-render"),
    path("contrats/<slug:reference>/versions/<int:number>/", versions.version, name="version"),
    path(
        "contrats/<slug:reference>/versions/<int:number>/pdf/", versions.version_render, name="version-render"
    ),
    # --- Signed files
    path(
        "fichiers-signes/<uuid:uid>/telecharger/",
        signed_files.signed_file_download,
        name="signed-file-download",
    ),
]
