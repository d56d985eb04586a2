"""Registers the start-up checks."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The site as an app, for its checks and its `demo` command."""

    name = "scmmon_site"

    def ready(self) -> None:
        """Register the numbered checks."""
        from scmmon_site import checks  # noqa: F401
