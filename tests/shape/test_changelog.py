"""One version everywhere, and a changelog that knows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from livedash.version import __version__
from tests.shape.source_tree import FRONTEND, ROOT

HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d\d-\d\d|unreleased))?$", re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
LABEXTENSION = ROOT / "jupyter_extension" / "labextension"


def test_newest_version_of_the_changelog_is_the_package_s() -> None:
    versions = [match["version"] for match in HEADING.finditer((ROOT / "CHANGELOG.md").read_text())]
    assert versions[0] == __version__
    assert len(versions) == len(set(versions))


def test_each_heading_of_the_changelog_is_one_that_keep_a_changelog_knows() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    assert all(HEADING.match(line) for line in lines if line.startswith("## "))
    assert {line.removeprefix("### ") for line in lines if line.startswith("### ")} <= KINDS


@pytest.mark.parametrize(
    "manifest", [FRONTEND / "package.json", LABEXTENSION / "package.json"], ids=lambda p: p.parent.name
)
def test_manifests_of_the_front_end_have_the_package_s_version(manifest: Path) -> None:
    assert json.loads(manifest.read_text())["version"] == __version__


def test_lab_extension_s_entry_has_the_version_in_its_name_so_that_no_browser_keeps_the_old_one() -> None:
    entry = json.loads((LABEXTENSION / "package.json").read_text())["jupyterlab"]["_build"]["load"]
    assert __version__ in Path(entry).name
    assert (LABEXTENSION / entry).is_file()
