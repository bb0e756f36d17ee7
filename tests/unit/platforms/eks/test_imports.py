"""AWS's SDKs are large and an extra: nobody who has no EKS cluster loads them."""

import subprocess
import sys

LOADS = """
import sys
import k8s_audit.stack, k8s_audit.provider.plugin, k8s_audit.cli.app, k8s_audit.platforms.eks.component
print(sorted({name.partition(".")[0] for name in sys.modules} & {"boto3", "botocore", "pulumi_aws"}))
"""
MISSES = """
import sys
for name in ("boto3", "pulumi_aws"):
    sys.modules[name] = None
from k8s_audit.errors import ToolError
from k8s_audit.platforms.eks.sdk import sdk
from k8s_audit.platforms.eks.session import Access
for load in (lambda: Access("eu-west-1").client("eks"), lambda: sdk("eks")):
    try:
        load()
    except ToolError as error:
        print(error)
"""


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


def test_program_provider_and_command_load_no_sdk_of_aws() -> None:
    assert run(LOADS).strip() == "[]"


def test_without_the_extra_one_message_says_what_to_install() -> None:
    said = "platform eks needs boto3 and pulumi-aws: pip install 'k8s-audit[aws]'"
    assert run(MISSES).splitlines() == [said, said]
