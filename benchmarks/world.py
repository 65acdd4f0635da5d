"""The made-up world that events and rules speak of: accounts, people, addresses, hosts. All follows from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any

SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeio"][:52]
ENDINGS = (".example", ".example.com", ".example.org", ".test")
BROWSERS = ("Chrome", "Firefox", "Safari", "Edge")
TOOLS = ("curl", "okhttp", "python-requests", "Go-http-client")
SERVICES = ("voice", "sms", "verify", "meet")
REASONS = ("rotation", "request", "policy", "incident")
ACCOUNTS, DOMAINS, HOSTS, AGENTS, STRAYS = 20_000, 5_000, 8_000, 2_000, 50_000


@dataclass(frozen=True)
class Person:
    """Somebody with an address book entry and a home address."""

    email: str
    user_id: int
    home: str


@dataclass(frozen=True)
class Account:
    """A tenant with people, numbers and applications."""

    id: str
    country: str
    network: str
    people: tuple[Person, ...]
    numbers: tuple[str, ...]
    apps: tuple[tuple[str, str], ...]


class Skewed:
    """Draws with Zipf's skew: the item of rank r comes with a weight of 1 / r ** exponent."""

    def __init__(self, items: Sequence[Any], exponent: float) -> None:
        self._items = items
        self._weights = list(accumulate(1 / rank**exponent for rank in range(1, len(items) + 1)))

    def draw(self, rng: Random) -> Any:
        """One of them."""
        return rng.choices(self._items, cum_weights=self._weights)[0]


def word(rng: Random, least: int = 2, most: int = 4) -> str:
    """A word of so many syllables."""
    return "".join(rng.choices(SYLLABLES, k=rng.randint(least, most)))


class World:
    """Everything there is."""

    def __init__(self, seed: int = 20240607) -> None:
        self.rng = rng = Random(seed)
        codes = [left + right for left in "ABCDEFGH" for right in "ABCDEFGH"]
        self.countries = codes[:60]
        self.domains = [self.word() + rng.choice(ENDINGS) for _ in range(DOMAINS)]
        self.hosts = [f"{self.word(1, 2)}.{rng.choice(self.domains)}" for _ in range(HOSTS)]
        self.agents = [self._agent() for _ in range(AGENTS)]
        self.strays = [f"{rng.randint(1, 223)}.{self._byte()}.{self._byte()}.{self._byte()}" for _ in range(STRAYS)]
        self.accounts = [self._account(number) for number in range(ACCOUNTS)]

    def word(self, least: int = 2, most: int = 4) -> str:
        """A word of so many syllables."""
        return word(self.rng, least, most)

    def uuid(self) -> str:
        """32 hex digits with dashes."""
        text = f"{self.rng.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _byte(self) -> int:
        return self.rng.randint(1, 254)

    def _agent(self) -> str:
        rng = self.rng
        if rng.random() < 0.3:
            return f"{rng.choice(TOOLS)}/{rng.randint(1, 9)}.{rng.randint(0, 20)}.{rng.randint(0, 9)}"
        version = f"{rng.randint(90, 140)}.0.{rng.randint(1000, 7000)}.{rng.randint(10, 200)}"
        return f"Mozilla/5.0 (X11; Linux x86_64) {rng.choice(BROWSERS)}/{version}"

    def _account(self, number: int) -> Account:
        rng = self.rng
        network = f"{rng.randint(1, 223)}.{self._byte()}.{self._byte()}"
        domain = rng.choice(self.domains)
        people = tuple(
            Person(
                f"{self.word()}.{self.word()}{rng.randint(1, 99)}@{domain}",
                1_000_000 + 3 * number + one,
                f"{network}.{self._byte()}",
            )
            for one in range(3)
        )
        country = self.countries[min(int(rng.expovariate(0.09)), 59)]
        numbers = tuple(f"{rng.randint(1, 99)}{rng.randint(10**9, 10**10 - 1)}" for _ in range(4))
        apps = tuple((self.uuid(), f"{self.word()} {rng.choice(SERVICES)} {self.word()}") for _ in range(3))
        return Account(f"{rng.getrandbits(32):08x}", country, f"{network}.0/24", people, numbers, apps)
