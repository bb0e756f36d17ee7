"""The policy pack `k8s-audit`: every rule of `rules/` as a policy of Pulumi's."""

from pulumi_policy import PolicyPack

from rules import RULES
from rules.pulumi_policies import policy_of

PolicyPack("k8s-audit", [policy_of(rule) for rule in RULES])
