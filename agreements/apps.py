from django.apps import AppConfig
from django.core.checks import Tags, register


class AgreementsConfig(AppConfig):
    """What the parties send, agree to and sign: exact versions of a contract, and what becomes of them."""

    name = "agreements"
    verbose_name = "Accords et versions"

    def ready(self) -> None:
        from agreements.actions import signed_files
        from agreements.checks import check_antivirus
        from cdppe.documents.registry import register_document_kind

        register(check_antivirus, Tags.security, deploy=True)
        register_document_kind(
            signed_files.KIND,
            render=signed_files.examine,
            visible_to=signed_files.is_visible_to,
            may_render=signed_files.may_examine,
            back_url=signed_files.contract_page,
            back_label="Revenir au contrat",
        )
