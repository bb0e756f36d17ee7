import yaml

from k8s_audit.delivery.forwarder.alerts import alerts, render_rules, rule_groups
from k8s_audit.delivery.forwarder.dashboard import dashboard, render_dashboard


def test_the_file_of_rules_has_the_rules_of_the_object() -> None:
    text = render_rules("audit", "forwarder")
    assert yaml.safe_load(text) == rule_groups("audit", "forwarder")
    names = [alert.name for alert in alerts("audit", "forwarder")]
    assert len(names) == len(set(names)) == 8


def test_the_dashboard_has_panels_that_do_not_overlap_and_the_same_bytes_each_time() -> None:
    made = dashboard("audit", "forwarder")
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in made["panels"]]
    assert len(places) == len(set(places)) == 8
    assert len(made["uid"]) <= 40
    assert render_dashboard("audit", "forwarder") == render_dashboard("audit", "forwarder")
