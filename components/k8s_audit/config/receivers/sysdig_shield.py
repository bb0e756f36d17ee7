"""`kind: sysdig-shield`: Sysdig's chart `shield`, whose cluster part takes audit events or AdmissionReviews."""

from typing import Literal

from k8s_audit.config.receivers.shield import ShieldReceiver


class SysdigShieldReceiver(ShieldReceiver):
    """Sysdig shield."""

    kind: Literal["sysdig-shield"]
