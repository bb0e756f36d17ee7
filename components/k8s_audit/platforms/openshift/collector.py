"""What OpenShift's logging operator is asked for: the `spec` of a ClusterLogForwarder that sends kube-apiserver's audit log, and no other, to us.

Logging 6: https://github.com/openshift/cluster-logging-operator/blob/master/config/crd/bases/observability.openshift.io_clusterlogforwarders.yaml;
5.8 and 5.9: `logging.openshift.io_clusterlogforwarders.yaml` on its branches. No filter `kubeAPIAudit`: it writes each event's `level` anew, and drops
answers 404, 409, 422 and 429 unless told otherwise; our pipeline has filters of its own.
"""

from collections.abc import Mapping
from typing import Any

from k8s_audit.delivery.pipeline.source_http import ASKED

Object = dict[str, Any]
API_VERSIONS = {5: "logging.openshift.io/v1", 6: "observability.openshift.io/v1"}
KIND = "ClusterLogForwarder"
ROLE = "collect-audit-logs"
"""The operator's own ClusterRole (https://docs.openshift.com/container-platform/latest/observability/logging/log_collection_forwarding/cluster-logging-collector.html)."""
AUTHORITY = "ca-bundle.crt"
"""The key of the Secret; logging 5 knows no other."""
INPUT, OUTPUT, PIPELINE = "kube-api", "k8s-audit", "audit"
MOST = "4M"
"""Bytes of one POST, but for a record that is larger alone."""


def spec_6(account: Any, url: Any, authority: Any, nodes: Mapping[str, str]) -> Object:
    """For logging 6.

    Args:
        account: name of the service account that the collector runs as.
        url: of our forwarder.
        authority: name of the Secret with the PEM by which it is known.
        nodes: labels of the nodes that get a collector.
    """
    http = {
        "url": url,
        "method": "POST",
        "timeout": ASKED,
        "tuning": {"deliveryMode": "AtLeastOnce", "maxWrite": MOST},
    }
    return {
        "serviceAccount": {"name": account},
        **({"collector": {"nodeSelector": dict(nodes)}} if nodes else {}),
        "inputs": [{"name": INPUT, "type": "audit", "audit": {"sources": ["kubeAPI"]}}],
        "outputs": [
            {
                "name": OUTPUT,
                "type": "http",
                "http": http,
                "tls": {"ca": {"secretName": authority, "key": AUTHORITY}},
            }
        ],
        "pipelines": [{"name": PIPELINE, "inputRefs": [INPUT], "outputRefs": [OUTPUT]}],
    }


def spec_5(account: Any, url: Any, authority: Any, nodes: Mapping[str, str]) -> Object:
    """For logging 5.8 and 5.9, whose collectors run on all nodes; arguments as `spec_6`'s."""
    return {
        "serviceAccountName": account,
        "inputs": [{"name": INPUT, "audit": {"sources": ["kubeAPI"]}}],
        "outputs": [
            {
                "name": OUTPUT,
                "type": "http",
                "url": url,
                "http": {"method": "POST", "timeout": ASKED},
                "secret": {"name": authority},
                "tuning": {"delivery": "AtLeastOnce", "maxWrite": MOST},
            }
        ],
        "pipelines": [{"name": PIPELINE, "inputRefs": [INPUT], "outputRefs": [OUTPUT]}],
    }


SPECS = {5: spec_5, 6: spec_6}
