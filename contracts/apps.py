from django.apps import AppConfig


class ContractsConfig(AppConfig):
    """Campaigns, contracts, their objectives and action sheets."""

    name = "contracts"
    verbose_name = "Contrats"

    def ready(self) -> None:
        # Models can only be imported once the apps are loaded: this is Django's place for it.
        from cdppe.accounts.digest import register_digest_section
        from cdppe.documents.registry import register_document_kind
        from cdppe.lib.gestures import register_recorder
        from contracts import document, exchanges, history, kept, places, reminders, rules
        from contracts.actions.journal import record_elsewhere
        from contracts.compliance import register_facts, register_rule
        from contracts.parts import PARTS
        from contracts.registry import register_blank_filler
        from contracts.search import register_source
        from contracts.searched import SOURCES
        from contracts.workspace import register_part

        register_blank_filler(document.contract_blanks)
        register_document_kind(
            document.KIND,
            render=document.render_subject,
            visible_to=document.is_visible_to,
            may_render=document.may_render,
            back_url=document.document_page,
            back_label="Revenir au document du contrat",
        )
        for part in PARTS:
            register_part(part)
        places.register_locator("sheets", places.locate_sheets)
        places.register_locator("details", places.locate_details)
        places.register_locator("calendar", places.locate_calendar)
        register_digest_section(reminders.SECTION, reminders.due_lines, position=10)
        register_digest_section(exchanges.CODE, exchanges.digest_lines, position=20)
        places.register_locator(exchanges.CODE, exchanges.locate_exchanges)
        places.register_locator("diagnosis", places.locate_diagnosis)
        places.register_locator("objectives", places.locate_objectives)
        register_facts("contract", rules.load_contract_facts)
        register_facts("contacts", rules.load_contact_facts)
        register_facts("odpe", rules.load_odpe_facts)
        rules.register_deadline_proof(rules.settled_deadlines)
        for rule in rules.RULES:
            register_rule(rule)
        for source in SOURCES:
            register_source(source)
        history.register_reader("sheets", kept.read_sheets)
        history.register_reader("details", kept.read_details)
        history.register_reader("details", kept.read_contacts)
        history.register_reader("objectives", kept.read_objectives)
        history.register_reader("calendar", kept.read_calendar)
        history.register_restorer("calendar", kept.restore_step_text)
        history.register_restorer("sheets", kept.restore_sheet_text)
        history.register_restorer("details", kept.restore_detail)
        history.register_reader("diagnosis", kept.read_diagnosis)
        history.register_restorer("diagnosis", kept.restore_diagnosis)
        register_recorder(record_elsewhere)
