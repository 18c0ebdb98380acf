from django.apps import AppConfig


class HomeConfig(AppConfig):
    """Pages and commands that cross the apps."""

    name = "cdppe.home"
    label = "home"
    verbose_name = "Accueil"
