from django.apps import AppConfig


class ContractsConfig(AppConfig):
    """Campaigns, contracts, their objectives and action sheets."""

    name = "contracts"
    verbose_name = "Contrats"
