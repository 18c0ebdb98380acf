from django.apps import AppConfig


class FundingConfig(AppConfig):
    """Envelopes, criteria, allocation, notified amounts and the financing of actions."""

    name = "funding"
    verbose_name = "Financements"

    def ready(self) -> None:
        # Models can only be imported once the apps are loaded: this is Django's place for it.
        from contracts.registry import register_annex, register_blank_filler, register_campaign_part
        from funding.actions.campaigns import apply_envelopes
        from funding.document import PLAN_ANNEX, SHEETS_ANNEX, envelope_blanks

        register_campaign_part(apply_envelopes)
        register_blank_filler(envelope_blanks)
        register_annex(PLAN_ANNEX)
        register_annex(SHEETS_ANNEX)
