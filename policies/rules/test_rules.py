"""Each rule but the audit policy's: what it refuses, what it lets through, what it leaves open."""

import json
from typing import Any

import pytest

from rules import (
    RULES,
    cost_class,
    emulated_audit,
    kept_and_encrypted,
    open_ports,
    plain_secrets,
    privileged_pods,
    single_replica,
    unverified_tls,
    wildcards,
)
from rules.rule import UNKNOWN, Fault, Open, Resource, Rule

Case = tuple[Rule, str, Any, str]


def document(**statement: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", **statement}]})


def pods(spec: Any, **container: Any) -> Any:
    return {"spec": {"template": {"spec": {"containers": [container], **spec}}}}


DEPLOYMENT = "kubernetes:apps/v1:Deployment"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
POD = "spec.template.spec"
JWT = "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl"
FAULTS: list[Case] = [
    (plain_secrets.RULE, "kubernetes:core/v1:ConfigMap", {"data": {"a": "-----BEGIN RSA PRIVATE KEY-----\nx"}}, "data.a"),
    (plain_secrets.RULE, "kubernetes:core/v1:ConfigMap", {"data": {"password": "hunter2"}}, "data.password"),
    (plain_secrets.RULE, "kubernetes:helm.sh/v3:Release", {"values": {"global": {"accessKey": "x"}}}, "values.global.accessKey"),
    (plain_secrets.RULE, DEPLOYMENT, pods({}, env=[{"name": "EhubNamespaceConnectionString", "value": "x"}]), f"{POD}.containers[0].env.EhubNamespaceConnectionString"),
    (plain_secrets.RULE, DEPLOYMENT, pods({}, args=["--token", JWT]), f"{POD}.containers[0].args[1]"),
    (plain_secrets.RULE, "kubernetes:core/v1:Pod", {"metadata": {"annotations": {"x": "AKIAABCDEFGHIJKLMNOP"}}}, "metadata.annotations.x"),
    (plain_secrets.RULE, "any:thing:Else", {"url": "https://user:pass@siem.example"}, "url"),
    (wildcards.RULE, ROLE_POLICY, {"policy": document(Action="kinesis:*", Resource="arn:aws:kinesis:x:1:stream/a")}, "policy.Statement[0].Action"),
    (wildcards.RULE, ROLE_POLICY, {"policy": document(Action=["kinesis:GetRecords"], Resource="*")}, "policy.Statement[0].Resource"),
    (wildcards.RULE, ROLE_POLICY, {"policy": document(NotAction="iam:x", Resource="arn:aws:s3:::b/c")}, "policy.Statement[0].NotAction"),
    (wildcards.RULE, "aws:sqs/queue:Queue", {"policy": document(Principal={"AWS": "*"}, Action="sqs:SendMessage")}, "policy.Statement[0].Principal"),
    (wildcards.RULE, "aws:iam/role:Role", {"inlinePolicies": [{"policy": document(Action="*")}]}, "inlinePolicies[0].policy.Statement[0].Action"),
    (wildcards.RULE, "gcp:projects/iAMMember:IAMMember", {"role": "roles/editor"}, "role"),
    (wildcards.RULE, "gcp:pubsub/topicIAMMember:TopicIAMMember", {"role": "roles/pubsub.publisher", "member": "allUsers"}, "member"),
    (wildcards.RULE, "azure-native:authorization:RoleAssignment", {"roleDefinitionId": "/x/b24988ac-6180-42a0-ab88-20f7382dd24c"}, "roleDefinitionId"),
    (wildcards.RULE, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", {"rules": [{"verbs": ["*"]}]}, "rules[0].verbs"),
    (wildcards.RULE, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", {"roleRef": {"name": "cluster-admin"}}, "roleRef.name"),
    (open_ports.RULE, INGRESS, {"cidrIpv4": "0.0.0.0/0", "fromPort": 4000, "toPort": 6000}, "cidrIpv4"),
    (open_ports.RULE, INGRESS, {"cidrIpv6": "::/0", "ipProtocol": "-1"}, "cidrIpv4"),
    (open_ports.RULE, "aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["0.0.0.0/0"], "fromPort": 5000, "toPort": 5000}]}, "ingress[0]"),
    (open_ports.RULE, "gcp:compute/firewall:Firewall", {"sourceRanges": ["0.0.0.0/0"], "allows": [{"ports": ["5000-5001"]}]}, "allows[0]"),
    (open_ports.RULE, "azure-native:network:SecurityRule", {"access": "Allow", "direction": "Inbound", "sourceAddressPrefix": "*", "destinationPortRange": "5000"}, "sourceAddressPrefix"),
    (open_ports.RULE, "kubernetes:core/v1:Service", {"spec": {"type": "LoadBalancer", "ports": [{"port": 9765}]}}, "spec.loadBalancerSourceRanges"),
    (open_ports.RULE, "kubernetes:networking.k8s.io/v1:NetworkPolicy", {"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}}, "spec.ingress[0]"),
    (kept_and_encrypted.RULE, "aws:cloudwatch/logGroup:LogGroup", {}, "retentionInDays"),
    (kept_and_encrypted.RULE, "aws:kinesis/stream:Stream", {"retentionPeriod": 24.0}, "encryptionType"),
    (kept_and_encrypted.RULE, "aws:sqs/queue:Queue", {"sqsManagedSseEnabled": False}, "sqsManagedSseEnabled"),
    (kept_and_encrypted.RULE, "gcp:pubsub/subscription:Subscription", {"messageRetentionDuration": "604800s"}, "expirationPolicy.ttl"),
    (kept_and_encrypted.RULE, "gcp:pubsub/subscription:Subscription", {"expirationPolicy": {"ttl": ""}, "messageRetentionDuration": "600s"}, "messageRetentionDuration"),
    (kept_and_encrypted.RULE, "azure-native:eventhub:EventHub", {"messageRetentionInDays": 0.0}, "messageRetentionInDays"),
    (kept_and_encrypted.RULE, "azure-native:eventhub:Namespace", {"minimumTlsVersion": "1.0"}, "minimumTlsVersion"),
    (privileged_pods.RULE, DEPLOYMENT, pods({"hostNetwork": True}), f"{POD}.hostNetwork"),
    (privileged_pods.RULE, DEPLOYMENT, pods({"volumes": [{"hostPath": {"path": "/"}}]}), f"{POD}.volumes[0].hostPath"),
    (privileged_pods.RULE, DEPLOYMENT, pods({}, securityContext={"privileged": True}), f"{POD}.containers[0].securityContext.privileged"),
    (privileged_pods.RULE, DEPLOYMENT, pods({"securityContext": {"runAsUser": 0.0}}), f"{POD}.containers[0].securityContext.runAsUser"),
    (unverified_tls.RULE, "kubernetes:helm.sh/v3:Release", {"values": {"collectorSettings": {"sslVerifyCertificate": False}}}, "values.collectorSettings.sslVerifyCertificate"),
    (unverified_tls.RULE, "kubernetes:helm.sh/v3:Release", {"values": {"global": {"ssl": {"verify": False}}}}, "values.global.ssl.verify"),
    (unverified_tls.RULE, "kubernetes:core/v1:ConfigMap", {"data": {"pipeline.yaml": "tls:\n  skip_cert_verify: true\n"}}, "data.pipeline.yaml"),
    (unverified_tls.RULE, "aws:lambda/function:Function", {"settings": {"insecureSkipVerify": True}}, "settings.insecureSkipVerify"),
    (single_replica.RULE, DEPLOYMENT, {"spec": {"replicas": 1.0}}, "spec.replicas"),
    (emulated_audit.RULE, "k8s-audit:index:AdmissionCheck", {}, "receiver"),
    (cost_class.RULE, "k8s-audit:index:EksLogGroup", {"retentionDays": 365.0}, "retentionDays"),
    (cost_class.RULE, "k8s-audit:index:EksClusterLogging", {"types": ["api", "audit"]}, "types"),
    (cost_class.RULE, "azure-native:monitor:DiagnosticSetting", {"logs": [{"category": "kube-audit", "enabled": True}]}, "logs[0]"),
]  # fmt: skip
FINE: list[tuple[Rule, str, Any]] = [
    (plain_secrets.RULE, "kubernetes:core/v1:Secret", {"stringData": {"password": "hunter2"}}),
    (plain_secrets.RULE, "kubernetes:helm.sh/v3:Release", {"values": {"existingAccessKeySecret": "sysdig", "secretKey": "k"}}),
    (plain_secrets.RULE, DEPLOYMENT, pods({}, env=[{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "x"}}}])),
    (plain_secrets.RULE, "kubernetes:core/v1:ConfigMap", {"data": {"pipeline.yaml": "password: ${PASSWORD}"}}),
    (wildcards.RULE, ROLE_POLICY, {"policy": document(Action="logs:PutLogEvents", Resource="arn:aws:logs:x:1:log-group:g:*")}),
    (wildcards.RULE, "aws:kms/key:Key", {"policy": document(Action="kms:Decrypt", Resource="*")}),
    (wildcards.RULE, "aws:sqs/queue:Queue", {"policy": json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}]})}),
    (wildcards.RULE, "kubernetes:rbac.authorization.k8s.io/v1:Role", {"rules": [{"verbs": ["get"], "resources": ["pods"]}]}),
    (open_ports.RULE, INGRESS, {"referencedSecurityGroupId": "sg-1", "fromPort": 5000, "toPort": 5000}),
    (open_ports.RULE, INGRESS, {"cidrIpv4": "0.0.0.0/0", "fromPort": 443, "toPort": 443}),
    (open_ports.RULE, "kubernetes:core/v1:Service", {"spec": {"type": "ClusterIP", "ports": [{"port": 9765}]}}),
    (kept_and_encrypted.RULE, "aws:kinesis/stream:Stream", {"encryptionType": "KMS", "retentionPeriod": 72.0}),
    (kept_and_encrypted.RULE, "aws:sqs/queue:Queue", {}),
    (privileged_pods.RULE, DEPLOYMENT, pods({"securityContext": {"runAsUser": 10001.0}}, securityContext={"privileged": False})),
    (unverified_tls.RULE, "kubernetes:core/v1:ConfigMap", {"data": {"x": "sslverify: true\nskip_cert_verify: false"}}),
    (single_replica.RULE, DEPLOYMENT, {"spec": {"replicas": 2.0}}),
    (cost_class.RULE, "k8s-audit:index:EksLogGroup", {"retentionDays": 30.0}),
]  # fmt: skip
OPEN: list[Case] = [
    (plain_secrets.RULE, "kubernetes:core/v1:ConfigMap", {"data": {"a": UNKNOWN}}, "data.a"),
    (wildcards.RULE, ROLE_POLICY, {"policy": UNKNOWN}, "policy"),
    (open_ports.RULE, INGRESS, {"cidrIpv4": UNKNOWN, "fromPort": 5000, "toPort": 5000}, "cidrIpv4"),
    (kept_and_encrypted.RULE, "aws:kinesis/stream:Stream", {"encryptionType": UNKNOWN}, "encryptionType"),
    (privileged_pods.RULE, DEPLOYMENT, {"spec": {"template": {"spec": UNKNOWN}}}, POD),
    (unverified_tls.RULE, "kubernetes:core/v1:ConfigMap", {"data": {"x": UNKNOWN}}, "data.x"),
    (single_replica.RULE, DEPLOYMENT, {"spec": {"replicas": UNKNOWN}}, "spec.replicas"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "kind", "properties", "path"), FAULTS, ids=lambda part: getattr(part, "id", None))
def test_a_rule_refuses(rule: Rule, kind: str, properties: Any, path: str) -> None:
    (fault,) = rule.judge(Resource(kind, "x", properties))
    assert isinstance(fault, Fault)
    assert fault.path == path
    assert rule.mend in rule.message(fault)


@pytest.mark.parametrize(("rule", "kind", "properties"), FINE, ids=lambda part: getattr(part, "id", None))
def test_a_rule_lets_through(rule: Rule, kind: str, properties: Any) -> None:
    assert list(rule.judge(Resource(kind, "x", properties))) == []


@pytest.mark.parametrize(("rule", "kind", "properties", "path"), OPEN, ids=lambda part: getattr(part, "id", None))
def test_a_rule_says_what_it_could_not_judge(rule: Rule, kind: str, properties: Any, path: str) -> None:
    assert list(rule.judge(Resource(kind, "x", properties))) == [Open(path)]


def test_a_message_never_holds_the_secret() -> None:
    for rule, kind, properties, _ in FAULTS:
        for fault in rule.judge(Resource(kind, "x", properties)):
            assert isinstance(fault, Fault)
            assert not any(
                secret in rule.message(fault) for secret in ("hunter2", JWT, "AKIAABCDEFGHIJKLMNOP", ":pass@")
            )


def test_settings_are_heeded() -> None:
    opening = {"cidrIpv4": "0.0.0.0/0", "fromPort": 443, "toPort": 443}
    assert list(open_ports.RULE.judge(Resource(INGRESS, "x", opening, settings={"ports": [443.0]})))
    agent = Resource(DEPLOYMENT, "agent-1", pods({"hostNetwork": True}), settings={"except": ["agent-*"]})
    assert not list(privileged_pods.RULE.judge(agent))
    release = {"values": {"sslVerifyCertificate": False}}
    test = Resource("kubernetes:helm.sh/v3:Release", "x", release, "test-1", {"testStacks": ["test-*"]})
    assert not list(unverified_tls.RULE.judge(test))


def test_each_rule_has_its_name_and_a_reader_s_sentences() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.reason.endswith(".")
        assert rule.mend.endswith(".")
        assert rule.link.startswith("https://")
        assert any(rule is case[0] for case in FAULTS) or rule.id == "auditing-stays-on"
