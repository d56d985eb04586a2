"""What was seen, as a Django app."""

from django.apps import AppConfig


class ProbesConfig(AppConfig):
    """What was seen and whether it is well."""

    name = "probes"
    verbose_name = "What was seen"

    def ready(self) -> None:
        """Hear of settings that change what pictures show."""
        from probes.outdating import listen  # rows are known only from now on

        listen()
