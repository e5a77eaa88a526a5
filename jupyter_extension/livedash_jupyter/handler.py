"""Jupyter as the host of our routes: its login, its authorizer, its rules for origins."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, cast

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler

from livedash.server.auth import By, HostHandler

AUTH_RESOURCE = "livedash"
_OWNER = "owner"
_VERBS = ("get", "head", "post", "put", "delete", "options")


class JupyterHost(HostHandler, JupyterHandler):
    """A link's key must work without a login, so each verb is marked as open to Jupyter, and Route finds the grant."""

    auth_resource = AUTH_RESOURCE
    host_unknown_status = 403  # as Jupyter's own API answers

    async def host_login(self) -> tuple[str, By] | None:
        user = self.current_user
        if user is None:
            return None
        if not self.token_authenticated:
            return str(user.username), By.COOKIE
        return (_OWNER if self._has_servers_token() else str(user.username)), By.HEADER

    async def host_may(self, action: str) -> bool:
        allowed = self.authorizer.is_authorized(self, self.current_user, action, AUTH_RESOURCE)
        return bool(await ensure_async(allowed))

    def host_origin_is_ours(self) -> bool:
        return "Origin" in self.request.headers and bool(JupyterHandler.check_origin(self))

    def host_label(self, principal: str) -> str:
        return principal if principal == _OWNER else str(self.current_user.display_name)

    def host_login_url(self) -> str | None:
        return self.get_login_url() if self.identity_provider.login_available else None

    def _has_servers_token(self) -> bool:
        """It is one for all, and Jupyter invents a new user for each request that shows it."""
        provider = self.identity_provider
        shown = provider.get_token(self) or ""
        return bool(provider.token) and hmac.compare_digest(shown.encode(), provider.token.encode())

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
