from django.apps import AppConfig


class FundingConfig(AppConfig):
    """Envelopes, criteria, allocation, notified amounts and the financing of actions."""

    name = "funding"
    verbose_name = "Financements"

    def ready(self) -> None:
        # Models can only be imported once the apps are loaded: this is Django's place for it.
        from contracts.registry import register_campaign_part  # noqa: PLC0415
        from funding.actions.campaigns import apply_envelopes  # noqa: PLC0415

        register_campaign_part(apply_envelopes)
