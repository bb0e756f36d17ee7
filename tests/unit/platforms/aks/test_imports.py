"""Azure's SDK is very large and an extra: nobody who has no AKS cluster loads it."""

import subprocess
import sys

LOADS = """
import sys
import k8s_audit.stack, k8s_audit.provider.plugin, k8s_audit.cli.app
import k8s_audit.platforms.aks.component, k8s_audit.platforms.aks.place
print(sorted({name.partition(".")[0] for name in sys.modules} & {"pulumi_azure_native", "pulumi_aws", "boto3"}))
"""
MISSES = """
import sys
sys.modules["pulumi_azure_native"] = None
from k8s_audit.errors import ToolError
from k8s_audit.platforms.aks.sdk import sdk
try:
    sdk("eventhub")
except ToolError as error:
    print(error)
"""


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


def test_program_provider_and_command_load_no_sdk_of_a_cloud() -> None:
    assert run(LOADS).strip() == "[]"


def test_without_the_extra_one_message_says_what_to_install() -> None:
    assert run(MISSES).strip() == "platform aks needs pulumi-azure-native: pip install 'k8s-audit[azure]'"
