"""The token of the request that is being served, from its Authorization header."""

from contextlib import contextmanager
from contextvars import ContextVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.db import DatabaseError
from django.http import HttpResponse

current_token: ContextVar[str | None] = ContextVar("watertight_token", default=None)


@contextmanager
def acting_with(token: str | None):
    """Transactions that begin inside this block belong to this token. For commands and tasks; requests have the middleware."""
    reset = current_token.set(token)
    try:
        yield
    finally:
        current_token.reset(reset)


def bearer(request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class TokenMiddleware:
    sync_capable = async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request):
        if iscoroutinefunction(self):
            return self.serve_async(request)
        with acting_with(bearer(request)):
            return self.get_response(request)

    async def serve_async(self, request):
        with acting_with(bearer(request)):
            return await self.get_response(request)

    def process_exception(self, request, error):
        """A token that PostgreSQL refuses, or none where one is needed, is the client's mistake and not the server's."""
        if isinstance(error, DatabaseError) and getattr(error.__cause__, "sqlstate", None) == "28000":
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
        return None
