"""An Alertmanager's configuration, taken over: what it told whom, it tells here, or says why not."""

import pytest
import yaml

from trailbell.alertmanager.importing import NOBODY, from_alertmanager
from trailbell.configuration.config import load_config
from trailbell.configuration.policy import policy_of
from trailbell.wiring import receivers
from trailbell_notifiers.policy.intervals import inside, until_us
from trailbell_notifiers.policy.routing import decide

NOVEMBER_US = 1_795_000_000_000_000
SECRET = "https://example.com/secret"


@pytest.fixture
def imported(tmp_path, trailbell):
    """A function: what becomes of a configuration, and the policy of the file that is written, which can be run."""

    def run(text):
        theirs, ours = tmp_path / "alertmanager.yml", tmp_path / "trailbell.yaml"
        theirs.write_text(text, encoding="utf-8")
        assert trailbell("config", "import", "alertmanager", str(theirs), "-o", str(ours))[0] == 0
        assert "&id" not in ours.read_text(encoding="utf-8")
        result = from_alertmanager(yaml.safe_load(text))
        config = load_config(ours, dict.fromkeys(result.variables, SECRET))
        receivers(config)
        return result, policy_of(config)

    return run


def told(policy, **labels):
    """Who hears of an alert, without those whose route is always muted."""
    decisions = decide(policy.route, {name: (value,) for name, value in labels.items()})
    return [one.receiver for one in decisions if NOBODY not in one.plan.mute]


def test_each_secret_has_a_name_of_its_own(imported):
    """Two webhooks of one receiver, and two receivers that ours may call only the same, stay apart."""
    result, _ = imported("""
route: {receiver: a b}
receivers:
- {name: a b, slack_configs: [{api_url: "https://hooks.slack.com/1"}, {api_url: "https://hooks.slack.com/2"}]}
- {name: c d, discord_configs: [{webhook_url: "https://discord.com/1"}]}
- {name: c-d, discord_configs: [{webhook_url: "https://discord.com/2"}]}
""")
    found = [next(iter(channel.values())) for channel in result.values["receivers"].values()]
    assert [settings.get("webhook_url") or settings["url"] for settings in found] == [
        "${A_B_SLACK_WEBHOOK_URL}",
        "${A_B_SLACK_WEBHOOK_URL_2}",
        "${C_D_WEBHOOK_URL}",
        "${C_D_WEBHOOK_URL_2}",
    ]
    assert list(result.values["receivers"]) == ["a-b-slack-1", "a-b-slack-2", "c-d", "c-d-2"]


def test_a_receiver_without_integrations_tells_nobody_here_too(imported):
    """A usual way to drop alerts; neither the routes after it nor its parent take them over."""
    result, policy = imported("""
route:
  receiver: "null"
  routes:
  - receiver: "null"
    matchers: [alertname=Watchdog]
    routes: [{matchers: [owner=x]}, {matchers: [owner=y], receiver: a}]
  - {receiver: a, matchers: [severity=critical]}
receivers: [{name: "null"}, {name: a, webhook_configs: [{url: "https://a.example.com"}]}]
""")
    assert result.left == []
    critical = {"severity": "critical"}
    assert told(policy, **critical) == ["a"]
    assert told(policy, severity="low") == []
    assert told(policy, **critical, rule="Watchdog") == []
    assert told(policy, **critical, rule="Watchdog", owner="x") == []
    assert told(policy, **critical, rule="Watchdog", owner="y") == ["a"]
    always = policy.intervals[NOBODY]
    assert inside(always, NOVEMBER_US)
    assert until_us([always], NOVEMBER_US, wanted=False) is None


def test_a_route_outlives_its_receiver(imported):
    """Where a channel has not come along its parent's receiver is told, and its own routes stay."""
    result, policy = imported("""
route:
  receiver: a
  routes:
  - receiver: gone
    matchers: [severity=~"high|critical"]
    routes: [{receiver: b, matchers: [severity=critical]}]
receivers:
- {name: gone, opsgenie_configs: [{api_key: x}]}
- {name: a, webhook_configs: [{url: "https://a.example.com"}]}
- {name: b, webhook_configs: [{url: "https://b.example.com"}]}
""")
    assert [told(policy, severity=one) for one in ("critical", "high", "low")] == [["b"], ["a"], ["a"]]
    assert ("route.routes[0].receiver", "it could not be carried over; here its parent's is told") in result.left


def test_what_comes_out_can_be_run(imported):
    """A bot's token, a private address, a password without TLS: the settings are those that a receiver takes here."""
    result, _ = imported("""
global:
  {smtp_smarthost: "mail.example.com:25", smtp_from: a@example.com, smtp_auth_username: u, smtp_require_tls: false}
route: {receiver: a, routes: [{receiver: a, matchers: [severity=critical]}]}
receivers:
- name: a
  email_configs: [{to: b@example.com}]
  webhook_configs: [{url: "http://10.1.2.3:9000/x"}]
  slack_configs:
  - {channel: "#a", app_token: xoxb-1}
  - channel: "#b"
    api_url: https://slack.com/api/chat.postMessage
    http_config: {authorization: {credentials: xoxb-2}}
""")
    mail, hook, *bots = (next(iter(channel.values())) for channel in result.values["receivers"].values())
    assert mail["password"] == "${A_SMTP_PASSWORD}"
    assert "tls" not in mail
    assert hook == {"url": "http://10.1.2.3:9000/x", "format": "alertmanager", "allow_cidrs": ["10.1.2.3/32"]}
    assert bots == [
        {"token": "${A_SLACK_BOT_TOKEN}", "channel": "#a"},
        {"token": "${A_SLACK_BOT_TOKEN_2}", "channel": "#b"},
    ]
    assert [place for place, _ in result.left] == ["receivers[0].email_configs[0].require_tls"]


@pytest.mark.parametrize(
    ("written", "labels", "taken"),
    [
        (r"""'source_ip=~"10\.0\.\d+"'""", {"source_ip": "10.0.12"}, True),
        (r"""'source_ip=~"10\.0\.\d+"'""", {"source_ip": "10x0.12"}, False),
        (r"""'owner=~"say \"hi\", you", severity="high"'""", {"owner": 'say "hi", you', "severity": "high"}, True),
        (r"""'owner=~"say \"hi\", you", severity="high"'""", {"owner": 'say "hi", you', "severity": "low"}, False),
        (r"""'{owner="a\"b,c"}'""", {"owner": 'a"b,c'}, True),
        (r"""'owner=a\b'""", {"owner": r"a\b"}, True),
        (r"""'owner="a\tb\nc\\"'""", {"owner": "a\\tb\nc\\"}, True),
        (r"""'owner="a", '""", {"owner": "a"}, True),
    ],
)
def test_matchers_are_read_as_an_alertmanager_reads_them(imported, written, labels, taken):
    """Loose backslashes as patterns have them, escaped quotes, commas inside of quotes (`amtool` decides the same)."""
    _, policy = imported(f"""
route: {{receiver: a, routes: [{{receiver: b, matchers: [{written}]}}]}}
receivers:
- {{name: a, webhook_configs: [{{url: "https://a.example.com"}}]}}
- {{name: b, webhook_configs: [{{url: "https://b.example.com"}}]}}
""")
    assert told(policy, **labels) == ["b" if taken else "a"]


def test_a_value_that_is_no_text_is_what_was_written(imported):
    """`match` of true, of a number and of nothing mean the label's text there, and here."""
    result, _ = imported("""
route: {receiver: a, routes: [{receiver: a, match: {owner: true, state: ~, source: 3}, match_re: {tag: "x\\\\.y"}}]}
receivers: [{name: a, webhook_configs: [{url: "https://a.example.com"}]}]
""")
    route = result.values["route"]["routes"][0]
    assert route["matchers"] == ['owner="true"', 'state=""', 'source="3"', 'tag=~"x\\\\.y"']


def test_an_interval_that_says_nothing_can_be_run(imported):
    """Theirs without a span is never; a span without limits is always."""
    _, policy = imported("""
route: {receiver: a}
receivers: [{name: a, webhook_configs: [{url: "https://a.example.com"}]}]
time_intervals:
- {name: never, time_intervals: []}
- {name: always, time_intervals: [{}]}
- {name: empty, time_intervals: [{weekdays: [], times: []}]}
""")
    held = {name: inside(interval, NOVEMBER_US) for name, interval in policy.intervals.items()}
    assert held == {"never": False, "always": True, "empty": True}


def test_what_our_alerts_cannot_have_is_named():
    """A severity that is none of ours would never match, a label of theirs seldom; settings for all are named too."""
    result = from_alertmanager(
        yaml.safe_load("""
global: {http_config: {}, smtp_hello: a, pagerduty_url: "https://events.eu.pagerduty.com/v2/enqueue"}
route:
  receiver: a
  group_by: [alertname, cluster]
  routes: [{receiver: a, matchers: [severity=~"warning|page", team=x]}, {receiver: a, match: {severity: critical}}]
receivers: [{name: a, pagerduty_configs: [{routing_key: x}]}]
""")
    )
    assert result.values["receivers"]["a"]["pagerduty"]["region"] == "eu"
    assert [place for place, _ in result.left] == [
        "global.http_config",
        "global.smtp_hello",
        "route.routes[0].matchers",
        "labels cluster, team",
    ]
    assert 'severity=~"warning|page" never holds' in dict(result.left)["route.routes[0].matchers"]


def test_receivers_that_tell_nobody_at_all_are_named(imported):
    """A skeleton of a configuration makes a file without routes, which must not look like a success."""
    result, policy = imported("route: {receiver: a}\nreceivers: [{name: a}]")
    assert policy.route is None
    assert [place for place, _ in result.left] == ["receivers"]
