from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    """Indicators, their values and the tableau de bord."""

    name = "indicators"
    verbose_name = "Indicateurs"

    def ready(self) -> None:
        # Models can only be imported once the apps are loaded: this is Django's place for it.
        from contracts.compliance import register_facts, register_rule
        from contracts.history import register_reader, register_restorer
        from contracts.places import register_locator
        from contracts.registry import register_annex, register_campaign_part
        from contracts.search import register_source
        from contracts.workspace import register_part
        from indicators import compliance
        from indicators.actions.campaigns import apply_indicators
        from indicators.document import DASHBOARD_ANNEX
        from indicators.kept import read_dashboard, restore_cell
        from indicators.parts import DASHBOARD_PART
        from indicators.places import DASHBOARD, locate_cells
        from indicators.searched import SOURCES

        register_part(DASHBOARD_PART)
        register_locator(DASHBOARD, locate_cells)
        for source in SOURCES:
            register_source(source)
        register_reader("dashboard", read_dashboard)
        register_restorer("dashboard", restore_cell)
        register_campaign_part(apply_indicators)
        register_annex(DASHBOARD_ANNEX)
        register_facts("indicators", compliance.load_indicator_facts)
        for rule in compliance.RULES:
            register_rule(rule)
