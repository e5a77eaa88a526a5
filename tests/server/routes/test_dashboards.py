from __future__ import annotations

from typing import Any

import pytest

from tests.server.served import NOBODY, Served, error_of, json_of

SPEC = {"rows": [[{"kind": "line", "rooms": ["train"], "fields": ["loss"]}]], "title": "Training"}


async def put(served: Served, name: str, spec: Any = SPEC) -> Any:
    return await served.request(f"dashboards/{name}", method="PUT", body=spec)


async def test_a_dashboard_is_kept_by_its_name(served: Served) -> None:
    answer = await put(served, "run%201")
    assert (answer.code, answer.body) == (204, b"")
    spec = json_of(await served.get("dashboards/run%201"))
    assert (spec["title"], spec["rows"][0][0]["fields"]) == ("Training", ["loss"])
    assert json_of(await put_back(served, spec)) == spec


async def put_back(served: Served, spec: Any) -> Any:
    """What was read can be written again."""
    assert (await put(served, "copy", spec)).code == 204
    return await served.get("dashboards/copy")


async def test_dashboards_are_listed_by_name(served: Served) -> None:
    assert json_of(await served.get("dashboards")) == {"dashboards": []}
    for name in ("b", "a"):
        await put(served, name)
    assert json_of(await served.get("dashboards")) == {"dashboards": ["a", "b"]}


async def test_a_second_one_takes_the_firsts_place(served: Served) -> None:
    await put(served, "a")
    await put(served, "a", {**SPEC, "title": "Other"})
    assert json_of(await served.get("dashboards/a"))["title"] == "Other"


async def test_a_dashboard_that_is_not_there_is_not_found(served: Served) -> None:
    assert error_of(await served.get("dashboards/a")) == (404, "not_found")


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({"rows": []}, (400, "bad_setting")),
        ({"rows": [[{"kind": "pie", "rooms": ["train"]}]]}, (400, "bad_setting")),
        ({"rows": [[{"kind": "line", "rooms": ["open"]}]]}, (400, "bad_name")),
        ({"rows": [[{"kind": "line", "rooms": []}]]}, (400, "bad_setting")),
        ([], (400, "bad_setting")),
        (b"{", (400, "bad_message")),
    ],
)
async def test_what_is_no_dashboard_is_refused(served: Served, spec: Any, error: tuple[int, str]) -> None:
    assert error_of(await put(served, "a", spec)) == error
    assert json_of(await served.get("dashboards")) == {"dashboards": []}


async def test_a_name_has_a_bound(served: Served) -> None:
    assert error_of(await put(served, "x" * 201)) == (400, "bad_setting")


async def test_a_link_sees_no_dashboards(served: Served) -> None:
    await put(served, "a")
    key = (await served.share())["key"]
    for path in ("dashboards", "dashboards/a"):
        assert error_of(await served.get(path, headers=NOBODY, key=key)) == (403, "not_allowed")
