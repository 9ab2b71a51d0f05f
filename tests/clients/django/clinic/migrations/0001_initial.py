from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("Doctor", [
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("email", models.EmailField(max_length=254, unique=True)),
            ("name", models.TextField()),
            ("logins", models.IntegerField(default=0)),
        ]),
        migrations.CreateModel("Patient", [
            ("id", models.IntegerField(primary_key=True, serialize=False)),
            ("name", models.TextField()),
            ("born", models.DateField(null=True)),
        ]),
        migrations.CreateModel("Label", [
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("name", models.TextField()),
        ]),
        migrations.CreateModel("Visit", [
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("patient", models.ForeignKey("clinic.patient", models.CASCADE, related_name="visits")),
            ("doctor", models.ForeignKey("clinic.doctor", models.SET_NULL, null=True, related_name="visits")),
            ("reason", models.TextField()),
            ("cost", models.DecimalField(max_digits=10, decimal_places=2, default=0)),
            ("seen_at", models.DateTimeField(auto_now_add=True)),
            ("labels", models.ManyToManyField("clinic.label")),
        ]),
        migrations.CreateModel("Person", [
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("name", models.TextField()),
            ("ssn", models.TextField()),
        ]),
        migrations.AddConstraint("Person", models.UniqueConstraint(fields=["ssn"], name="person_ssn")),
    ]
