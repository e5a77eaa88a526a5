"""`view`: the read-only page of a link, or of rooms and dashboards for who is logged in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from livedash import clock
from livedash.errors import NotFoundError, NotLoggedInError
from livedash.server.pages import content_security_policy, error_page, view_page
from livedash.server.routes.route import Route
from livedash.wire import names
from livedash.wire.specs import DashboardSpec, dashboard_of_rooms

_NO_LOGIN = (
    "this page needs a login: open the address with the token that the server printed at its start, or a share link"
)


class View(Route):
    def get(self) -> None:
        key = self.get_query_argument("key", None)
        if key is not None and self.grant.link_id is None:
            self._log_in_and_redirect()
            return
        link = self.services.links.find(key, clock.now_s()) if key is not None else None
        spec = self._spec_of_link(link.rooms, link.dashboard) if link else self._spec_asked()
        self._send_page(spec, key, link.expires_at_s if link else None, link.label if link else "")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A person without a login goes to the login page, where the host has one."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        login_url = self.host_login_url()
        if isinstance(error, NotLoggedInError) and login_url:
            self.redirect(f"{login_url}?{urlencode({'next': self.request.uri or '/'})}")
            return
        super().write_error(status_code, **kwargs)

    def answer_error(self, code: str, message: str) -> None:
        """A person whose link has ended reads a page; who does not ask for one gets JSON as everywhere."""
        if "text/html" not in self.request.headers.get("Accept", ""):
            super().answer_error(code, message)
            return
        self._set_headers_of_page()
        self.finish(error_page(_NO_LOGIN if code == NotLoggedInError.code else message))

    def _log_in_and_redirect(self) -> None:
        """`view?key=<token>`: so that nobody copies the token as 'the link'."""
        self.host_set_cookie()
        rest = [
            (name, value)
            for name in self.request.query_arguments
            if name != "key"
            for value in self.get_query_arguments(name)
        ]
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.redirect(f"{self.request.path}?{urlencode(rest)}" if rest else self.request.path)

    def _spec_of_link(self, rooms: tuple[str, ...], dashboard: DashboardSpec | None) -> DashboardSpec:
        return dashboard or dashboard_of_rooms(rooms)

    def _spec_asked(self) -> DashboardSpec:
        name = self.get_query_argument("dashboard", None)
        if name is not None:
            spec = self.services.dashboard(name)
            if spec is None:
                raise NotFoundError(f"there is no dashboard {name!r}")
            return spec
        asked = tuple(dict.fromkeys(self.get_query_arguments("room")))
        return dashboard_of_rooms(asked or tuple(sorted(self.services.hub.rooms)) or (names.ALL,))

    def _send_page(self, spec: DashboardSpec, key: str | None, expires_at_s: float | None, label: str) -> None:
        title = spec.title or label or ", ".join("all rooms" if room == names.ALL else room for room in spec.rooms[:3])
        self._set_headers_of_page()
        base_path = self.services.config.base_path
        self.finish(view_page(spec, base_path=base_path, key=key, expires_at_s=expires_at_s, title=title))

    def _set_headers_of_page(self) -> None:
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")
        policy = content_security_policy(self.services.config.frame_ancestors)
        self.set_header(
            "Content-Security-Policy", policy
        )  # in the place of Jupyter's; a JupyterHub's forbids every frame
