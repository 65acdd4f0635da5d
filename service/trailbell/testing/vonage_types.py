"""The kinds of Audit API events and their descriptions.

Names from the vendor's specification 1.0.4 and its documentation, which lists more; the descriptions are our own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EVENT_TYPES: Final[Mapping[str, str]] = {
    "ACCOUNT_SECRET_CREATE": "API secret created.",
    "ACCOUNT_SECRET_DELETE": "API secret deleted.",
    "ACCOUNT_UPDATE_SETTINGS": "Account settings updated.",
    "ACCOUNT_UPDATE_SETTINGS_API": "Account settings updated through the API.",
    "ACCOUNT_UPDATE_SPAMMER": "Account spam status updated.",
    "APP_CREATE": "Application created.",
    "APP_DELETE": "Application deleted.",
    "APP_DISABLE": "Application disabled.",
    "APP_ENABLE": "Application enabled.",
    "APP_UPDATE": "Application updated.",
    "AUTORELOAD_DISABLE": "Auto-reload disabled.",
    "AUTORELOAD_ENABLE": "Auto-reload enabled.",
    "AUTORELOAD_UPDATE": "Auto-reload updated.",
    "IP_WHITELIST_CREATE": "IP address added to the allow-list.",
    "IP_WHITELIST_DELETE": "IP address removed from the allow-list.",
    "NUMBER_ASSIGN": "Number assigned.",
    "NUMBER_LINKED": "Number linked to an application.",
    "NUMBER_RELEASE": "Number released.",
    "NUMBER_UNLINKED": "Number unlinked from an application.",
    "NUMBER_UPDATED": "Number updated.",
    "NUMBER_USER_CANCELED": "Number cancelled by the user.",
    "USER_API_KEYS_UPDATE": "API keys of a user updated.",
    "USER_BILLING_UPDATE": "Billing data of a user updated.",
    "USER_CREATE": "User created.",
    "USER_LOGIN": "User logged in.",
    "USER_LOGOUT": "User logged out.",
    "USER_PRODUCT_SEARCH": "User searched for numbers.",
    "USER_STATUS": "Status of a user changed.",
    "USER_UPDATE": "User updated.",
}
