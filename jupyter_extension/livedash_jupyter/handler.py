"""Jupyter as the host of our routes: its login, its authorizer, its rules for origins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler

from livedash.server.auth import By, HostHandler

AUTH_RESOURCE = "livedash"
_VERBS = ("get", "head", "post", "put", "delete", "options")


class JupyterHost(HostHandler, JupyterHandler):
    """A link's key must work without a login, so each verb is marked as open to Jupyter, and Route finds the grant."""

    auth_resource = AUTH_RESOURCE
    host_unknown_status = 403  # as Jupyter's own API answers

    async def host_login(self) -> tuple[str, By] | None:
        user = self.current_user
        if user is None:
            return None
        return str(user.username), By.HEADER if self.token_authenticated else By.COOKIE

    async def host_may(self, action: str) -> bool:
        allowed = self.authorizer.is_authorized(self, self.current_user, action, AUTH_RESOURCE)
        return bool(await ensure_async(allowed))

    def host_origin_is_ours(self) -> bool:
        return "Origin" in self.request.headers and bool(JupyterHandler.check_origin(self))

    def host_login_url(self) -> str | None:
        return self.get_login_url() if self.identity_provider.login_available else None

    def get_origin(self) -> str | None:
        return self.request.headers.get("Origin")


def as_open(handler: type[Any]) -> type[Any]:
    """Marks each verb that the class answers as one whose caller it finds itself."""
    for verb in _VERBS:
        method = getattr(handler, verb, None)
        if method is not None:
            setattr(handler, verb, _marked(cast(Callable[..., Any], method)))
    return handler


def _marked(method: Callable[..., Any]) -> Callable[..., Any]:
    marked: Callable[..., Any] = allow_unauthenticated(method)
    return marked
