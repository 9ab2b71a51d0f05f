"""For columns that a model itself makes encrypted."""

from django.db import models


class EncryptedTextField(models.TextField):
    def db_type(self, connection):
        return "watertight.encrypted_text"


class SearchableTextField(models.TextField):
    def db_type(self, connection):
        return "watertight.searchable_text"
