"""Rules over the Vonage-like events: half equality; a tenth each affixes, contains, patterns, networks, numbers."""

import re
from random import Random
from typing import Any

from vonage_events import FAMILIES, FAMILY_OF
from world import Account, Skewed, World, word

from trailbell_engine.conditions.each import Each
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import AllOf, Predicate, Test
from trailbell_engine.rule import Rule, RuleSet, Words
from trailbell_engine.schedule import Hours, Schedule

LOW = {
    "number": (("context.voice-type", ("tel", "sip", "vxml", "app")),),
    "app": (("context.created.type", ("voice", "messages", "rtc")), ("context.capabilities", tuple(range(1, 10)))),
    "user": (
        ("context.status", ("ok", "failed", "locked")),
        ("context.role", ("admin", "developer", "billing")),
        ("context.mfa", (True, False)),
    ),
    "account": (("context.tags", ("prod", "test", "eu", "us", "legacy")),),
    "billing": (("context.currency", ("EUR", "USD", "GBP")), ("context.method", ("card", "paypal", "invoice"))),
}
NUMBERS = {
    "number": ("cost", 60, 400),
    "user": ("attempts", 12, 40),
    "account": ("ttl_days", 10**3, 10**6),
    "billing": ("amount", 4_000, 60_000),
}
URLS = {"number": "context.voice-value", "app": "context.created.answer_url.url"}
OFFICE = Schedule(hours=(Hours(9 * 60, 18 * 60),))


class Maker:
    """Makes rules, each from the same seed the same."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.rng = Random(seed)
        self._accounts = Skewed(world.accounts, 0.3)

    def mixed(self, number: int) -> RuleSet:
        """Every kind of rule."""
        kinds = [self._affix, self._contains, self._pattern, self._network, self._number, *[self._equality] * 5]
        return self._set(self._rule(kinds[position % 10]) for position in range(number))

    def equality(self, number: int) -> RuleSet:
        """Equality and lists only."""
        return self._set(self._rule(self._equality) for _ in range(number))

    def tenants(self, number: int) -> RuleSet:
        """One event type and one account each."""
        return self._set(
            [_test("event_type", "equals", self._type()), _test("account_id", "equals", self._account().id)]
            for _ in range(number)
        )

    def hot(self, number: int) -> RuleSet:
        """One event type and one to three values that many events have: the more rules, the more matches."""
        return self._set(self._hot() for _ in range(number))

    def _set(self, rules: Any) -> RuleSet:
        predicates = [AllOf(tuple(parts)) for parts in rules]
        self.rng.shuffle(predicates)
        return RuleSet([Rule(f"r{n}", "low", match, Each(), Words("t")) for n, match in enumerate(predicates)])

    def _rule(self, kind: Any) -> list[Predicate]:
        rng = self.rng
        family = rng.choice(list(FAMILIES))
        account = self._account()
        parts = kind(family, account)
        if kind != self._equality:
            parts += self._scope(account)
        names = FAMILIES[family]
        chance = rng.random()
        if chance < 0.85:
            parts.insert(0, _test("event_type", "equals", rng.choice(names)))
        elif chance < 0.95:
            parts.insert(0, _test("event_type", "in", rng.sample(names, rng.randint(2, min(4, len(names))))))
        return parts

    def _scope(self, account: Account) -> list[Predicate]:
        """What narrows a rule about a text, an address or a number: mostly the account."""
        rng = self.rng
        chance = rng.random()
        if chance < 0.5:
            parts = [_test("account_id", "equals", account.id)]
        else:
            parts = [self._countries()] if chance < 0.7 else []
        chance = rng.random()
        if chance < 0.04:
            parts.append(_test("user_email", "exists", True))
        elif chance < 0.08:
            parts.append(_test("time", "outside", OFFICE))
        return parts

    def _equality(self, family: str, account: Account) -> list[Predicate]:
        rng = self.rng
        field, read = rng.choices(
            (
                ("account_id", lambda one: one.id),
                ("user_email", lambda one: one.people[0].email),
                rng.choice(
                    (
                        ("source_ip", lambda one: one.people[0].home),
                        *[("context.msisdn", lambda one: one.numbers[0])] * (family == "number"),
                        *[("context.appId", lambda one: one.apps[0][0])] * (family == "app"),
                    )
                ),
            ),
            (62, 25, 12),
        )[0]
        if rng.random() < 0.7:
            parts = [_test(field, "equals", read(account))]
        else:
            parts = [_test(field, "in", [read(self._account()) for _ in range(rng.randint(2, 8))])]
        low = [("source_country", ()), ("source", ("CD", "DEVAPI")), *LOW[family]]
        for path, values in rng.sample(low, rng.randint(0, 2)):
            parts.append(self._among(path, values) if values else self._countries())
        return parts

    def _among(self, path: str, values: tuple[Any, ...]) -> Predicate:
        """One of the values, or a list of some but not all."""
        if self.rng.random() < 0.7 or len(values) < 3:
            return _test(path, "equals", self.rng.choice(values))
        return _test(path, "in", self.rng.sample(values, self.rng.randint(2, min(8, len(values) - 1))))

    def _countries(self) -> Predicate:
        return _test("source_country", "in", self.rng.sample(self.world.countries, self.rng.randint(2, 12)))

    def _affix(self, family: str, account: Account) -> list[Predicate]:
        rng = self.rng
        email = rng.choice(account.people).email
        if rng.random() < 0.5:
            return [_test("user_email", "ends_with", (email[email.index("@") :],))]
        if family == "number" and rng.random() < 0.5:
            return [_test("context.msisdn", "starts_with", (rng.choice(account.numbers)[: rng.randint(6, 9)],))]
        if family == "user" and rng.random() < 0.5:
            return [_test("context.user_agent", "starts_with", (rng.choice(self.world.agents)[: -rng.randint(1, 4)],))]
        return [_test("user_email", "starts_with", (email[: email.index(".") + rng.randint(3, 5)],))]

    def _contains(self, family: str, account: Account) -> list[Predicate]:
        rng = self.rng
        length = rng.randint(7, 14)
        if rng.random() < 0.6 and family in URLS:
            return [_test(URLS[family], "contains", (rng.choice(self.world.hosts)[:length],))]
        if rng.random() < 0.6 and family == "account":
            return [_test("context.reason", "contains", (word(rng, 3, 4),))]
        return [_test("user_email", "contains", (rng.choice(account.people).email[2 : 2 + length],))]

    def _pattern(self, family: str, account: Account) -> list[Predicate]:
        rng, world = self.rng, self.world
        name, domain = account.people[0].email.split("@")
        forename, surname = name.rstrip("0123456789").split(".")
        domain, other, host = (re.escape(text) for text in (domain, rng.choice(world.domains), rng.choice(world.hosts)))
        choices = {
            "number": (("context.voice-value", rf"^(https|sip)://{host}/[a-z]+"),),
            "app": (
                ("context.created.event_url.url", rf"{domain}/(answer|event|callback)$"),
                ("context.created.name", rf"{word(rng)} (sms|voice) {word(rng)}"),
            ),
            "user": (
                ("context.user_agent", rf"Chrome/{rng.randint(90, 140)}\.[0-9]\.{rng.randint(10, 70)}[0-9]+"),
                ("context.user_agent", rf"^(curl|okhttp)/{rng.randint(1, 9)}\.[0-9]+\.{rng.randint(0, 9)}$"),
            ),
            "account": (("context.reason", rf"{word(rng)} (rotation|policy) {word(rng)}"),),
            "billing": (),
        }[family]
        emails = (
            rf"^[a-z]+\.{surname}[0-9]+@{domain}$",
            rf"^{forename}\..*[0-9]{{2}}@",
            rf"@({domain}|{other})$",
        )
        path, pattern = rng.choice((*choices, *(("user_email", email) for email in emails)))
        return [_test(path, "matches", (pattern,))]

    def _network(self, _family: str, account: Account) -> list[Predicate]:
        rng = self.rng
        address = rng.choice(account.people).home if rng.random() < 0.7 else rng.choice(self.world.strays)
        size = rng.randint(20, 28)
        whole = int.from_bytes(map(int, address.split("."))) >> (32 - size) << (32 - size)
        return [_test("source_ip", "cidr", (f"{'.'.join(map(str, whole.to_bytes(4)))}/{size}",))]

    def _number(self, family: str, account: Account) -> list[Predicate]:
        rng = self.rng
        if family not in NUMBERS or rng.random() < 0.3:
            low = rng.choice(account.people).user_id
            return [_test("user_id", "gte", low), _test("user_id", "lt", low + rng.randint(1, 30))]
        name, low, high = NUMBERS[family]
        bound = int(low * (high / low) ** rng.random())
        parts = [_test(f"context.{name}", "gt", bound)]
        return parts if rng.random() < 0.7 else [*parts, _test(f"context.{name}", "lt", bound * 1.02 + 1)]

    def _hot(self) -> list[Predicate]:
        event_type = self._type()
        low = [("source", ("CD", "DEVAPI")), ("source_country", self.world.countries[:8]), *LOW[FAMILY_OF[event_type]]]
        chosen = self.rng.sample(low, self.rng.randint(1, 3))
        tests = [_test(path, "equals", self.rng.choice(values)) for path, values in chosen]
        return [_test("event_type", "equals", event_type), *tests]

    def _account(self) -> Account:
        return self._accounts.draw(self.rng)

    def _type(self) -> str:
        return self.rng.choice(list(FAMILY_OF))


def _test(path: str, operator: str, operand: Any) -> Predicate:
    return Test(parse_path(path), operator, tuple(operand) if isinstance(operand, list) else operand)
