import pytest

from k8s_audit.errors import ReceiverError
from k8s_audit.receivers.pods import Pod, matching

AGENT = Pod("sysdig-agent-x7k2p", {"app": "sysdig-agent", "app.kubernetes.io/name": "agent"}, frozenset())
WEB = Pod("web-0", {"app": "web"}, frozenset({8080}))
SELECTOR = {"app": "sysdig-agent"}


def refusal(pods: list[Pod], selector: dict[str, str] = SELECTOR, port: int = 7765) -> str:
    with pytest.raises(ReceiverError) as raised:
        matching(pods, "sysdig-agent", selector, port)
    return str(raised.value)


def test_pods_with_the_labels_are_found_and_others_are_not() -> None:
    assert matching([AGENT, WEB], "sysdig-agent", SELECTOR, 7765) == [AGENT]


def test_all_labels_of_the_selector_must_fit() -> None:
    assert "app=sysdig-agent,tier=node" in refusal([AGENT], SELECTOR | {"tier": "node"})


def test_a_refusal_names_the_pods_that_are_there_the_nearest_first() -> None:
    shield = Pod("shield-host-1", {"app": "sysdig-shield"}, frozenset())
    text = refusal([WEB, shield])
    assert text.startswith("no pod in namespace sysdig-agent has the labels app=sysdig-agent;")
    assert text.index("shield-host-1 with app=sysdig-shield") < text.index("web-0 with app=web")


def test_a_refusal_does_not_name_a_thousand_pods() -> None:
    text = refusal([Pod(f"web-{number}", {"app": "web"}, frozenset()) for number in range(1000)])
    assert text.endswith("; and 995 more")


def test_an_empty_namespace_is_said_to_be_empty() -> None:
    assert "no pod in it at all" in refusal([])


def test_a_port_that_the_pods_declare_otherwise_is_named_with_theirs() -> None:
    text = refusal([Pod("sysdig-agent-1", SELECTOR, frozenset({9544, 7766}))])
    assert "port 7765 is none of the ports" in text
    assert "7766, 9544 (sysdig-agent-1)" in text


def test_a_pod_of_the_host_network_that_declares_no_port_is_taken() -> None:
    other = Pod("sysdig-agent-2", SELECTOR, frozenset({7765}))
    assert matching([AGENT, other], "sysdig-agent", SELECTOR, 7765) == [AGENT, other]
