"""The app's name."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """How people are told."""

    name = "alerts"
    verbose_name = "How people are told"
