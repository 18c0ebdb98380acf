from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents rendered in the background and the files that came out; knows no contract."""

    name = "cdppe.documents"
    label = "documents"
    verbose_name = "Documents"
