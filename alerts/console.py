"""Where mail goes while EMAIL_URL is not set: to standard error, as programs read what commands print."""

import sys
from typing import Any

from django.core.mail.backends.console import EmailBackend


class StderrBackend(EmailBackend):
    """Prints mails on standard error."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"stream": sys.stderr, **options})
