from django.apps import AppConfig


class HomeConfig(AppConfig):
    name = "cdppe.home"
    label = "home"
    verbose_name = "Accueil et pages transversales"
