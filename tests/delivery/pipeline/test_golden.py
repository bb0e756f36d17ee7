"""Each golden pipeline is one that the real Bento takes; its linter does not see all that its start does."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from k8s_audit.delivery.pipeline.render import configuration, dump
from tests.delivery.forwarder.bento import bento
from tests.unit.delivery.pipeline.pipelines import PIPELINES
from tests.unit.delivery.pipeline.test_render import GOLDEN

VARIABLES = {"EVENT_HUBS_CONNECTION_STRING": "Endpoint=sb://a/;Key=b=", "DEAD_LETTER_CONNECTION_STRING": "c"}


@pytest.mark.parametrize("cloud", PIPELINES)
def test_bentos_linter_has_nothing_to_say(cloud: str) -> None:
    command = ["bento", "lint", str(GOLDEN / f"{cloud}.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | VARIABLES)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("cloud", PIPELINES)
def test_bento_starts_it(cloud: str, tmp_path: Path) -> None:
    """With its own source and queue, which are not there; of the secret files, only certificates are read at the start."""
    text = dump(configuration(PIPELINES[cloud]))
    config = yaml.safe_load(text)
    assert text == (GOLDEN / f"{cloud}.yaml").read_text()
    for client in _clients(config):
        client.pop("tls", None)
    clouds = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "PUBSUB_EMULATOR_HOST": "127.0.0.1:9"}
    with bento(tmp_path, dump(config), VARIABLES | clouds) as running:
        running.wait_for_line("Output type http_client is now active|output.* is now active")
        assert running.process.poll() is None
        assert '"level":"error","msg":"Service closing' not in running.lines()


def _clients(config: object) -> list[dict[str, object]]:
    if isinstance(config, dict):
        found = [config["http_client"]] if "http_client" in config else []
        return found + [each for value in config.values() for each in _clients(value)]
    return [each for value in config for each in _clients(value)] if isinstance(config, list) else []
