"""A record of each vendor: the event of that number, at that time (microseconds, UTC)."""

from __future__ import annotations

from trailbell_engine.timestamps import SECOND_US, format_time


def okta(number, time_us):
    return {"uuid": f"e{number}", "eventType": "user.session.start", "published": format_time(time_us)}


def auth0(number, time_us):
    return {"log_id": f"9{number:012}", "type": "s", "date": format_time(time_us)}


def github(number, time_us):
    return {"_document_id": f"e{number}", "action": "repo.create", "@timestamp": time_us // 1000}


def slack(number, time_us):
    return {"id": f"e{number}", "action": "user_login", "date_create": time_us // SECOND_US, "entity": {}}


def cloudflare(number, time_us):
    action = {"type": "create", "time": format_time(time_us)}
    return {"id": f"e{number}", "action": action, "account": {}, "actor": {}, "resource": {}}


def google(number, time_us):
    application = ("login", "admin")[number % 2]
    own = {"uniqueQualifier": f"e{number}", "time": format_time(time_us), "applicationName": application}
    return {"id": own, "events": [{"name": "login_success"}]}
