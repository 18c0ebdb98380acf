from __future__ import annotations

from django.urls import path

from agreements.views import signed_files

app_name = "agreements"

urlpatterns = [
    path(
        "fichiers-signes/<uuid:uid>/telecharger/",
        signed_files.signed_file_download,
        name="signed-file-download",
    ),
]
