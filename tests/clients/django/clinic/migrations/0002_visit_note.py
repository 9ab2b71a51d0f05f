"""Comes after the tables were protected."""

from django.db import migrations, models

from watertight_django.fields import EncryptedTextField


class Migration(migrations.Migration):
    dependencies = [("clinic", "0001_initial")]
    operations = [
        migrations.AddField("Visit", "note", models.TextField(default="none")),
        migrations.AddField("Person", "note", EncryptedTextField(null=True)),
        migrations.AddIndex("Visit", models.Index(fields=["seen_at"], name="visit_seen_at")),
    ]
