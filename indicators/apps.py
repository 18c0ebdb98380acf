from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    """Indicators, their values and the tableau de bord."""

    name = "indicators"
    verbose_name = "Indicateurs"
