"""The rules of the pack, one file each; mandatory ones first."""

from rules import (
    auditing_on,
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
from rules.rule import Rule

RULES: tuple[Rule, ...] = (
    plain_secrets.RULE,
    wildcards.RULE,
    open_ports.RULE,
    auditing_on.RULE,
    kept_and_encrypted.RULE,
    privileged_pods.RULE,
    unverified_tls.RULE,
    single_replica.RULE,
    emulated_audit.RULE,
    cost_class.RULE,
)
