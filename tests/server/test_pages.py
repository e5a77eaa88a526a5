from __future__ import annotations

import json
import re
from typing import Any

import pytest

from livedash.server.pages import content_security_policy, view_page
from livedash.server.static_files import front_end_version
from livedash.wire.specs import DashboardSpec, PanelSpec, dashboard_of_rooms

HOSTILE = "</script><script>alert(1)</script><!-- & {braces} 'quotes' \"and\" \u2028"


def page(spec: DashboardSpec | None = None, **given: Any) -> str:
    options = {"base_path": "/livedash/", "key": None, "expires_at_s": None, "title": "Training", **given}
    return view_page(spec or dashboard_of_rooms(("train",)), **options)


def content(text: str) -> Any:
    found = re.search(r'id="livedash-page">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_page_hands_over_what_to_show_and_where() -> None:
    assert content(page(key="k", expires_at_s=5.0)) == {
        "spec": {"rows": [[content(page())["spec"]["rows"][0][0]]], "title": None, "version": 1},
        "base": "/livedash/",
        "key": "k",
        "title": "Training",
        "expires_at": 5.0,
    }
    assert content(page())["spec"]["rows"][0][0]["rooms"] == ["train"]


def test_a_page_loads_this_builds_front_end_from_its_own_base() -> None:
    assert f'src="/a%40b/livedash/static/page.js?v={front_end_version()}"' in page(base_path="/a%40b/livedash/")


def test_no_text_of_a_user_ends_the_script_or_the_title() -> None:
    panel = PanelSpec("line", ("train",), title=HOSTILE, options={HOSTILE: HOSTILE})
    text = page(DashboardSpec(((panel,),), title=HOSTILE), key=HOSTILE, title=HOSTILE)
    assert text.count("<script") == text.count("</script>") == 2
    assert "<!--" not in text
    assert text.count("<title>") == 1
    shown = content(text)
    assert (shown["title"], shown["key"], shown["spec"]["rows"][0][0]["title"]) == (HOSTILE, HOSTILE, HOSTILE)


def test_no_base_path_ends_an_attribute() -> None:
    assert 'src="/&quot;&gt;&lt;b/static' in page(base_path='/"><b/')


@pytest.mark.parametrize("part", ["default-src 'none'", "script-src 'self'", "base-uri 'none'", "form-action 'none'"])
def test_a_page_runs_no_code_but_our_own(part: str) -> None:
    assert part in content_security_policy(("'self'",)).split("; ")
    assert "'unsafe-eval'" not in content_security_policy(("'self'",))


def test_who_may_embed_a_page_is_set_by_whoever_runs_the_server() -> None:
    policy = content_security_policy(("'self'", "https://lab.example.org"))
    assert policy.endswith("; frame-ancestors 'self' https://lab.example.org")
