"""What of a pipeline Bento could not do, or would do otherwise than meant, said before anything is made."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any
from urllib.parse import urlsplit

from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.pipeline.batch import room
from k8s_audit.delivery.pipeline.model import Batch, Filter, KinesisSource, Pipeline, Sink
from k8s_audit.errors import ConfigError
from k8s_audit.faults import shown

LEAST_ROOM = 1024
"""Bytes of events in a body; less would be a mistake."""
STREAM = re.compile(r"[a-zA-Z0-9_.-]{1,128}|arn:[a-z-]+:kinesis:[a-z0-9-]+:\d{12}:stream/[a-zA-Z0-9_.-]{1,128}")
USERNAME = re.compile(r"[^\x00-\x1f\"\\{}:]{1,255}")
"""What can stand in an expression of Bento's; a colon ends a name of HTTP basic authentication in any case."""


def judge_pipeline(pipeline: Pipeline) -> None:
    """Do nothing, if it can be run as it is meant.

    Raises:
        ConfigError: with all faults.
    """
    faults = [
        f"{path}: ${{ has a meaning of its own for Bento; given: {shown(text)}"
        for path, text in _texts(pipeline, "pipeline")
        if "${" in text
    ]
    if isinstance(pipeline.source, KinesisSource) and not STREAM.fullmatch(pipeline.source.stream):
        faults.append(f"source.stream: a stream's name or ARN is needed; given: {shown(pipeline.source.stream)}")
    faults += [*_of_sink(pipeline.sink, pipeline.batch), *_of_batch(pipeline.batch), *_of_filters(pipeline.filters)]
    if faults:
        raise ConfigError(faults)


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _texts(each, f"{path}[{index}]")
    elif is_dataclass(value):
        for each in fields(value):
            yield from _texts(getattr(value, each.name), f"{path}.{each.name}")


def _of_sink(sink: Sink, batch: Batch) -> Iterator[str]:
    url = urlsplit(sink.url)
    if url.scheme not in ("http", "https") or not url.hostname:
        yield f"sink.url: http:// or https:// and a host are needed; given: {shown(sink.url)}"
    if sink.tls_server_name and sink.tls_server_name.lower() != url.hostname:
        yield (
            f"sink.tlsServerName: Bento asks a certificate for the URL's host alone, which is {url.hostname}; given:"
            f" {shown(sink.tls_server_name)}; use a URL with that name, and a name server or hostAliases that know it"
        )
    if bool(sink.client_certificate_file) != bool(sink.client_key_file):
        yield "sink: a client certificate and its key go together"
    if bool(sink.username) != bool(sink.password_file):
        yield "sink: username and password go together"
    if sink.username and sink.token_file:
        yield "sink: token and username exclude each other"
    if sink.username and not USERNAME.fullmatch(sink.username):
        yield f'sink.username: no colon, ", \\, brace or control character is possible; given: {shown(sink.username)}'
    if sink.max_in_flight < 1:
        yield f"sink.maxInFlight: at least 1; given: {sink.max_in_flight}"
    if room(sink, batch) < LEAST_ROOM:
        yield (
            f"sink.bodyLimit: {LEAST_ROOM} bytes of events, the list around them and {batch.max_events} commas must fit; given:"
            f" {sink.body_limit}"
        )


def _of_batch(batch: Batch) -> Iterator[str]:
    if batch.max_events < 1:
        yield f"batch.maxEvents: at least 1; given: {batch.max_events}"
    try:
        if seconds(batch.period) <= 0:
            yield f"batch.period: more than nothing, or a batch that is not full is never sent; given: {batch.period}"
    except ValueError as error:
        yield f"batch.period: {error}; given: {shown(batch.period)}"


def _of_filters(filters: tuple[Filter, ...]) -> Iterator[str]:
    for index, each in enumerate(filters):
        if not any((each.users, each.verbs, each.resources, each.namespaces)):
            yield f"filters[{index}]: users, verbs, resources or namespaces are needed; a filter without any drops all"
        if any(not text for _, text in _texts(each, "")):
            yield f"filters[{index}]: an empty text matches nothing"
