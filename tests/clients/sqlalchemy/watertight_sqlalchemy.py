"""Gives every transaction of a SQLAlchemy engine the token of the request that it serves."""

from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Engine, event, text

_token: ContextVar[str | None] = ContextVar("watertight_token", default=None)
_BEGIN = text("SELECT watertight.begin(:token)")


class _Secret(str):
    """Is sent as the text it is. SQLAlchemy's log and error messages show parameters by repr()."""

    def __repr__(self) -> str:
        return "<token>"


@contextmanager
def acting_with(token: str):
    """Transactions that begin inside this block, in this thread or task, belong to this token."""
    reset = _token.set(_Secret(token))
    try:
        yield
    finally:
        _token.reset(reset)


def install(engine: Engine) -> None:
    """Call it once per engine; for an AsyncEngine, with its `sync_engine`."""

    @event.listens_for(engine, "begin")
    def present_token(connection):
        if (token := _token.get()) is not None:
            connection.execute(_BEGIN, {"token": token})
