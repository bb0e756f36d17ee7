import re

from k8s_audit.platforms.gke import rights

GRANTS = (rights.WRITER, rights.READER, rights.AGENT, rights.IMPERSONATION, rights.BRIDGE)
BASIC = {"roles/owner", "roles/editor", "roles/viewer"}


def test_no_role_is_a_basic_one_or_without_a_reason_or_on_more_than_it_needs() -> None:
    for listed in GRANTS:
        for grant in listed:
            assert re.fullmatch(r"roles/[a-z]+\.[a-zA-Z]+", grant.role)
            assert grant.role not in BASIC
            assert "admin" not in grant.role.lower()
            assert len(grant.needed_by) > 3
        assert len({(grant.role, grant.on) for grant in listed}) == len(listed)
    whole = [grant for listed in GRANTS for grant in listed if grant.on == "project"]
    assert whole == list(rights.BRIDGE), "only the seed's forwarder reads a whole project"


def test_no_permission_is_a_wildcard_or_without_a_reason_or_listed_twice() -> None:
    for listed in (rights.PREVIEW, rights.UP):
        for right in listed:
            assert re.fullmatch(r"[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+", right.permission)
            assert len(right.needed_by) > 3
        assert len({right.permission for right in listed}) == len(listed)
    assert not {right.permission for right in rights.PREVIEW} & {right.permission for right in rights.UP}


def test_a_preview_needs_no_right_to_change() -> None:
    assert all(right.permission.endswith((".get", ".list")) for right in rights.PREVIEW)


def test_the_forwarder_can_neither_write_events_nor_read_dead_letters() -> None:
    reads = {grant.on for grant in rights.READER if grant.role == "roles/pubsub.subscriber"}
    writes = {grant.on for grant in rights.READER if grant.role == "roles/pubsub.publisher"}
    assert (reads, writes) == ({"subscription"}, {"dead-letter topic"})
