"""Rules over the Vonage-like events: half equality; a tenth each affixes, contains, patterns, networks, numbers."""

from random import Random
from typing import Any

from vonage_events import FAMILIES, FAMILY_OF
from world import Account, Skewed, World

from trailbell_engine.conditions.each import Each
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import AllOf, Predicate, Test
from trailbell_engine.rule import Rule, RuleSet, Words

LOW = {
    "number": (("context.voice-type", ("tel", "sip", "vxml", "app")),),
    "app": (("context.created.type", ("voice", "messages", "rtc")), ("context.capabilities", tuple(range(1, 10)))),
    "user": (("context.status", ("ok", "failed", "locked")), ("context.mfa", (True, False))),
    "account": (("context.tags", ("prod", "test", "eu", "us", "legacy")),),
    "billing": (("context.currency", ("EUR", "USD", "GBP")), ("context.method", ("card", "paypal", "invoice"))),
}
NUMBERS = {"number": ("cost", 60, 400), "user": ("attempts", 12, 40), "account": ("ttl_days", 10**3, 10**6)}
TEXT_FIELDS = {"number": "context.voice-value", "app": "context.created.answer_url.url", "account": "context.reason"}


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
        """One event type and one or two values that many events have: the more rules, the more matches."""
        return self._set(self._hot() for _ in range(number))

    def _set(self, rules: Any) -> RuleSet:
        predicates = [AllOf(tuple(parts)) for parts in rules]
        self.rng.shuffle(predicates)
        return RuleSet([Rule(f"r{n}", "low", match, Each(), Words("t")) for n, match in enumerate(predicates)])

    def _rule(self, kind: Any) -> list[Predicate]:
        family = self.rng.choice(list(FAMILIES))
        account = self._account()
        parts = kind(family, account)
        chance = self.rng.random()
        if kind != self._equality and chance < 0.5:
            parts.append(_test("account_id", "equals", account.id))
        elif kind != self._equality and chance < 0.7:
            parts.append(_test("source_country", "in", self.rng.sample(self.world.countries, 6)))
        chance = self.rng.random()
        names = FAMILIES[family]
        if chance < 0.85:
            parts.insert(0, _test("event_type", "equals", self.rng.choice(names)))
        elif chance < 0.95:
            parts.insert(0, _test("event_type", "in", self.rng.sample(names, 3)))
        return parts

    def _equality(self, family: str, account: Account) -> list[Predicate]:
        rng = self.rng
        field, read = rng.choices(
            (
                ("account_id", lambda one: one.id),
                ("user_email", lambda one: one.people[0].email),
                ("source_ip", lambda one: one.people[0].home),
            ),
            (62, 25, 12),
        )[0]
        if rng.random() < 0.7:
            parts = [_test(field, "equals", read(account))]
        else:
            parts = [_test(field, "in", [read(self._account()) for _ in range(rng.randint(2, 8))])]
        low = [("source", ("CD", "DEVAPI")), ("source_country", self.world.countries), *LOW[family]]
        for path, values in rng.sample(low, rng.randint(0, 2)):
            parts.append(_test(path, "in", rng.sample(values, min(len(values), rng.randint(1, 6)))))
        return parts

    def _affix(self, _family: str, account: Account) -> list[Predicate]:
        email = account.people[0].email
        if self.rng.random() < 0.5:
            return [_test("user_email", "starts_with", (email[: email.index(".") + 3],))]
        return [_test("user_email", "ends_with", (email[email.index("@") :],))]

    def _contains(self, family: str, account: Account) -> list[Predicate]:
        rng = self.rng
        if rng.random() < 0.6 and family in TEXT_FIELDS:
            text = rng.choice(self.world.hosts) if family != "account" else self._word(7)
            return [_test(TEXT_FIELDS[family], "contains", (text[: rng.randint(7, 14)],))]
        email = rng.choice(account.people).email
        return [_test("user_email", "contains", (email[2 : rng.randint(9, 14)],))]

    def _pattern(self, family: str, account: Account) -> list[Predicate]:
        rng, world = self.rng, self.world
        email = account.people[0].email
        name, domain = email.split("@")
        host = rng.choice(world.hosts).replace(".", r"\.")
        escaped = domain.replace(".", r"\.")
        if family == "user" and rng.random() < 0.5:
            browser = rf"Chrome/{rng.randint(90, 140)}\.[0-9]\.\d+"
            pattern = rng.choice((browser, rf"^(curl|okhttp)/{rng.randint(1, 9)}\."))
            return [_test("context.user_agent", "matches", (pattern,))]
        if family in TEXT_FIELDS and family != "account":
            return [_test(TEXT_FIELDS[family], "matches", (rf"^(https|sip)://{host}/[a-z]+",))]
        surname = name.split(".")[1].rstrip("0123456789")
        pattern = rng.choice((rf"^[a-z]+\.{surname}[0-9]+@{escaped}$", rf"@({escaped}|{host})$"))
        return [_test("user_email", "matches", (pattern,))]

    def _network(self, _family: str, account: Account) -> list[Predicate]:
        first, second, third = account.network.split(".")[:3]
        size = self.rng.choice((20, 22, 24, 26))
        third = str(int(third) & (0xFF << max(0, 24 - size)) & 0xFF)
        return [_test("source_ip", "cidr", (f"{first}.{second}.{third}.0/{size}",))]

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
        chosen = self.rng.sample(low, self.rng.randint(1, 2))
        tests = [_test(path, "equals", self.rng.choice(values)) for path, values in chosen]
        return [_test("event_type", "equals", event_type), *tests]

    def _account(self) -> Account:
        return self._accounts.draw(self.rng)

    def _type(self) -> str:
        return self.rng.choice(list(FAMILY_OF))

    def _word(self, length: int) -> str:
        return "".join(chr(97 + self.rng.randrange(26)) for _ in range(length))


def _test(path: str, operator: str, operand: Any) -> Predicate:
    return Test(parse_path(path), operator, tuple(operand) if isinstance(operand, list) else operand)
