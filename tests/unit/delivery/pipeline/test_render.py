"""Each pipeline is rendered to the bytes of its golden file; to make them anew: python -m tests.unit.delivery.pipeline.test_render."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.forwarder.pipeline_text import grace_period
from k8s_audit.delivery.pipeline.model import FOR_EVER
from k8s_audit.delivery.pipeline.render import render_pipeline
from k8s_audit.delivery.pipeline.source_http import ASKED
from tests.unit.delivery.pipeline.pipelines import PIPELINES

GOLDEN = Path(__file__).parent / "golden"
PUSHED = ("openshift", "iks")


@pytest.mark.parametrize("cloud", PIPELINES)
def test_a_pipeline_is_rendered_to_its_golden_file(cloud: str) -> None:
    assert render_pipeline(PIPELINES[cloud]) == (GOLDEN / f"{cloud}.yaml").read_text()


@pytest.mark.parametrize("cloud", PIPELINES)
def test_the_forwarder_takes_a_pipeline_and_ends_after_its_last_post(cloud: str) -> None:
    text = render_pipeline(PIPELINES[cloud])
    assert grace_period(text) == 40
    assert seconds(client_of(text)["timeout"]) < 30


@pytest.mark.parametrize("cloud", PIPELINES)
def test_a_receiver_is_waited_for_but_where_the_sender_keeps_what_it_sent(cloud: str) -> None:
    assert client_of(render_pipeline(PIPELINES[cloud]))["retries"] == (0 if cloud in PUSHED else FOR_EVER)


def test_a_collector_gives_up_before_it_would_be_told_408_which_it_takes_for_final() -> None:
    text = render_pipeline(PIPELINES["openshift"])
    assert (
        seconds(client_of(text)["timeout"]) < ASKED < seconds(yaml.safe_load(text)["input"]["http_server"]["timeout"])
    )


def client_of(text: str) -> dict[str, Any]:
    output = yaml.safe_load(text)["output"]["switch"]["cases"][1]["output"]["broker"]["outputs"][0]
    client: dict[str, Any] = output.get("retry", {"output": output})["output"]
    return client["fallback"][0]["broker"]["outputs"][0]["http_client"]  # type: ignore[no-any-return]


if __name__ == "__main__":
    for cloud, pipeline in PIPELINES.items():
        (GOLDEN / f"{cloud}.yaml").write_text(render_pipeline(pipeline))
