"""The dashboard as a Django app."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Pages, API and charts."""

    name = "dashboard"
