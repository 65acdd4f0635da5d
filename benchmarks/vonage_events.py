"""Vonage-like audit events of some 600 bytes: the shape of the Audit API, the skew of a large provider's tenants."""

import math
from collections.abc import Iterator
from random import Random
from typing import Any

from world import REASONS, Account, Skewed, World, word

FAMILIES = {
    "number": (
        *("NUMBER_ASSIGN", "NUMBER_UPDATED", "NUMBER_RELEASE"),
        *("NUMBER_USER_CANCELED", "NUMBER_LINKED", "NUMBER_UNLINKED"),
    ),
    "app": ("APP_CREATE", "APP_UPDATE", "APP_DELETE", "APP_DISABLE", "APP_ENABLE"),
    "user": (
        *("USER_LOGIN", "USER_LOGOUT", "USER_CREATE", "USER_UPDATE", "USER_STATUS"),
        *("USER_BILLING_UPDATE", "USER_PRODUCT_SEARCH", "USER_API_KEYS_UPDATE"),
    ),
    "account": (
        *("ACCOUNT_SECRET_CREATE", "ACCOUNT_SECRET_DELETE", "ACCOUNT_UPDATE_SETTINGS"),
        *("IP_WHITELIST_CREATE", "IP_WHITELIST_DELETE"),
    ),
    "billing": ("AUTORELOAD_ENABLE", "AUTORELOAD_UPDATE", "AUTORELOAD_DISABLE"),
}
FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names}
START_MS = 1_790_000_000_000


def events(world: World, number: int, seed: int) -> Iterator[dict[str, Any]]:
    """So many events."""
    rng = Random(seed)
    accounts = Skewed(world.accounts, 1.05)
    names = list(FAMILY_OF)
    Random(0).shuffle(names)
    types = Skewed(names, 0.8)
    now_ms = START_MS
    for _ in range(number):
        now_ms += rng.randint(5, 400)
        yield _event(world, rng, accounts.draw(rng), types.draw(rng), now_ms)


def _event(world: World, rng: Random, account: Account, event_type: str, now_ms: int) -> dict[str, Any]:
    person = account.people[0] if rng.random() < 0.6 else rng.choice(account.people)
    chance = rng.random()
    address = person.home if chance < 0.8 else rng.choice(world.strays)
    if chance > 0.95:
        address = f"2001:db8:{rng.getrandbits(16):x}::{rng.getrandbits(16):x}"
    event_id = f"{rng.getrandbits(128):032x}"
    second, milli = divmod(now_ms, 1000)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return {
        "id": event_id,
        "event_type": event_type,
        "event_type_description": event_type.replace("_", " ").capitalize(),
        "created_at": f"2026-10-{1 + hour // 24 % 28:02d}T{hour % 24:02d}:{minute:02d}:{second:02d}.{milli:03d}",
        "user_email": person.email,
        "user_id": person.user_id,
        "account_id": account.id,
        "source": "CD" if rng.random() < 0.7 else "DEVAPI",
        "source_ip": address,
        "source_description": "Customer Dashboard",
        "source_country": account.country if rng.random() < 0.9 else rng.choice(world.countries),
        "context": _CONTEXTS[FAMILY_OF[event_type]](world, rng, account),
        "_links": {"self": {"href": "https://api.example.com/audit/events/" + event_id}},
    }


def _number(world: World, rng: Random, account: Account) -> dict[str, Any]:
    number = rng.choice(account.numbers)
    voice = rng.choice(("tel", "sip", "vxml", "app"))
    host = rng.choice(world.hosts)
    value = {"tel": number, "sip": f"sip:{host}/in", "vxml": f"https://{host}/voice", "app": account.apps[0][0]}[voice]
    context = {
        "country": account.country,
        "account": account.id,
        "msisdn": number,
        "voice-type": voice,
        "voice-value": value,
        "cost": round(rng.lognormvariate(1, 1.2), 2),
    }
    return context | ({"http": f"https://{rng.choice(world.hosts)}/callback"} if rng.random() < 0.4 else {})


def _app(world: World, rng: Random, account: Account) -> dict[str, Any]:
    app_id, name = rng.choice(account.apps)
    host = rng.choice(world.hosts)
    created = {
        "accountId": account.id,
        "appId": app_id,
        "name": name,
        "type": rng.choice(("voice", "messages", "rtc")),
        "answer_url": {"method": "GET", "url": f"https://{host}/answer"},
        "event_url": {"method": "POST", "url": f"https://{host}/event"},
    }
    return {"appId": app_id, "created": created, "capabilities": rng.randint(1, 9)}


def _user(world: World, rng: Random, _account: Account) -> dict[str, Any]:
    context = {
        "user_agent": rng.choice(world.agents),
        "mfa": rng.random() < 0.7,
        "attempts": 1 + int(rng.expovariate(0.5)),
        "session": f"{rng.getrandbits(64):016x}",
        "status": rng.choices(("ok", "failed", "locked"), (6, 3, 1))[0],
    }
    return context | ({"role": rng.choice(("admin", "developer", "billing"))} if rng.random() < 0.3 else {})


def _settings(_world: World, rng: Random, account: Account) -> dict[str, Any]:
    first, second, third = (word(rng) for _ in range(3))
    context: dict[str, Any] = {
        "secretId": f"{rng.getrandbits(64):016x}",
        "reason": f"{first} {second} {rng.choice(REASONS)} {third}",
        "cidr": account.network,
        "ttl_days": int(rng.paretovariate(0.7)),
    }
    return context | ({"tags": rng.choices(("prod", "test", "eu", "us", "legacy"), k=3)} if rng.random() < 0.5 else {})


def _billing(_world: World, rng: Random, _account: Account) -> dict[str, Any]:
    return {
        "amount": round(math.exp(rng.gauss(4, 1.5)), 2),
        "currency": rng.choice(("EUR", "USD", "GBP")),
        "threshold": rng.choice((10, 20, 50, 100)),
        "method": rng.choice(("card", "paypal", "invoice")),
        "card": {"brand": rng.choice(("visa", "mc")), "last4": f"{rng.randrange(10_000):04d}"},
    }


_CONTEXTS = {"number": _number, "app": _app, "user": _user, "account": _settings, "billing": _billing}
