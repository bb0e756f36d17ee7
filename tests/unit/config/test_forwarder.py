from typing import Any

import pytest

from k8s_audit.config.forwarder import ForwarderConfig
from k8s_audit.config.judge import judge
from k8s_audit.errors import ConfigError

NETWORK = {"receivers": [{"cidr": "10.1.0.7/32", "ports": [443]}]}


def config(**settings: Any) -> ForwarderConfig:
    return judge(ForwarderConfig, "forwarder", {"network": NETWORK} | settings)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"memory": "128Mi"}, "forwarder.memory: at least 256Mi is needed; given: '128Mi'"),
        ({"memory": "1G"}, "forwarder.memory: memory is a whole number of Mi or Gi"),
        ({"cpu": "0.5"}, "forwarder.cpu: cpu is a number of cores or of thousandths of one"),
        ({"replicas": 0}, "forwarder.replicas"),
        ({"replicaz": 2}, "forwarder.replicaz: unknown key; did you mean replicas"),
        ({"replicas": 2, "autoscaling": {}}, "replicas is of no account with autoscaling or keda"),
        ({"autoscaling": {}, "keda": {"triggers": [{"type": "x", "metadata": {}}]}}, "exclude each other"),
        ({"autoscaling": {"minReplicas": 7}}, "maxReplicas is less than minReplicas"),
        ({"keda": {"triggers": [{"type": "x"}]}}, "triggers[0]: a trigger has type and metadata"),
        (
            {"network": {"receivers": [{"cidr": "10.0.0.1", "ports": [1]}]}},
            "a CIDR has its length, such as 10.0.0.1/32",
        ),
        ({"network": {"receivers": [{"ports": [1]}]}}, "a destination has either cidr or namespace"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(**settings)
    assert fault in str(caught.value)
