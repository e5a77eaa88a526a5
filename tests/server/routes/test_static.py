from __future__ import annotations

import gzip

import pytest

from livedash.server.static_files import static_file
from tests.server.served import NOBODY, Served, error_of


def expected(name: str = "client.js") -> bytes:
    file = static_file(name)
    assert file is not None
    return file.content


async def test_the_front_end_needs_no_login_and_may_be_used_from_anywhere(served: Served) -> None:
    answer = await served.get("static/client.js", headers=NOBODY)
    assert (answer.code, answer.body) == (200, expected())
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_it_is_sent_zipped_to_who_takes_that(served: Served) -> None:
    answer = await served.get("static/client.js", headers={"Accept-Encoding": "br, gzip"})
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.body) == expected()


async def test_plotly_comes_from_the_installed_package(served: Served) -> None:
    answer = await served.get("static/plotly.min.js", headers={"Accept-Encoding": "gzip"})
    assert b"plotly.js" in gzip.decompress(answer.body)[:200]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_who_has_the_file_already_is_told_so(served: Served, form: str) -> None:
    etag = (await served.get("static/client.js", headers=NOBODY)).headers["Etag"]
    answer = await served.get("static/client.js", headers={"If-None-Match": form.format(etag)})
    assert (answer.code, answer.body, answer.headers["Etag"]) == (304, b"", etag)


async def test_who_has_another_file_gets_this_one(served: Served) -> None:
    answer = await served.get("static/client.js", headers={"If-None-Match": '"other"'})
    assert (answer.code, answer.body) == (200, expected())


async def test_a_versioned_address_is_kept_for_ever_and_a_plain_one_is_asked_for_again(served: Served) -> None:
    plain = await served.get("static/client.js", headers=NOBODY)
    versioned = await served.get("static/client.js", headers=NOBODY, v="abc")
    assert plain.headers["Cache-Control"] == "no-cache"
    assert versioned.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "name",
    ["nothing.js", "..%2Fclient.js", "%2e%2e%2f..%2fpyproject.toml", "client", "client.js%00", ".js", "%2Fetc%2Fx.js"],
)
async def test_what_is_no_file_of_the_front_end_is_not_found(served: Served, name: str) -> None:
    assert error_of(await served.get(f"static/{name}", headers=NOBODY)) == (404, "not_found")


async def test_nothing_can_be_put_there(served: Served) -> None:
    answer = await served.post("static/client.js", b"x")
    assert error_of(answer) == (405, "http_error")
