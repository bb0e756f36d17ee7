"""Rights by rules of our own: no stand-in checks one."""

import re

from k8s_audit.platforms.aks import rights

RULES = (rights.MONITOR, rights.MONITOR_MANAGES, rights.FORWARDER_READS, rights.FORWARDER_DEAD_LETTERS)


def test_no_right_is_a_wildcard_or_without_a_reason_or_listed_twice() -> None:
    for listed in (*RULES, rights.PREVIEW, rights.UP):
        for right in listed:
            assert re.fullmatch(
                r"Listen|Send|Manage|(Microsoft\.[A-Za-z]+)(/[A-Za-z]+)+/(read|write|delete|action)", right.action
            )
            assert len(right.needed_by) > 3
        assert len({right.action for right in listed}) == len(listed)


def test_the_forwarder_may_neither_write_events_nor_read_dead_letters() -> None:
    assert [(right.action, right.on) for right in rights.FORWARDER_READS] == [("Listen", "hub")]
    assert [(right.action, right.on) for right in rights.FORWARDER_DEAD_LETTERS] == [("Send", "dead-letter hub")]


def test_by_default_azure_monitor_may_only_write() -> None:
    assert [right.action for right in rights.MONITOR] == ["Send"]
