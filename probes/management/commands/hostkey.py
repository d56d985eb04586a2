"""`hostkey`: shows a node's host key, and pins it."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from hubs.commands import WatchCommand
from hubs.models import Node
from probes.look.transport import TransportError, fetch_host_key, known_hosts_file, pin_host_key
from probes.pipeline import address_of
from probes.reports import EX_INTERNAL, EX_USAGE


class Command(WatchCommand):
    """Show or pin a host key."""

    help = (
        "Show the host key that a node presents, without logging in. With --pin the key is added to the node's "
        "known_hosts file, if its fingerprint is the one given: compare that with what the machine's owner tells you."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("node", metavar="NODE", help="tag of a node")
        parser.add_argument("--pin", metavar="FINGERPRINT", help="SHA256:… as its owner tells you")
        self.add_format(parser)

    def handle(self, **options: Any) -> None:
        node = Node.objects.filter(tag=options["node"], transport=Node.Transport.SSH).first()
        if node is None:
            raise CommandError(f"there is no SSH node {options['node']}", returncode=EX_USAGE)
        address = address_of(node)
        try:
            key = fetch_host_key(address)
        except TransportError as problem:
            raise CommandError(str(problem), returncode=EX_INTERNAL) from None
        if options["pin"] and options["pin"] != key.fingerprint:
            raise CommandError(
                f"{node.tag} shows {key.fingerprint}, not {options['pin']}: nothing was pinned"
            )
        file = known_hosts_file(address)
        if options["pin"] and key.pinned:
            raise CommandError(
                f"the key of {node.tag} has CHANGED: pinned is {key.pinned}, it shows {key.fingerprint}. Nothing was "
                f"pinned. If that is right, first take the old one away: ssh-keygen -R '{key.name}' -f {file}"
            )
        if options["pin"] and not key.known:
            pin_host_key(address, key)
        known = key.known or bool(options["pin"])
        if options["format"] == "json":
            self.print_json(key._asdict() | {"known": known, "file": str(file)})
            return
        self.stdout.write(f"{key.kind} {key.fingerprint}")
        if key.pinned:
            self.stdout.write(f"CHANGED: pinned in {file} is {key.pinned}")
            return
        self.stdout.write(f"{'known in' if known else 'NOT in'} {file}")
        if not known:
            self.stdout.write(f"to pin it: manage.py hostkey {node.tag} --pin {key.fingerprint}")
