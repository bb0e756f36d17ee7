from k8s_audit.delivery.forwarder.alerts import alerts, forwarder_rules
from k8s_audit.delivery.forwarder.dashboard import dashboard, render_dashboard


def test_each_rule_has_a_name_of_its_own_and_says_whose_it_is() -> None:
    names = [alert.name for alert in alerts("audit", "forwarder")]
    (group,) = forwarder_rules("audit", "forwarder")["groups"]
    assert [rule["alert"] for rule in group["rules"]] == names
    assert len(names) == len(set(names)) == 8
    assert {rule["labels"]["forwarder"] for rule in group["rules"]} == {"forwarder"}


def test_the_dashboard_has_panels_that_do_not_overlap_and_the_same_bytes_each_time() -> None:
    made = dashboard("audit", "forwarder")
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in made["panels"]]
    assert len(places) == len(set(places)) == 8
    assert len(made["uid"]) <= 40
    assert render_dashboard("audit", "forwarder") == render_dashboard("audit", "forwarder")
