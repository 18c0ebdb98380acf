from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    """What the parties send, agree to and sign: exact versions of a contract, and what becomes of them."""

    name = "agreements"
    verbose_name = "Accords et versions"
