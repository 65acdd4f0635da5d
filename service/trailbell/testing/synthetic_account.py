"""The life of a synthetic account: numbers, applications and settings that change, each change as an event's content.

Contexts of ``NUMBER_UPDATED``, ``NUMBER_LINKED``, ``NUMBER_UNLINKED`` and ``APP_CREATE`` have the documented shape
(specification 1.0.4); those of other types are not documented and stay small.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final, NamedTuple

from trailbell_engine.values import Json

HOST: Final = "example.com"
STRANGE_HOST: Final = "example.net"


class Change(NamedTuple):
    """What happened: the kind of event and its context."""

    event_type: str
    context: dict[str, Json]


@dataclass(slots=True)
class Number:
    """A number and where its calls and messages go."""

    msisdn: str
    voice_type: str
    voice_value: str
    http: str
    app_id: str = ""


@dataclass(slots=True)
class App:
    """An application."""

    id: str
    name: str


# Numbers that Ofcom keeps free for drama: 01632 960xxx, 020 7946 0xxx, 07700 900xxx.
_DRAMA_PREFIXES: Final = ("441632960", "442079460", "447700900")
_NUMBERS_LIMIT: Final = 150
_APPS_LIMIT: Final = 60
_APP_NAMES: Final = (
    "Reception",
    "Verification",
    "Reminders",
    "Hotline",
    "Surveys",
    "Delivery news",
    "Callback",
    "Voicemail",
)


@dataclass(slots=True)
class Account:
    """The state of one account. Every method changes it and tells the change; None if there is nothing to change.

    Attributes:
        id: the API key of the account.
        rng: decides everything.
    """

    id: str
    rng: Random
    numbers: dict[str, Number] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    allowed_ips: list[str] = field(default_factory=list)
    users: int = 0

    def __post_init__(self) -> None:
        self.secrets.append(self.uuid())
        self.allowed_ips += ["192.0.2.0/24", "198.51.100.10/32", "198.51.100.130/32"]
        for _ in range(6):
            self.create_app()
        for _ in range(40):
            self.assign_number()
        for number in list(self.numbers.values())[::2]:
            number.app_id = self._some_app().id

    def uuid(self) -> str:
        """A random UUID (version 4)."""
        digits = f"{self.rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def _pick(self, items: list[str]) -> str:
        return items[int(self.rng.random() * len(items))]

    def _some_number(self) -> Number:
        return self.numbers[self._pick(list(self.numbers))]

    def _some_app(self) -> App:
        return self.apps[self._pick(list(self.apps))]

    # Numbers

    def assign_number(self) -> Change | None:
        """A number is rented, while there are not too many."""
        for _ in range(20 if len(self.numbers) < _NUMBERS_LIMIT else 0):
            msisdn = f"{self._pick(list(_DRAMA_PREFIXES))}{self.rng.randrange(1000):03d}"
            if msisdn not in self.numbers:
                break
        else:
            return None
        voice_type = self.rng.choices(("sip", "app", "tel", "vxml"), (5, 3, 2, 1))[0]
        self.numbers[msisdn] = Number(
            msisdn, voice_type, self._route(voice_type), f"https://sms.{HOST}/in/{msisdn[-4:]}"
        )
        return Change("NUMBER_ASSIGN", {"country": "GB", "msisdn": msisdn, "accountId": self.id})

    def _route(self, voice_type: str) -> str:
        if voice_type == "sip":
            return f"sip:{self.rng.randrange(1000, 9999)}@sip{self.rng.randrange(1, 4)}.{HOST}"
        if voice_type == "app":
            return self._some_app().id
        return f"441632960{self.rng.randrange(1000):03d}" if voice_type == "tel" else f"https://voice.{HOST}/menu.vxml"

    def update_number(self) -> Change:
        """Calls or messages of a number go elsewhere; the kind of route seldom changes."""
        number = self._some_number()
        if self.rng.random() < 0.01:
            number.voice_type = self._pick(["sip", "app", "tel"])
        if self.rng.random() < 0.6:
            number.voice_value = self._route(number.voice_type)
        else:
            number.http = f"https://sms.{HOST}/in/v{self.rng.randrange(2, 6)}/{number.msisdn[-4:]}"
        return self._updated(number)

    def hijack_number(self) -> Change | None:
        """The calls of a number that went elsewhere go to a stranger's SIP host."""
        number = next((number for number in self.numbers.values() if number.voice_type != "sip"), None)
        if number is None:
            return None
        number.voice_type, number.voice_value = "sip", f"sip:7001@pbx.{STRANGE_HOST}"
        return self._updated(number)

    def divert_messages(self) -> Change:
        """The messages of a number go to a stranger."""
        number = self._some_number()
        number.http = f"https://collect.{STRANGE_HOST}/hook"
        return self._updated(number)

    def _updated(self, number: Number) -> Change:
        context = {
            "country": "GB",
            "msisdn": number.msisdn,
            "http": number.http,
            "voice-type": number.voice_type,
            "voice-value": number.voice_value,
        }
        return Change("NUMBER_UPDATED", context | ({"accountId": self.id} if self.rng.random() < 0.3 else {}))

    def link_number(self) -> Change | None:
        """A number without an application gets one."""
        free = [number for number in self.numbers.values() if not number.app_id]
        if not free:
            return None
        number = free[int(self.rng.random() * len(free))]
        number.app_id = self._some_app().id
        return self._linking("NUMBER_LINKED", number.msisdn, number.app_id)

    def unlink_number(self, app_id: str = "") -> Change | None:
        """A number (of that application, if one is named) loses its application."""
        linked = [number for number in self.numbers.values() if number.app_id and app_id in ("", number.app_id)]
        if not linked:
            return None
        number = linked[int(self.rng.random() * len(linked))]
        app_id, number.app_id = number.app_id, ""
        return self._linking("NUMBER_UNLINKED", number.msisdn, app_id)

    def _linking(self, event_type: str, msisdn: str, app_id: str) -> Change:
        return Change(event_type, {"country": "GB", "account": self.id, "msisdn": msisdn, "applicationId": app_id})

    def cancel_number(self) -> Change | None:
        """A number is given up."""
        if len(self.numbers) < 20:
            return None
        number = self.numbers.pop(self._some_number().msisdn)
        return Change("NUMBER_USER_CANCELED", {"country": "GB", "msisdn": number.msisdn, "accountId": self.id})

    # Applications

    def create_app(self) -> Change | None:
        """An application is made, while there are not too many."""
        if len(self.apps) >= _APPS_LIMIT:
            return None
        app = App(self.uuid(), f"{self._pick(list(_APP_NAMES))} {self.rng.randrange(1, 99)}")
        self.apps[app.id] = app
        return Change("APP_CREATE", {"appId": app.id, "created": self._app(app)})

    def update_app(self) -> Change:
        """An application gets new addresses."""
        app = self._some_app()
        return Change("APP_UPDATE", {"appId": app.id, "updated": self._app(app)})

    def delete_app(self, app_id: str) -> Change:
        """An application is gone, and its numbers have none."""
        self.apps.pop(app_id)
        for number in self.numbers.values():
            number.app_id = "" if number.app_id == app_id else number.app_id
        return Change("APP_DELETE", {"appId": app_id})

    def _app(self, app: App) -> dict[str, Json]:
        version = self.rng.randrange(1, 9)
        return {
            "accountId": self.id,
            "appId": app.id,
            "name": app.name,
            "answer_url": {"method": "GET", "url": f"https://voice.{HOST}/v{version}/answer"},
            "event_url": {"method": "POST", "url": f"https://voice.{HOST}/v{version}/event"},
            "type": "voice",
        }

    # Everything else

    def search(self) -> Change:
        """Somebody looks for numbers to rent."""
        pattern = f"{self._pick(['20', '1632', '7700'])}{self.rng.randrange(10, 99)}"
        return Change("USER_PRODUCT_SEARCH", {"country": "GB", "pattern": pattern, "features": "SMS,VOICE"})

    def login(self) -> Change:
        """Somebody signs in."""
        return Change("USER_LOGIN", {})

    def logout(self) -> Change:
        """Somebody signs out."""
        return Change("USER_LOGOUT", {})

    def create_secret(self) -> Change:
        """A second API secret."""
        self.secrets.append(self.uuid())
        return Change("ACCOUNT_SECRET_CREATE", {"secretId": self.secrets[-1]})

    def delete_secret(self, newest: bool = False) -> Change | None:
        """The oldest API secret goes, or the newest."""
        if len(self.secrets) < 2:
            return None
        return Change("ACCOUNT_SECRET_DELETE", {"secretId": self.secrets.pop(-1 if newest else 0)})

    def update_settings(self) -> Change:
        """Account settings, in the dashboard."""
        return Change("ACCOUNT_UPDATE_SETTINGS", {"moCallBackUrl": f"https://sms.{HOST}/mo/{self.rng.randrange(1, 9)}"})

    def update_settings_by_api(self) -> Change:
        """Account settings, through the API, to a stranger's address."""
        return Change(
            "ACCOUNT_UPDATE_SETTINGS_API", {"drCallBackUrl": f"https://dr.{STRANGE_HOST}/{self.rng.randrange(1, 9)}"}
        )

    def update_auto_reload(self) -> Change:
        """Other amounts for the auto-reload."""
        return Change(
            "AUTORELOAD_UPDATE", {"threshold": self.rng.choice((50, 100)), "amount": self.rng.choice((200, 500))}
        )

    def disable_auto_reload(self) -> Change:
        """The balance will run dry."""
        return Change("AUTORELOAD_DISABLE", {"enabled": False})

    def allow_ip(self) -> Change:
        """An address may use the API."""
        self.allowed_ips.append(f"192.0.2.{self.rng.randrange(100, 250)}/32")
        return Change("IP_WHITELIST_CREATE", {"ip": self.allowed_ips[-1]})

    def remove_allowed_ip(self) -> Change | None:
        """An address may not use the API any more."""
        return Change("IP_WHITELIST_DELETE", {"ip": self.allowed_ips.pop(0)}) if self.allowed_ips else None

    def create_user(self, host: str = HOST) -> Change:
        """One more user of the dashboard."""
        self.users += 1
        return Change(
            "USER_CREATE", {"userId": 1_300_000 + self.users, "email": f"new{self.users}@{host}", "role": "member"}
        )

    def update_user(self) -> Change:
        """A user's data."""
        return Change("USER_UPDATE", {"changed": [self.rng.choice(("phone", "name", "language"))]})

    def change_status(self) -> Change:
        """A user is switched on or off."""
        return Change("USER_STATUS", {"status": self.rng.choice(("ACTIVE", "INACTIVE"))})

    def update_billing(self) -> Change:
        """A user's billing address."""
        return Change("USER_BILLING_UPDATE", {"changed": ["address"]})

    def update_api_keys(self) -> Change:
        """Which API keys a user may see."""
        return Change("USER_API_KEYS_UPDATE", {"added": [self.id]})
