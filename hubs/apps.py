"""The inventory as a Django app."""

from django.apps import AppConfig


class HubsConfig(AppConfig):
    """What is watched."""

    name = "hubs"
    verbose_name = "What is watched"
