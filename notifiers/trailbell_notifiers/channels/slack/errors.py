"""What Slack's answers mean for a delivery. Codes: the error tables of ``chat.postMessage``, and of incoming webhooks.

Every ``ok: false`` is not the same: some pass by themselves, some need the operator, some only need a plainer message.
"""

from __future__ import annotations

from typing import Final

from trailbell_notifiers.receipt import Ambiguous, Receipt, Rejected, Retry

TRANSIENT: Final = frozenset(
    [
        "ratelimited",
        "rate_limited",
        "message_limit_exceeded",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
        "org_login_required",
        "external_channel_migrating",
        "update_failed",
    ]
)
AMBIGUOUS: Final = frozenset({"internal_error", "fatal_error"})
"""Slack's documentation: "it's possible some aspect of the operation succeeded"."""
RECEIVER: Final = frozenset(
    [
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "channel_is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "ekm_access_denied",
        "accesslimited",
        "access_denied",
        "two_factor_setup_required",
        "enterprise_is_restricted",
        "no_service",
        "no_service_id",
        "no_team",
        "invalid_token",
        "team_disabled",
        "user_not_found",
        "action_prohibited",
        "posting_to_general_channel_denied",
    ]
)
GONE: Final = frozenset(
    [
        "message_not_found",
        "thread_not_found",
        "invalid_thread_ts",
        "cant_update_message",
        "cannot_reply_to_message",
        "edit_window_closed",
        "is_inactive",
        "block_mismatch",
    ]
)
"""The message to be changed or answered is gone, or may not be changed any more: it is posted anew."""
_WAYS_OUT: Final = {
    "invalid_auth": "the token is wrong; copy it again from the app's page, OAuth & Permissions",
    "not_authed": "there is no token",
    "token_revoked": "install the app again and take its new token",
    "token_expired": "install the app again and take its new token",
    "account_inactive": "the bot was deactivated; install the app again",
    "missing_scope": "add the scope to the app, and install it again",
    "not_allowed_token_type": "use the bot token, xoxb-…",
    "channel_not_found": "no such channel, or a private one the bot is not in; copy the id from the channel's details",
    "not_in_channel": "write `/invite @the-bot` in the channel",
    "is_archived": "the channel is archived; name another one",
    "channel_is_archived": "the channel is archived; name another one",
    "restricted_action": "a setting of the workspace keeps the bot from posting here",
    "no_service": "the webhook was removed; make a new one",
    "invalid_token": "the webhook was removed; make a new one",
    "no_team": "the workspace of the webhook is gone",
}
"""What to do about it."""
PAYLOAD: Final = frozenset(
    [
        "msg_too_long",
        "msg_blocks_too_long",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_attachments",
        "too_many_attachments",
        "no_text",
        "invalid_arguments",
        "invalid_arg_name",
        "invalid_array_arg",
        "invalid_form_data",
        "invalid_post_type",
        "invalid_json",
        "json_not_object",
        "metadata_too_large",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_must_be_sent_from_app",
        "invalid_payload",
        "markdown_text_conflict",
    ]
)


def receipt_for(status: int, code: str, after_s: float | None) -> Receipt:
    """The receipt for an answer that is not ``ok``.

    Args:
        status: HTTP status.
        code: Slack's error code, or the body of a webhook's answer.
        after_s: of ``Retry-After``, seconds.
    """
    way_out = f": {_WAYS_OUT[code]}" if code in _WAYS_OUT else ""
    reason = f"Slack answered {status} {code}".strip() + way_out
    if status == 429 or code in TRANSIENT:
        return Retry(reason, after_s)
    if code in AMBIGUOUS:
        return Ambiguous(reason)
    if code in PAYLOAD or code in GONE:
        return Rejected(reason, "payload")
    if code in RECEIVER or status in (401, 403, 404, 410):
        return Rejected(reason, "receiver")
    if status == 503 or status < 400:
        return Retry(reason, after_s)
    if status >= 500:
        return Ambiguous(reason)
    return Rejected(reason, "payload" if status in (400, 413) else "receiver")
