"""Which of Falco's rules a managed cloud keeps silent, empties or makes fire for nothing, from `clouds.yaml`.

What a preview warns of, and what `k8s-audit policy coverage` and docs/coverage.md show. Not for clusters whose policy is
ours: there the profile `detection` records all that these rules read.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from k8s_audit.errors import ConfigError
from k8s_audit.faults import nearest

EffectName = Literal["silent", "partly-silent", "empty-output", "false-alarm", "unknown"]
SAID: dict[EffectName, str] = {
    "silent": "cannot fire:",
    "partly-silent": "fire for some requests only:",
    "empty-output": "fire with an empty field:",
    "false-alarm": "give false alarms:",
    "unknown": "not known:",
}
"""How each effect is said before the rules or their number, the worst first."""
PAGE = "docs/coverage.md"


class Data(BaseModel):
    """A part of `clouds.yaml`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel)


class Effect(Data):
    """What becomes of some rules, and why."""

    rules: list[str]
    effect: EffectName
    reason: str
    source: str
    variants: list[str] = []
    beyond_fields: bool = False
    unverified: bool = False
    seed: bool = False


class Limit(Data):
    """What is so of the cloud's log itself, beside the rules."""

    text: str
    source: str
    unverified: bool = False
    seed: bool = False


class Everywhere(Data):
    """What is so on each cloud, and elsewhere."""

    effects: list[Effect]
    limits: list[Limit]


class Cloud(Everywhere):
    """One platform; its first variant is the default."""

    title: str
    variants: dict[str, str]


class Falco(Data):
    """The rules that are judged; those without an effect do what they do on a cluster of one's own."""

    rules: list[str]
    source: str


class Clouds(Data):
    """The whole of `clouds.yaml`."""

    falco: Falco
    sources: dict[str, str]
    everywhere: Everywhere
    platforms: dict[str, Cloud]

    @model_validator(mode="after")
    def _names(self) -> "Clouds":
        used = {self.falco.source}
        for part in (self.everywhere, *self.platforms.values()):
            used |= {effect.source for effect in part.effects} | {limit.source for limit in part.limits}
            named = {rule for effect in part.effects for rule in effect.rules}
            if not named <= set(self.falco.rules):
                raise ValueError(f"rules that Falco does not have: {named - set(self.falco.rules)}")
        for platform in self.platforms.values():
            its = {variant for effect in platform.effects for variant in effect.variants}
            if not its <= platform.variants.keys():
                raise ValueError(f"variants that {platform.title} does not have: {its - platform.variants.keys()}")
        if used != self.sources.keys():
            raise ValueError(f"sources that are unknown or not used: {used ^ self.sources.keys()}")
        return self


@dataclass(frozen=True)
class RuleEffect:
    """What becomes of one rule on one cloud.

    Args:
        source: a URL.
        unverified: nobody tried it on that cloud, and no document says it.
        everywhere: it is so on each cluster, whoever runs it.
    """

    rule: str
    effect: EffectName
    reason: str
    source: str
    unverified: bool
    everywhere: bool


@cache
def clouds() -> Clouds:
    """The data, judged."""
    text = resources.files("k8s_audit.audit_policy").joinpath("clouds.yaml").read_text("utf-8")
    return Clouds.model_validate(yaml.safe_load(text))


def cloud_of(platform: str, variant: str | None = None) -> tuple[Cloud, str]:
    """A platform and its variant; the first one where none is named.

    Raises:
        ConfigError: there is no such platform, or no such variant of it.
    """
    platforms = clouds().platforms
    if platform not in platforms:
        raise ConfigError([f"platform: {_unknown(platform, list(platforms))}"])
    variants = list(platforms[platform].variants)
    if variant is not None and variant not in variants:
        raise ConfigError([f"variant of {platform}: {_unknown(variant, variants)}"])
    return platforms[platform], variant or variants[0]


def effects_of(platform: str, variant: str | None = None) -> list[RuleEffect]:
    """Each rule that does not do there what it does elsewhere, the worst effects first.

    Raises:
        ConfigError: there is no such platform, or no such variant of it.
    """
    cloud, variant = cloud_of(platform, variant)
    found = [
        RuleEffect(rule, each.effect, each.reason, clouds().sources[each.source], each.unverified, part is not cloud)
        for part in (clouds().everywhere, cloud)
        for each in part.effects
        if not each.variants or variant in each.variants
        for rule in each.rules
    ]
    silent = {each.rule for each in found if each.effect == "silent"}
    told = [each for each in found if each.effect == "silent" or each.rule not in silent]
    return sorted(told, key=lambda each: (list(SAID).index(each.effect), each.rule))


def log_limits_of(platform: str) -> list[Limit]:
    """What is so of the cloud's log itself.

    Raises:
        ConfigError: there is no such platform.
    """
    return [*clouds().everywhere.limits, *cloud_of(platform)[0].limits]


def limits_of(platform: str, variant: str | None = None) -> list[str]:
    """The lines that a preview shows as warnings: how many rules, and where to read which and why.

    Args:
        platform: the kind of a stack's platform.
        variant: what of it is switched on, a key of its `variants`.

    Returns:
        Nothing where each rule does what it does on a cluster of one's own.

    Raises:
        ConfigError: there is no such platform, or no such variant of it.
    """
    _, variant = cloud_of(platform, variant)
    counts = Counter(each.effect for each in effects_of(platform, variant) if not each.everywhere)
    if not counts:
        return []
    told = ", ".join(f"{said} {counts[effect]}" for effect, said in SAID.items() if counts[effect])
    return [
        f"platform {platform} ({variant}): the cloud fixes what is recorded; of Falco's {len(clouds().falco.rules)} audit rules"
        f" {told}: k8s-audit policy coverage --platform {platform} --variant {variant}, {PAGE}"
    ]


def _unknown(given: str, allowed: list[str]) -> str:
    return f"unknown; given: {given!r}; {nearest(given, allowed)}"
