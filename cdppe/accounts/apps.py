from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, their institutions and the territories these stand for."""

    name = "cdppe.accounts"
    label = "accounts"
    verbose_name = "Personnes et institutions"
