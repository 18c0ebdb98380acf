from django.apps import AppConfig
from django.core.checks import Tags, register


class AgreementsConfig(AppConfig):
    """What the parties send, agree to and sign: exact versions of a contract, and what becomes of them."""

    name = "agreements"
    verbose_name = "Accords et versions"

    def ready(self) -> None:
        # Models can only be imported once the apps are loaded: this is Django's place for it.
        from agreements import (
            documents,
            endings,
            endings_telling,
            financial,
            financial_telling,
            page,
            preparations,
            publishing,
            telling,
        )
        from agreements.actions import financial_amendments, signed_files
        from agreements.checks import check_antivirus
        from agreements.parts import AMENDMENTS_PART, TRANSMISSIONS_PART, VERSIONS_PART
        from agreements.signing.upload import check_upload
        from agreements.transmissions import CODE, digest_lines
        from agreements.verification import VERSION_KIND
        from cdppe.accounts.digest import register_digest_section
        from cdppe.documents.registry import register_document_kind
        from contracts.journal_page import register_subject
        from contracts.notices import register_notices
        from contracts.registry import register_file_guard
        from contracts.workspace import Part, register_part
        from funding.moves import register_text_in_force

        register(check_antivirus, Tags.security, deploy=True)
        register_file_guard(check_upload)
        register_file_guard(signed_files.require_clean_file, before_serving=True)
        register_part(VERSIONS_PART)
        register_subject("transmission", "Transmissions à la DGCS")
        register_subject("signed_file", "Fichiers signés")
        register_subject("public_copy", "Mise en ligne")
        register_part(TRANSMISSIONS_PART)
        register_part(AMENDMENTS_PART)
        register_subject("amendment", "Avenants")
        register_digest_section(CODE, digest_lines, position=30)
        for kind, render in (
            (VERSION_KIND, documents.render_version),
            (documents.CHANGES_KIND, documents.render_changes),
        ):
            register_document_kind(
                kind,
                render=render,
                visible_to=documents.is_visible_to,
                may_render=documents.may_render,
                back_url=documents.versions_page,
                back_label="Revenir aux versions du contrat",
            )
        register_document_kind(
            signed_files.KIND,
            render=signed_files.examine,
            visible_to=signed_files.is_visible_to,
            may_render=signed_files.may_examine,
            back_url=signed_files.file_page,
            back_label="Revenir au fichier signé",
        )
        register_document_kind(
            publishing.PUBLIC_KIND,
            render=publishing.render_public,
            visible_to=publishing.is_visible_to,
            may_render=publishing.may_prepare,
            back_url=publishing.publication_page,
            back_label="Revenir à la mise en ligne",
        )
        register_document_kind(
            financial_amendments.KIND,
            render=financial_amendments.prepare_draft,
            visible_to=preparations.is_visible_to,
            may_render=preparations.is_visible_to,
            back_url=preparations.amendments_page,
            back_label="Revenir aux avenants financiers de l’année",
        )
        register_part(Part("agreements", "Accord et signature", "agreements:way", 95, page.measure_way))
        register_digest_section(telling.SECTION, telling.way_lines, position=15)
        register_part(Part("ending", "Fin du contrat", "agreements:ending", 97, endings.measure_ending))
        register_subject("denunciation", "Dénonciation")
        register_notices(endings.denunciation_notices)
        register_digest_section(financial_telling.SECTION, financial_telling.amendment_lines, position=20)
        register_text_in_force(financial.texts_under_amendment)
        register_digest_section(endings_telling.SECTION, endings_telling.ending_lines, position=5)
