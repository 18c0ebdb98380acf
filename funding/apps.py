from django.apps import AppConfig

SUBJECTS = {
    "figures": "Chiffres des critères",
    "scenario": "Scénarios de répartition",
    "allocation": "Répartitions",
    "amounts": "Montants notifiés",
    "letter": "Lettres de notification",
}
"""What the journal calls the gestures on the nation's amounts."""


class FundingConfig(AppConfig):
    """Envelopes, criteria, allocation, notified amounts and the financing of actions."""

    name = "funding"
    verbose_name = "Financements"

    def ready(self) -> None:
        # Models can only be imported once the apps are loaded: this is Django's place for it.
        from cdppe.accounts.digest import register_digest_section
        from cdppe.documents.registry import register_document_kind
        from contracts.compliance import register_facts, register_rule
        from contracts.history import register_reader, register_restorer
        from contracts.journal_page import register_subject
        from contracts.places import register_locator
        from contracts.registry import register_annex, register_blank_filler, register_campaign_part
        from contracts.workspace import register_part
        from funding import compliance, expenses, kept, letters, moves_telling, places
        from funding.actions.campaigns import apply_envelopes
        from funding.actions.letters import KIND, letter_is_done
        from funding.document import PLAN_ANNEX, SHEETS_ANNEX, envelope_blanks
        from funding.parts import FINANCING_PART, PLAN_PART, locate_financing

        for noun, label in SUBJECTS.items():
            register_subject(noun, label)
        register_part(PLAN_PART)
        register_part(FINANCING_PART)
        register_locator("financing", locate_financing)
        register_locator("plan", places.locate_plan)
        register_facts("funding", compliance.load_funding_facts)
        register_facts("own-means", compliance.load_own_means_facts)
        for rule in compliance.RULES:
            register_rule(rule)
        register_reader("sheets", kept.read_amounts)
        register_reader("sheets", kept.read_expenses)
        register_reader("financing", kept.read_own_means)
        register_restorer("sheets", kept.restore_amount, prefix="amount-")
        register_restorer("sheets", kept.restore_expense, prefix=expenses.NATURE_PREFIX)
        register_restorer("sheets", kept.restore_expense, prefix=expenses.REPLACES_PREFIX)
        register_restorer("financing", kept.restore_own_means)
        register_campaign_part(apply_envelopes)
        register_blank_filler(envelope_blanks)
        register_annex(PLAN_ANNEX)
        register_annex(SHEETS_ANNEX)
        register_subject("credit_move", "Mouvements de crédits")
        register_digest_section(moves_telling.SECTION, moves_telling.move_lines, position=35)
        register_document_kind(
            KIND,
            render=letters.render_subject,
            visible_to=letters.is_visible_to,
            may_render=letters.may_render,
            back_url=letters.back_url,
            back_label="Revenir au contrat",
            on_done=letter_is_done,
            back_for=letters.back_for,
        )
