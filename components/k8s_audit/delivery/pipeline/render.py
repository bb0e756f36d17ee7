"""A pipeline as the text of Bento's configuration. Pure: the same bytes for the same pipeline, no secret in it.

    input → source's processors → decoder → event.py (judged, filtered, annotated, counted) → batch → receiver
                                                                            dead letter ←───────────────┘

A decoder is a list of processors, and statements about each message that they leave (event.Decoding). The processors get one message, a record
as the source has it (decompressed), without metadata. They leave one message an event, whose content is the event's JSON unless the
statements make it that. On each they may set the metadata `cluster`, `region` (where the record tells them), `truncated` (any value: counted),
`skipped` (a reason: counted and dropped, whatever its content), or `dead_letter` (a reason; its content is what could not be taken). When one fails (`throw`), the message as it was before becomes a dead letter too,
and Bento logs the failure's words. Whether what they leave is an audit event, they need not ask.
"""

from dataclasses import replace
from typing import Any

import yaml

from k8s_audit.delivery.forwarder.pipeline_text import PORT
from k8s_audit.delivery.pipeline.batch import batching, cap, largest_event
from k8s_audit.delivery.pipeline.dead_letter import dead_letter_output
from k8s_audit.delivery.pipeline.decode_aks import decode_aks
from k8s_audit.delivery.pipeline.decode_eks import decode_eks
from k8s_audit.delivery.pipeline.decode_gke import decode_gke
from k8s_audit.delivery.pipeline.decode_iks import decode_iks
from k8s_audit.delivery.pipeline.decode_openshift import decode_openshift
from k8s_audit.delivery.pipeline.event import Decoding, caught, judge_event
from k8s_audit.delivery.pipeline.judge import judge_pipeline
from k8s_audit.delivery.pipeline.model import (
    Annotation,
    Filter,
    HttpSource,
    KafkaSource,
    KinesisSource,
    Pipeline,
    Source,
)
from k8s_audit.delivery.pipeline.sink import taken_or
from k8s_audit.delivery.pipeline.source_http import http_input
from k8s_audit.delivery.pipeline.source_kafka import kafka_input
from k8s_audit.delivery.pipeline.source_kinesis import decompress, kinesis_input
from k8s_audit.delivery.pipeline.source_pubsub import pubsub_input

SHUTDOWN = "30s"
"""More than one POST may take (sink.TIMEOUT): what is on its way arrives, and is not read again."""
AGAIN = 0
"""Tries after the first one, of what a collector or an API server keeps and sends again by itself: sooner told, it holds up less."""
DEAD_LETTER = "dead_letter"
DECODERS = {"eks": decode_eks, "gke": decode_gke, "aks": decode_aks, "openshift": decode_openshift, "iks": decode_iks}


def render_pipeline(pipeline: Pipeline) -> str:
    """The configuration's text.

    Raises:
        ConfigError: Bento could not do it as it is meant.
    """
    judge_pipeline(pipeline)
    return dump(configuration(pipeline))


def configuration(pipeline: Pipeline) -> dict[str, Any]:
    """The configuration as data."""
    read = decompress() if isinstance(pipeline.source, KinesisSource) else []
    return {
        "http": {"address": f"0.0.0.0:{PORT}"},
        "input": _input(pipeline.source),
        "pipeline": {
            "processors": [
                {"mapping": "meta = deleted()"},  # what others may have set has no meaning here
                *events(
                    read,
                    DECODERS[pipeline.decoder](),
                    _annotation(pipeline),
                    pipeline.filters,
                    largest_event(pipeline.sink, pipeline.batch),
                ),
            ]
        },
        "output": output(pipeline),
        "output_resources": [
            {"label": DEAD_LETTER, **dead_letter_output(pipeline.dead_letter, pipeline.source, _annotation(pipeline))}
        ],
        "logger": {"level": "INFO", "format": "json", "add_timestamp": True},
        "metrics": {"prometheus": {}},
        "shutdown_timeout": SHUTDOWN,
    }


def events(
    read: list[dict[str, Any]],
    decoding: Decoding,
    annotation: Annotation | None,
    filters: tuple[Filter, ...],
    limit: int,
) -> list[dict[str, Any]]:
    """Processors from a record to events.

    Args:
        read: processors before the decoder's; what fails in them is a dead letter too.
        decoding: the decoder's.
        annotation: what each event is told of its cluster; None: nothing.
        filters: each drops the events that it matches.
        limit: bytes of the largest event.
    """
    decode = [{"try": [*read, *decoding.processors]}, *caught()]
    return [*decode, *judge_event(decoding.event(annotation), filters, limit)]


def output(pipeline: Pipeline) -> dict[str, Any]:
    """What follows on the events."""
    dead = {"resource": DEAD_LETTER}
    pushed = isinstance(pipeline.source, HttpSource)
    sink = replace(pipeline.sink, retries=AGAIN) if pushed else pipeline.sink
    # each with a client of its own: one that waits for the next to take what it was refused must not be that next
    singly = {**taken_or(sink, dead), "processors": [{"split": {"size": 1}}]}
    batched = {**taken_or(sink, singly), "processors": cap(sink, pipeline.batch)}
    # whatever fails without a refusal is tried again here: given back to the source, it would be read and counted twice
    patient = {"retry": {"max_retries": 0, "backoff": {"max_elapsed_time": "0s"}, "output": batched}}
    together = {
        "broker": {
            "pattern": "fan_out_fail_fast",
            "outputs": [batched if pushed else patient],
            "batching": batching(pipeline.sink, pipeline.batch),
        }
    }
    return {"switch": {"cases": [{"check": "@dead_letter != null", "output": dead}, {"output": together}]}}


def _input(source: Source) -> dict[str, Any]:
    if isinstance(source, KinesisSource):
        return kinesis_input(source)
    if isinstance(source, HttpSource):
        return http_input(source)
    return kafka_input(source) if isinstance(source, KafkaSource) else pubsub_input(source)


def _annotation(pipeline: Pipeline) -> Annotation:
    """With the region of the source, where it has one."""
    region = pipeline.source.region if isinstance(pipeline.source, KinesisSource) else None
    return Annotation(pipeline.annotation.cluster, pipeline.annotation.region or region)


class _Dumper(yaml.SafeDumper):
    def represent_str(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(str, _Dumper.represent_str)


def dump(document: dict[str, Any]) -> str:
    """YAML to be read by a human too: mappings are blocks."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))
    return text
