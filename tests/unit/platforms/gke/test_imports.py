"""Google's SDKs are large and an extra: nobody who has no GKE cluster loads them."""

import subprocess
import sys

LOADS = """
import sys
import k8s_audit.stack, k8s_audit.provider.plugin, k8s_audit.cli.app, k8s_audit.platforms.gke.place
print(sorted(name for name in sys.modules if name.startswith(("google.auth", "pulumi_gcp"))))
"""
MISSES = """
import sys
for name in ("google.auth", "pulumi_gcp"):
    sys.modules[name] = None
from k8s_audit.errors import ToolError
from k8s_audit.platforms.gke.sdk import sdk
from k8s_audit.platforms.gke.session import Access
for load in (lambda: Access().session(), lambda: sdk("pubsub")):
    try:
        load()
    except ToolError as error:
        print(error)
"""


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


def test_program_provider_and_command_load_no_sdk_of_google() -> None:
    assert run(LOADS).strip() == "[]"


def test_without_the_extra_one_message_says_what_to_install() -> None:
    said = "platform gke needs google-auth and pulumi-gcp: pip install 'k8s-audit[gcp]'"
    assert run(MISSES).splitlines() == [said, said]
