"""A clinic as any Django application would model it."""

from django.db import models

from watertight_django.fields import EncryptedTextField


class Doctor(models.Model):
    email = models.EmailField(unique=True)
    name = models.TextField()
    logins = models.IntegerField(default=0)


class Patient(models.Model):
    id = models.IntegerField(primary_key=True)
    name = models.TextField()
    born = models.DateField(null=True)


class Label(models.Model):
    name = models.TextField()


class Visit(models.Model):
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="visits")
    doctor = models.ForeignKey(Doctor, models.SET_NULL, null=True, related_name="visits")
    reason = models.TextField()
    cost = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    seen_at = models.DateTimeField(auto_now_add=True)
    labels = models.ManyToManyField(Label)
    note = models.TextField(default="none")

    class Meta:
        indexes = [models.Index(fields=["seen_at"], name="visit_seen_at")]


class Person(models.Model):
    # An administrator encrypts these two: see ../protect.sql.
    name = models.TextField()
    ssn = models.TextField()
    # This one is made encrypted, by the second migration.
    note = EncryptedTextField(null=True)

    class Meta:
        # Not `unique=True`, which also makes an index for LIKE: that needs plain text.
        constraints = [models.UniqueConstraint(fields=["ssn"], name="person_ssn")]
