"""Every limit of the outside world that messages keep to, each with the place that states it.

The fakes enforce the same numbers.
SDK is slackapi/python-slack-sdk, read at version 3.47; DOCS is docs.slack.dev/reference.
"""

from __future__ import annotations

from typing import Final

SLACK_BLOCKS: Final = 50  # DOCS/block-kit/blocks: blocks per message
SLACK_HEADER: Final = 150  # SDK models/blocks/blocks.py HeaderBlock.text_max_length; plain_text, not empty
SLACK_SECTION: Final = 3_000  # SDK models/blocks/blocks.py SectionBlock.text_max_length
SLACK_FIELDS: Final = 10  # SDK models/blocks/blocks.py SectionBlock.fields_max_length
SLACK_FIELD: Final = 2_000  # DOCS/block-kit/blocks/section-block: each field
SLACK_CONTEXT_ELEMENTS: Final = 10  # SDK models/blocks/blocks.py ContextBlock.elements_max_length
SLACK_CONTEXT_TEXT: Final = 3_000  # DOCS/block-kit/composition-objects/text-object: text of any text object
SLACK_ACTIONS: Final = 25  # SDK models/blocks/blocks.py ActionsBlock.elements_max_length
SLACK_BUTTON_TEXT: Final = 75  # SDK models/blocks/block_elements.py ButtonElement.text_max_length
SLACK_BUTTON_URL: Final = 3_000  # SDK models/blocks/block_elements.py ButtonElement.url_max_length
SLACK_BUTTON_VALUE: Final = 2_000  # SDK models/blocks/block_elements.py ButtonElement.value_max_length
SLACK_OPTION_TEXT: Final = 75  # SDK models/blocks/basic_components.py Option.label_max_length
SLACK_OPTION_VALUE: Final = 150  # same class, value_max_length
SLACK_OPTIONS: Final = 100  # SDK models/blocks/block_elements.py StaticSelectElement.options_max_length
SLACK_CONFIRM_TITLE: Final = 100  # SDK models/blocks/basic_components.py ConfirmObject.title_max_length
SLACK_CONFIRM_TEXT: Final = 300  # same class, text_max_length
SLACK_CONFIRM_BUTTON: Final = 30  # same class, confirm_max_length and deny_max_length
SLACK_ID: Final = 255  # SDK models/blocks/blocks.py Block.block_id_max_length; also action_id
SLACK_ALL_BLOCKS: Final = 13_200  # sum of the texts of all blocks; undocumented, slackapi/bolt-js issue 2509
SLACK_BUDGET: Final = 10_000  # what we use of the line above
SLACK_TEXT: Final = 40_000  # chat.postMessage: longer top-level text is cut, or `msg_too_long`
SLACK_TEXT_KEPT: Final = 4_000  # DOCS/methods/chat.postMessage: the advised length of the top-level text
SLACK_ATTACHMENTS: Final = 100  # chat.postMessage: `too_many_attachments`
SLACK_RATE_PER_S: Final = 1  # docs.slack.dev/apis/web-api/rate-limits: one message per second per channel
SLACK_BURST: Final = 3  # same page: "short bursts" are allowed; the number is our own caution
SLACK_REVISIONS_PER_S: Final = 0.8  # chat.update is of tier 3, "50+ per minute", on the same page
SLACK_METADATA_BYTES: Final = 8 * 1024  # docs.slack.dev/messaging/message-metadata: `metadata_too_large` beyond 8 KB
SLACK_REPLY_BYTES: Final = 2 * 1024 * 1024  # our own: a page of a channel's history, whole

MAIL_SUBJECT: Final = 200  # characters; RFC 5322 limits the line only, mail programs show less

REPLY_BYTES: Final = 64 * 1024  # our own: what is read of any reply over HTTP, as it is on the wire
WEBHOOK_BODY_BYTES: Final = 128 * 1024  # our own; Standard Webhooks 1.0.0 advises 20 KB, most receivers take 1 MB

PAGERDUTY_BODY_BYTES: Final = 512 * 1024  # PagerDuty/developer-docs docs/events-API-v2/01-Overview.md: "512 KB"
PAGERDUTY_BUDGET_BYTES: Final = 64 * 1024  # what we use of the line above; nobody reads more on a phone
PAGERDUTY_SUMMARY: Final = 1_024  # same documentation, "payload.summary"
PAGERDUTY_DEDUP_KEY: Final = 255  # same documentation, "dedup_key"
PAGERDUTY_SOURCE: Final = 255  # our own; the documentation gives none
PAGERDUTY_LINKS: Final = 10  # our own; the documentation gives none

TEAMS_BODY_BYTES: Final = 28 * 1024  # learn.microsoft.com, "Create Incoming Webhooks": message size 28 KB
TEAMS_BUDGET_BYTES: Final = 20 * 1024  # what we use: refusals were seen at 21 KB
TEAMS_RATE_PER_S: Final = 4  # same page: four requests a second
TEAMS_ACTIONS: Final = 6  # adaptivecards.io, host configuration of Teams: actions.maxActions

DISCORD_TITLE: Final = 256  # discord.com/developers, "Embed Limits", this and the next seven; UTF-16 units to be safe
DISCORD_DESCRIPTION: Final = 4_096
DISCORD_FIELDS: Final = 25
DISCORD_FIELD_NAME: Final = 256
DISCORD_FIELD_VALUE: Final = 1_024
DISCORD_FOOTER: Final = 2_048
DISCORD_EMBEDS: Final = 10
DISCORD_ALL_EMBEDS: Final = 6_000
DISCORD_CONTENT: Final = 2_000  # discord.com/developers, "Execute Webhook": content
DISCORD_RATE_PER_S: Final = 0.5  # discord.com/developers, "Rate Limits": 5 in 2 s for a webhook, and 30 a minute in all
DISCORD_BURST: Final = 5

ALERTMANAGER_BODY_BYTES: Final = 128 * 1024  # our own; Alertmanager itself has no limit
ALERTMANAGER_LABEL: Final = 1_024  # our own, characters of a label's value

COMMAND_OUTPUT_BYTES: Final = 64 * 1024  # our own: what is kept of each of a command's streams

APPRISE_TITLE: Final = 250  # apprise 1.9 plugins/base.py NotifyBase.title_maxlen; a service's own is smaller or 0
APPRISE_BODY: Final = 8_000  # our own; a service's own `body_maxlen` holds where it is smaller
