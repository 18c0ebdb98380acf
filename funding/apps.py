from django.apps import AppConfig


class FundingConfig(AppConfig):
    """Envelopes, criteria, allocation, notified amounts and the financing of actions."""

    name = "funding"
    verbose_name = "Financements"
