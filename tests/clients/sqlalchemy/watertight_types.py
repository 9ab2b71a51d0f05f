"""For columns that a model itself makes encrypted. In Python their values are str."""

from sqlalchemy.types import UserDefinedType


class EncryptedText(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **_):
        return "watertight.encrypted_text"


class SearchableText(EncryptedText):
    def get_col_spec(self, **_):
        return "watertight.searchable_text"
