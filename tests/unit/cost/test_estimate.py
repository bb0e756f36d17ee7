"""The bill of a month: its sums, its sources, what it says of itself, and its page."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from k8s_audit.cli.app import app
from k8s_audit.config.forwarder import ForwarderConfig
from k8s_audit.cost.estimate import WAYS, Load, estimate, prices
from k8s_audit.errors import ConfigError
from tests.project import CHECKOUT

MILLION = Load(1_000_000)
PAGE = (CHECKOUT / "docs" / "cost.md").read_text()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["cost", *arguments])


def lines(platform: str, load: Load) -> dict[str, float]:
    return {line.price: line.usd for line in estimate(platform, load).lines}


def test_a_bill_worked_out_by_hand() -> None:
    eks = lines("eks", MILLION)  # 73 GB a month; a fifth of it when compressed
    assert eks["cloudwatchIngestion"] == pytest.approx(73 * 0.50)
    assert eks["kinesisStream"] == pytest.approx(730 * 0.04)
    assert eks["kinesisIn"] == pytest.approx(14.6 * 0.08)
    assert eks["fargateCpu"] == pytest.approx(2 * 0.5 * 730 * 0.04048)
    assert lines("aks", MILLION)["eventHubsUnit"] == pytest.approx(730 * 0.03)
    assert lines("gke", MILLION)["pubsub"] == pytest.approx((2 * 73e9 - 10 * 2**30) / 2**40 * 40)


def test_gkes_log_costs_nothing_but_for_the_data_access_log_over_what_is_free() -> None:
    assert lines("gke", MILLION)["cloudLogging"] == 0
    assert lines("gke", replace(MILLION, data_access=0.5))["cloudLogging"] == 0  # 34 GiB
    assert lines("gke", replace(MILLION, data_access=1))["cloudLogging"] == pytest.approx((73e9 / 2**30 - 50) * 0.5)


def test_an_event_hub_is_paid_for_by_its_peak() -> None:
    assert lines("aks", replace(MILLION, events_per_day=10_000_000))["eventHubsUnit"] == pytest.approx(2 * 730 * 0.03)


@given(st.sampled_from(sorted(WAYS)), st.floats(1, 1e9), st.floats(100, 2**20), st.floats(1, 10))
def test_more_events_never_cost_less_and_the_guides_way_is_never_nothing(
    platform: str, events: float, size: float, times: float
) -> None:
    few, many = (estimate(platform, Load(amount, size)) for amount in (events, events * times))
    assert 0 < few.usd <= many.usd
    assert 0 < few.seed_usd <= few.usd


def test_each_price_has_a_source_and_is_used() -> None:
    used = {line.price for way in WAYS.values() for line in [*way(MILLION).lines, *way(MILLION).seed]}
    assert used == prices().prices.keys()
    for name, price in prices().prices.items():
        assert price.url.startswith("https://"), name
        assert bool(price.read_at) == (price.basis == "third-party"), name


def test_the_pods_are_those_of_a_forwarder_by_default() -> None:
    default = [ForwarderConfig.model_fields[key].default for key in ("replicas", "cpu", "memory")]
    assert default == [2, "500m", "512Mi"]
    assert (MILLION.replicas, MILLION.cpu, MILLION.memory) == (2, 0.5, 0.5)


def test_a_region_whose_prices_are_not_known_is_told_so() -> None:
    notes = estimate("eks", MILLION, "eu-west-1").notes
    assert notes[0] == "prices are those of us-east-1: those of eu-west-1 are not in the table"
    assert not estimate("eks", MILLION, "us-east-1").notes[0].startswith("prices")


def test_the_command_prints_the_same_for_people_and_programs() -> None:
    told = run("--platform", "eks", "--events-per-day", "1000000").stdout
    data = json.loads(run("--platform", "eks", "--events-per-day", "1000000", "--json").stdout)
    assert f"{data['perMonth']:.2f}  together; the way of Sysdig's guide: about {data['guidesWay']['perMonth']}" in told
    assert data["perMonth"] == pytest.approx(sum(line["usd"] for line in data["lines"]), abs=0.05)
    assert all(line["price"]["url"] for line in data["lines"])
    assert all(f"  - {note}" in told for note in data["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--platform", "ekz", "--events-per-day", "1"],
            "--platform: unknown; given: 'ekz'; did you mean eks? allowed:",
        ),
        (["--platform", "iks", "--events-per-day", "1"], "allowed: eks, gke, aks"),
        (["--platform", "eks", "--events-per-day", "0"], "--events-per-day: more than 0"),
        (["--platform", "eks", "--events-per-day", "nan"], "given: nan"),
        (
            ["--platform", "eks", "--events-per-day", "1", "--bytes-per-event", "-1"],
            "--bytes-per-event: from 100 to 2097152",
        ),
        (
            ["--platform", "gke", "--events-per-day", "1", "--data-access", "80"],
            "--data-access: from 0 to 1; given: 80",
        ),
        (["--platform", "eks", "--events-per-day", "1", "--replicas", "0"], "--replicas: from 1 to 100"),
    ],
)
def test_bad_input_is_one_message(arguments: list[str], said: str) -> None:
    refused = run(*arguments)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
    with pytest.raises(ConfigError, match="2 fault"):
        estimate("ekz", Load(0))


def test_the_page_shows_what_the_command_prints_and_each_price() -> None:
    command, output = re.findall(r"^    \$ k8s-audit (cost .*)\n((?:    .*\n)+)", PAGE, re.MULTILINE)[0]
    printed = CliRunner().invoke(app, command.split()).stdout
    assert "".join(line.removeprefix("    ") + "\n" for line in output.splitlines()) == printed
    for name, price in prices().prices.items():
        row = f"| {name} | {price.usd:g} per {price.unit} | [{price.basis}]({price.read_at or price.url}) | {price.date} |"
        assert row in PAGE, row
