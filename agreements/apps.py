from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    """What the parties send, agree to and sign: exact versions of a contract, and what becomes of them."""

    name = "agreements"
    verbose_name = "Accords et versions"

    def ready(self) -> None:
        # Models can only be imported once the apps are loaded: this is Django's place for it.
        from agreements import page, telling
        from cdppe.accounts.digest import register_digest_section
        from contracts.workspace import Part, register_part

        register_part(Part("agreements", "Accord et signature", "agreements:way", 95, page.measure_way))
        register_digest_section(telling.SECTION, telling.way_lines, position=15)
