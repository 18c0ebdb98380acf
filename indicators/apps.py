from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    """Indicators, their values and the tableau de bord."""

    name = "indicators"
    verbose_name = "Indicateurs"

    def ready(self) -> None:
        # Models can only be imported once the apps are loaded: this is Django's place for it.
        from contracts.registry import register_campaign_part  # noqa: PLC0415
        from indicators.actions.campaigns import apply_indicators  # noqa: PLC0415

        register_campaign_part(apply_indicators)
