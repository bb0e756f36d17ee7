import pytest

from k8s_audit.platforms.aks.sdk import reason, same_region

DENIED = (
    "The client 'x' does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/read' over scope"
    " '/subscriptions/1/resourceGroups/prod'."
)
INVOKE = "invoke of azure-native:containerservice:getManagedCluster failed: invocation of x returned an error: "
RESPONSE = f"""\
{INVOKE}GET https://management.azure.com/subscriptions/1
--------------------------------------------------------------------------------
RESPONSE 403: 403 Forbidden
ERROR CODE: AuthorizationFailed
--------------------------------------------------------------------------------
{{
  "error": {{
    "code": "AuthorizationFailed",
    "message": "{DENIED}"
  }}
}}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{INVOKE}Status=403 Code="AuthorizationFailed" Message="{DENIED}"', f"AuthorizationFailed: {DENIED}"),
        (RESPONSE, f"AuthorizationFailed: {DENIED}"),
        (f"{INVOKE}no credentials:\n  run `az login`", "no credentials: run `az login`"),
        ("", "no reason given"),
    ],
)
def test_a_message_has_azures_own_words_and_so_the_missing_right(text: str, said: str) -> None:
    assert reason(text) == said


def test_a_region_has_two_spellings() -> None:
    assert same_region("West Europe", "westeurope")
    assert not same_region("West Europe", "northeurope")
