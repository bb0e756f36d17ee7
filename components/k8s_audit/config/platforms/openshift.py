"""`kind: openshift`: OpenShift 4.6 to today, whose logging operator brings the audit log out."""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from k8s_audit.config.forwarder_kinds import BentoForwarder, ForwarderKind
from k8s_audit.config.model import ConfigModel, Duration, Name
from k8s_audit.config.platforms.model import PlatformConfig

OLDEST, NEWEST = (4, 6), (4, 22)
"""Of what is known: audit profiles came with 4.6."""
COLLECTOR_NAMESPACE = "openshift-logging"
CONTROL_PLANE = "node-role.kubernetes.io/master"
"""The label of OpenShift's control-plane nodes, in each of its versions."""
BODIES = ("WriteRequestBodies", "AllRequestBodies")
Version = Annotated[str, StringConstraints(pattern=r"^\d{1,3}\.\d{1,3}(\.\d{1,4}\S*)?$")]


class CustomRule(ConfigModel):
    """One of `customRules`: another profile for the requests of a group; the first that fits is applied."""

    group: Annotated[str, Field(min_length=1)]
    """Such as `system:authenticated:oauth`."""
    profile: Literal["Default", "WriteRequestBodies", "AllRequestBodies", "None"]


class OpenshiftPlatform(PlatformConfig):
    """A cluster of OpenShift 4 with a control plane of its own."""

    deliveries: ClassVar[tuple[str, ...]] = ("stream",)
    fixed_policy: ClassVar[bool] = True
    needs_kubeconfig: ClassVar[bool] = True
    hints: ClassVar[dict[str, str]] = {
        "forwarder": "it is a key of its own: audit:forwarder",
        "audit": "its keys stand here: profile, customRules",
    }
    kind: Literal["openshift"]
    version: Version | None = None
    """Of OpenShift, such as `4.18`; `up` reads it in any case."""
    profile: Literal["Default", "WriteRequestBodies", "AllRequestBodies"] | None = None
    """What the API servers record; default: it stays as it is, and none is restarted."""
    custom_rules: list[CustomRule] = Field(default_factory=list)
    """OpenShift 4.9 and later."""
    logging: Literal[5, 6] = 6
    """The major version of the Red Hat OpenShift Logging operator; of 5, at least 5.8."""
    logging_namespace: Name = COLLECTOR_NAMESPACE
    """Where the collector runs; it is there already."""
    collector_node_selector: dict[str, str] = Field(default_factory=lambda: {CONTROL_PLANE: ""})
    """Labels of the nodes that get a collector of ours; logging 5 has no such setting, and takes all nodes."""
    collector_name: Name = "k8s-audit"
    """Of the ClusterLogForwarder and its service account."""
    roll_timeout: Duration = "1h"
    """How long all API servers may take to restart, where the profile is changed."""

    def forwarder_faults(self, forwarder: ForwarderKind) -> list[str]:
        """The collector posts to our forwarder, and to no other."""
        if isinstance(forwarder, BentoForwarder):
            return []
        return [
            f"audit:forwarder: {forwarder.kind} does not fit: OpenShift's collector sends to the forwarder of this stack; allowed: bento"
        ]

    def faults(self) -> list[str]:
        """Rules without a profile, and a version that has none."""
        found = []
        if self.custom_rules and not self.profile:
            found.append("audit:platform.customRules: set profile too, which is for the requests that no rule fits")
        if self.version and (given := minor_of(self.version)) and given < OLDEST:
            found.append(
                f"audit:platform.version: {self.version}; 4.6 is the oldest that has audit profiles, and whose collector is known;"
                " for 4.2 to 4.5 the kind is openshift-4.2"
            )
        if self.logging < 6 and "collector_node_selector" in self.model_fields_set:
            found.append("audit:platform.collectorNodeSelector: logging 5 has no such setting; take it out")
        groups = [rule.group for rule in self.custom_rules]
        found += [
            f"audit:platform.customRules: group {group} stands there more than once"
            for group in sorted({each for each in groups if groups.count(each) > 1})
        ]
        return found

    def warnings(self) -> list[str]:
        """See PlatformConfig."""
        known = [text] if self.version and (text := version_warning(self.version)) else []
        if self.profile in BODIES:
            return known
        what = (
            "the profile Default records" if self.profile else "where the cluster has its default profile, it records"
        )
        return [
            *known,
            f"openshift: {what} no body of any request, so rules that look into a pod's or a role's spec see nothing; profile:"
            " WriteRequestBodies records them",
        ]


def version_warning(text: str) -> str:
    """What to say of a version that is not among those that are known; empty: nothing."""
    given = minor_of(text)
    if given is None or OLDEST <= given <= NEWEST:
        return ""
    if given < OLDEST:
        return f"OpenShift {text} has no audit profiles, which came with 4.6; for 4.2 to 4.5 the kind is openshift-4.2"
    return (
        f"OpenShift {text} is not among the known versions, {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}; it is taken for the"
        " nearest of them"
    )


def minor_of(text: str) -> tuple[int, int] | None:
    """Major and minor version; None: there is none in the text."""
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None
