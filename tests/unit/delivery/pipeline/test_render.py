"""Each pipeline is rendered to the bytes of its golden file; to make them anew: python -m tests.unit.delivery.pipeline.test_render."""

from pathlib import Path

import pytest
import yaml

from k8s_audit.delivery.forwarder.pipeline_text import grace_period
from k8s_audit.delivery.pipeline.render import render_pipeline
from tests.unit.delivery.pipeline.pipelines import PIPELINES

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("cloud", PIPELINES)
def test_a_pipeline_is_rendered_to_its_golden_file(cloud: str) -> None:
    assert render_pipeline(PIPELINES[cloud]) == (GOLDEN / f"{cloud}.yaml").read_text()


@pytest.mark.parametrize("cloud", PIPELINES)
def test_the_forwarder_takes_a_pipeline_and_ends_after_its_last_post(cloud: str) -> None:
    text = render_pipeline(PIPELINES[cloud])
    assert grace_period(text) == 40
    client = yaml.safe_load(text)["output"]["switch"]["cases"][1]["output"]["broker"]["outputs"][0]["retry"]["output"]
    timeout = client["fallback"][0]["broker"]["outputs"][0]["http_client"]["timeout"]
    assert int(timeout.removesuffix("s")) < 30


if __name__ == "__main__":
    for cloud, pipeline in PIPELINES.items():
        (GOLDEN / f"{cloud}.yaml").write_text(render_pipeline(pipeline))
