"""Which hub a command speaks to."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from livedash.client.endpoint import TOKEN_VARIABLE, URL_VARIABLE, Endpoint, endpoint_of_environment, endpoint_of_url
from livedash.client.remote import RemoteHub
from livedash.errors import UnreachableError

Url = Annotated[str | None, typer.Option("--url", help="The hub; else LIVEDASH_URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]


def asked_endpoint(url: str | None) -> Endpoint:
    """`--url`, else LIVEDASH_URL. Raises UnreachableError where neither says."""
    if url:
        return endpoint_of_url(url, os.environ.get(TOKEN_VARIABLE))
    endpoint = endpoint_of_environment()
    if endpoint is None:
        raise UnreachableError(
            f"no hub is named: start one by `livedash serve`, then set {URL_VARIABLE} and {TOKEN_VARIABLE} to what it prints"
        )
    return endpoint


def asked_hub(url: str | None) -> RemoteHub:
    return RemoteHub(asked_endpoint(url))
