from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("probes", "0006_stored_pictures"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="repomonth",
            index=models.Index(
                condition=models.Q(("tarballs__gt", 0)),
                fields=["replica", "tarballs", "size_bytes"],
                name="months_with_tarballs",
            ),
        ),
    ]
