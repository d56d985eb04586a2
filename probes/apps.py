"""What was seen, as a Django app."""

from django.apps import AppConfig


class ProbesConfig(AppConfig):
    """What was seen and whether it is well."""

    name = "probes"
    verbose_name = "What was seen"
