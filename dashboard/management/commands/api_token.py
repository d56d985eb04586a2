"""`api_token`: makes a token of the API for a user."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from dashboard.models import Scope
from dashboard.tokens.making import make_token
from hubs.commands import EX_USAGE, WatchCommand


class Command(WatchCommand):
    """Make a token."""

    help = (
        "Make a token of the API for a user and print it on standard output: this once, as only its hash is stored. "
        "It may what its user may, and of that what its scopes name."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER", help="name of a user")
        parser.add_argument("--label", required=True, help="what uses it, and where")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            dest="scopes",
            help="what it is for; several times for several; read when it is left out",
        )
        parser.add_argument(
            "--days", type=int, metavar="N", help="it ends by itself after so many days"
        )
        self.add_format(parser)

    def handle(self, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"there is no active user {options['user']}", returncode=EX_USAGE)
        now = timezone.now()
        scopes = list(dict.fromkeys(options["scopes"] or [Scope.READ.value]))
        days = options["days"]
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--days: write a number from 1 to 36500", returncode=EX_USAGE)
        try:
            expires_at = now + timedelta(days=days) if days else None
            token, secret = make_token(user, options["label"], scopes, now, expires_at)
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages), returncode=EX_USAGE) from None
        if options["format"] == "json":
            self.print_json(
                {
                    "token": secret,
                    "user": user.get_username(),
                    "label": token.label,
                    "scopes": token.scopes,
                    "expires_at": token.expires_at,
                }
            )
            return
        self.stdout.write(secret)
