"""An Alertmanager's configuration as one of ours: routes, receivers, inhibition, intervals; and what cannot come along.

Keys are those of Alertmanager's configuration reference (0.25 to 0.34). Secrets are never carried: in their place
stands the name of an environment variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from trailbell_engine.alert import SEVERITIES
from trailbell_engine.durations import format_duration, parse_duration
from trailbell_engine.timestamps import DAY_US, MINUTE_US
from trailbell_notifiers.policy.matchers import Matcher, MatcherError
from trailbell_notifiers.policy.routing import OWN_LABELS

from .intervals import ALWAYS, spans
from .matchers import read_matcher, split_matchers

_LABELS: Final = {"alertname": "rule"}
"""Labels that are called otherwise here."""
_ROUTE_KEYS: Final = frozenset(
    {"receiver", "group_by", "group_wait", "group_interval", "repeat_interval", "continue", "routes", "match"}
    | {"match_re", "matchers", "mute_time_intervals", "active_time_intervals"}
)
_SECTIONS: Final = frozenset(
    {"global", "route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals", "templates"}
)
_KINDS: Final = {
    "slack_configs": "slack",
    "email_configs": "email",
    "webhook_configs": "webhook",
    "pagerduty_configs": "pagerduty",
    "discord_configs": "discord",
    "msteamsv2_configs": "teams",
}
_DEFAULT_TIMES: Final = {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"}
_OWN_AFFAIR: Final = "how a message looks and how it is sent is the channel's own affair here"
_GLOBALS_LEFT: Final = ("resolve_timeout", "http_config", "smtp_tls_config", "smtp_hello", "smtp_auth_identity")
_LEFT_WHY: Final = {
    "resolve_timeout": "alerts end when their rule says so; `close_after` is nearest to it",
    "http_config": "what opens the door goes into `headers`, an authority of your own into `ca_file`",
    "smtp_tls_config": "certificates are always checked; an authority of your own goes into `ca_file`",
    "tls_config": "certificates are always checked; an authority of your own goes into `ca_file`",
}
_PAGERDUTY_EU: Final = "events.eu.pagerduty.com"
NOBODY: Final = "always-quiet"
"""The interval that stands for a receiver without integrations, by which nobody is told."""


@dataclass(slots=True)
class Imported:
    """What became of a configuration.

    Attributes:
        values: ours, with a comment for each part under its place.
        comments: place -> where it came from.
        left: (place in the original, why it was left out or changed).
        variables: environment variables that must be set, and for what.
    """

    values: dict[str, Any] = field(default_factory=dict)
    comments: dict[tuple[str, ...], str] = field(default_factory=dict)
    left: list[tuple[str, str]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)


def from_alertmanager(source: Mapping[str, Any]) -> Imported:
    """Translate the values of an ``alertmanager.yml``. Total: what is not understood is named in ``left``."""
    return _Importer(source).run()


class _Importer:
    def __init__(self, source: Mapping[str, Any]) -> None:
        self.source = source
        self.globals: Mapping[str, Any] = _mapping(source.get("global"))
        self.out = Imported()
        self.names: dict[str, list[str]] = {}
        self.taken: set[str] = set()
        self.silent: set[str] = set()
        self.labels: dict[str, None] = {}

    def run(self) -> Imported:
        self.sections()
        receivers: dict[str, Any] = {}
        for position, entry in enumerate(_list(self.source.get("receivers"))):
            for name, settings in self.receiver(_mapping(entry), f"receivers[{position}]"):
                receivers[name] = settings
                self.out.comments["receivers", name] = f"receivers[{position}], {_mapping(entry).get('name')}"
        self.out.values["receivers"] = receivers
        if not receivers:
            self.leave("receivers", "none of them tells anybody, or can be carried over: here nobody is told either")
        self.intervals()
        route = self.route(_mapping(self.source.get("route")), "route", top=True)
        if route is not None:
            self.out.values["route"] = route
        inhibit = (
            self.inhibition(_mapping(entry), f"inhibit_rules[{position}]")
            for position, entry in enumerate(_list(self.source.get("inhibit_rules")))
        )
        carried = [entry for entry in inhibit if entry is not None]
        if carried:
            self.out.values["inhibit"] = carried
        if self.labels:
            self.leave(f"labels {', '.join(self.labels)}", "an alert has such a label here if its rule counts `by` it")
        return self.out

    def sections(self) -> None:
        """Name what is said for the whole file and has no place here."""
        for key in self.source:
            if key not in _SECTIONS:
                self.leave(key, "no such section here")
        if self.source.get("templates"):
            self.leave("templates", "Go templates; what messages say is in the rules (`title`, `alert.summary`)")
        for key in self.globals:
            if key in _GLOBALS_LEFT:
                self.leave(f"global.{key}", _LEFT_WHY.get(key, _OWN_AFFAIR))

    def leave(self, place: str, why: str) -> None:
        self.out.left.append((place, why))

    def receiver(self, entry: Mapping[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """One of theirs is a channel for each of its integrations."""
        given = str(entry.get("name", "receiver"))
        base = re.sub(r"[^A-Za-z0-9._-]+", "-", given).strip("-._")[:48] or "receiver"
        made: list[tuple[str, dict[str, Any]]] = []
        theirs = {key: _list(value) for key, value in entry.items() if key.endswith("_configs")}
        for key, value in theirs.items():
            for position, settings in enumerate(value):
                where = f"{place}.{key}[{position}]"
                if key not in _KINDS:
                    self.leave(where, "there is no such channel here")
                    continue
                made.append((_KINDS[key], self.channel(key, _mapping(settings), where, base)))
        names = []
        for number, (kind, settings) in enumerate(made):
            names.append(self.unique(base if len(made) == 1 else f"{base}-{kind}-{number + 1}"))
            yield names[-1], {kind: settings}
        self.names[given] = names
        if not any(theirs.values()):
            self.silent.add(given)
        elif not names:
            self.leave(place, "it has nothing that can be carried over: whom its routes told, their parents tell")

    def unique(self, name: str) -> str:
        """The name, or another where one is called so: ours may hold fewer characters than theirs."""
        others = (f"{name}-{number}" for number in range(2, len(self.taken) + 3))
        chosen = next(one for one in (name, *others) if one not in self.taken)
        self.taken.add(chosen)
        return chosen

    def channel(self, key: str, settings: Mapping[str, Any], place: str, base: str) -> dict[str, Any]:
        used = {"send_resolved"}
        match key:
            case "slack_configs":
                result = self.slack(settings, place, base)
                used |= {"api_url", "api_url_file", "app_token", "app_token_file", "app_url", "channel"}
                used |= {"http_config"} if "token" in result else set()
            case "email_configs":
                result = self.mail(settings, place, base)
                used |= {
                    "to",
                    "from",
                    "smarthost",
                    "auth_username",
                    "auth_password",
                    "auth_password_file",
                    "require_tls",
                }
            case "webhook_configs":
                url = str(settings.get("url", ""))
                # A name and password, or a query, may be what opens the door.
                open_ = bool(url) and not set(url) & set("@?")
                result = {"url": url if open_ else self.secret(base, "WEBHOOK_URL", place), "format": "alertmanager"}
                used |= {"url", "url_file", "max_alerts"}
                result |= {"allow_cidrs": [private]} if (private := _private(url)) else {}
            case "pagerduty_configs":
                result = {"routing_key": self.secret(base, "PAGERDUTY_ROUTING_KEY", place)}
                address = str(settings.get("url") or self.globals.get("pagerduty_url", ""))
                result |= {"region": "eu"} if urlsplit(address).hostname == _PAGERDUTY_EU else {}
                used |= {"routing_key", "routing_key_file", "service_key", "service_key_file"}
                used |= {"url"} if "region" in result else set()
            case _:
                result = {"url": self.secret(base, "WEBHOOK_URL", place)}
                used |= {"webhook_url", "webhook_url_file"}
        for name in settings:
            if name not in used:
                self.leave(f"{place}.{name}", _LEFT_WHY.get(name, _OWN_AFFAIR))
        if settings.get("send_resolved") is False:
            self.leave(f"{place}.send_resolved", "whoever was told of an alert is told of its end")
        return result

    def slack(self, settings: Mapping[str, Any], place: str, base: str) -> dict[str, Any]:
        """A bot, if the original posts by a token to a channel it names; else the incoming webhook."""
        bots = (settings, self.globals)
        bot = any(
            one.get(f"{name}app_token{file}")
            for one, name in zip(bots, ("", "slack_"), strict=True)
            for file in ("", "_file")
        )
        if settings.get("channel") and (bot or str(settings.get("api_url", "")).endswith("/chat.postMessage")):
            return {"token": self.secret(base, "SLACK_BOT_TOKEN", place), "channel": str(settings["channel"])}
        if "channel" in settings:
            self.leave(f"{place}.channel", "a webhook's channel is chosen in Slack; with `token` it can be set")
        return {"webhook_url": self.secret(base, "SLACK_WEBHOOK_URL", place)}

    def mail(self, settings: Mapping[str, Any], place: str, base: str) -> dict[str, Any]:
        host, _, port = str(
            settings.get("smarthost") or self.globals.get("smtp_smarthost") or "localhost:25"
        ).rpartition(":")
        result: dict[str, Any] = {
            "to": [part.strip() for part in str(settings.get("to", "")).split(",") if part.strip()],
            "from": str(settings.get("from") or self.globals.get("smtp_from") or "alerts@example.com"),
            "host": host or port,
            "port": int(port) if host and port.isdigit() else 25,
        }
        user = settings.get("auth_username") or self.globals.get("smtp_auth_username")
        if user:
            result |= {"username": str(user), "password": self.secret(base, "SMTP_PASSWORD", place)}
        tls = settings.get("require_tls", self.globals.get("smtp_require_tls", True))
        if port == "465":
            return result | {"tls": "implicit"}
        if not tls and user:
            self.leave(f"{place}.require_tls", "a password goes over TLS only; to do without, take out both")
        return result | ({} if tls or user else {"tls": "none"})

    def secret(self, base: str, what: str, place: str) -> str:
        plain = f"{re.sub(r'[^A-Z0-9]+', '_', base.upper())}_{what}".lstrip("_0123456789")
        others = (f"{plain}_{number}" for number in range(2, len(self.out.variables) + 3))
        name = next(name for name in (plain, *others) if name not in self.out.variables)
        self.out.variables[name] = place
        return f"${{{name}}}"

    def route(
        self, entry: Mapping[str, Any], place: str, *, top: bool = False, silent: bool = False
    ) -> dict[str, Any] | None:
        result: dict[str, Any] = {}
        if entry.get("receiver") or top:
            result |= self.told(str(entry.get("receiver")), place, top=top)
            silent = str(entry.get("receiver")) in self.silent
            if top and not result:
                return None
        matchers = self.matchers(entry, "", place)
        result |= {"matchers": matchers} if matchers else {}
        if "group_by" in entry or top:
            result["group_by"] = [self.label(label) for label in _list(entry.get("group_by"))]
        result |= self.timers(entry, place, top=top)
        for name in ("mute_time_intervals", "active_time_intervals"):
            if entry.get(name):
                result[name] = [str(interval) for interval in _list(entry[name])]
        if silent:
            result["mute_time_intervals"] = [self.nobody()]
        result |= {"continue": True} if entry.get("continue") else {}
        children = (
            self.route(_mapping(child), f"{place}.routes[{position}]", silent=silent)
            for position, child in enumerate(_list(entry.get("routes")))
        )
        routes = [child for child in children if child is not None]
        for key in entry:
            if key not in _ROUTE_KEYS:
                self.leave(f"{place}.{key}", "there is no such key here")
        return result | ({"routes": routes} if routes else {})

    def timers(self, entry: Mapping[str, Any], place: str, *, top: bool) -> dict[str, str]:
        """The three times of a route; of the top one also those that are left out there."""
        found = {}
        for name, default in _DEFAULT_TIMES.items():
            written = entry.get(name) or (default if top else None)
            if written is not None:
                shortest_us = MINUTE_US if "repeat" in name else 0
                found[name] = self.duration(str(written), f"{place}.{name}", default, shortest_us)
        return found

    def told(self, receiver: str, place: str, *, top: bool) -> dict[str, Any]:
        """The receiver of a route; that of its parent, which it then takes, for one that has not come along."""
        names = self.names.get(receiver) or []
        if not names and top:
            names = [name for others in self.names.values() for name in others][:1]
        if receiver not in self.silent and not self.names.get(receiver):
            instead = names[0] if names else "its parent's" if not top else "nobody"
            self.leave(f"{place}.receiver", f"it could not be carried over; here {instead} is told")
        return {"receiver": names[0] if len(names) == 1 else names} if names else {}

    def nobody(self) -> str:
        """The name of an interval that is always."""
        self.out.values.setdefault("time_intervals", {})[NOBODY] = [ALWAYS]
        self.out.comments["time_intervals", NOBODY] = f"routes to {', '.join(sorted(self.silent))}: nobody is told"
        return NOBODY

    def matchers(self, entry: Mapping[str, Any], side: str, place: str) -> list[str]:
        """Of the three ways in which Alertmanager writes them; ``side`` is ``source_`` or ``target_`` or empty."""
        texts = [f"{name}={_quoted(value)}" for name, value in _mapping(entry.get(f"{side}match")).items()]
        texts += [f"{name}=~{_quoted(value)}" for name, value in _mapping(entry.get(f"{side}match_re")).items()]
        written = entry.get(f"{side}matchers")
        for text in [written] if isinstance(written, str) else _list(written):
            texts += split_matchers(str(text))
        found: list[Matcher] = []
        for text in texts:
            try:
                matcher = read_matcher(text)
            except MatcherError as error:
                self.leave(f"{place}.{side}matchers", f"{error}; without it more alerts match, so look at it")
                continue
            found.append(matcher._replace(label=self.label(matcher.label)))
            self.mind_severity(found[-1], f"{place}.{side}matchers")
        return [str(matcher) for matcher in found]

    def label(self, name: Any) -> str:
        """What a label is called here. Theirs are free; those that ours have only by their rules are remembered."""
        ours = _LABELS.get(str(name), str(name))
        if ours not in (*OWN_LABELS, "..."):
            self.labels[ours] = None
        return ours

    def mind_severity(self, matcher: Matcher, place: str) -> None:
        """Their severities are free, too: one that is none of ours is no match ever, and nothing else would say so."""
        if matcher.label == "severity" and not any(matcher.holds({"severity": (one,)}) for one in SEVERITIES):
            self.leave(place, f"{matcher} never holds: alerts are {', '.join(SEVERITIES)} here")

    def duration(self, text: str, place: str, default: str, shortest_us: int) -> str:
        """Theirs may have years, which ours have not."""
        years = re.match(r"(\d+)y", text)
        rest_us = parse_duration(text[years.end() :] if years else text) or 0
        total_us = rest_us + (int(years[1]) * 365 * DAY_US if years else 0)
        if text in ("0s", "0") and not shortest_us:
            return "0s"
        if total_us < max(shortest_us, 1):
            self.leave(place, f"{text} cannot be carried over; it is {default}")
            return default
        return format_duration(total_us)

    def inhibition(self, entry: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        left = len(self.out.left)
        result: dict[str, Any] = {
            "name": place,
            "source": self.matchers(entry, "source_", place) or ['rule=~".+"'],
            "target": self.matchers(entry, "target_", place) or ['rule=~".+"'],
        }
        if len(self.out.left) > left:
            self.leave(place, "with a matcher less it would hide what nobody meant to hide")
            return None
        equal = [self.label(label) for label in _list(entry.get("equal"))]
        # Alertmanager takes two missing labels for equal.
        return result | ({"equal": equal, "equal_missing": "match"} if equal else {})

    def intervals(self) -> None:
        """``time_intervals``, and ``mute_time_intervals`` as they were called before 0.24."""
        found: dict[str, Any] = {}
        for section in ("time_intervals", "mute_time_intervals"):
            for position, entry in enumerate(_list(self.source.get(section))):
                name = str(_mapping(entry).get("name", f"{section}-{position + 1}"))
                found[name] = spans([_mapping(span) for span in _list(_mapping(entry).get("time_intervals"))])
                self.out.comments["time_intervals", name] = f"{section}[{position}]"
        if found:
            self.out.values["time_intervals"] = found


def _private(url: str) -> str:
    """The network of an address that webhooks do not go to unless it is opened; empty if it is none, or a name."""
    try:
        address = ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return ""
    return "" if address.is_global else f"{address}/{address.max_prefixlen}"


def _quoted(value: Any) -> str:
    """A value of ``match``: what YAML reads as true or as nothing is ``true`` and the empty text there."""
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
