"""Tells every hub's contacts by mail, and on Mondays how it is, until somebody chooses otherwise."""

from django.db import migrations

NAME = "hub contacts"


def tell_contacts(apps, schema_editor):
    channel, is_new = apps.get_model("alerts", "Channel").objects.get_or_create(
        name=NAME, defaults={"kind": "email", "weekly_on": 0}
    )
    if is_new:
        apps.get_model("alerts", "Route").objects.create(channel=channel, least="notice")


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_initial")]
    operations = [migrations.RunPython(tell_contacts, migrations.RunPython.noop)]
