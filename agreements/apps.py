from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    """What the parties send, agree to and sign: exact versions of a contract, and what becomes of them."""

    name = "agreements"
    verbose_name = "Accords et versions"

    def ready(self) -> None:
        # Models can only be imported once the apps are loaded: this is Django's place for it.
        from agreements import documents
        from agreements.parts import VERSIONS_PART
        from cdppe.documents.registry import register_document_kind
        from contracts.workspace import register_part

        register_part(VERSIONS_PART)
        for kind, render in (
            (documents.VERSION_KIND, documents.render_version),
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
