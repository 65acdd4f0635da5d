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
SLACK_ID: Final = 255  # SDK models/blocks/blocks.py Block.block_id_max_length; also action_id
SLACK_ALL_BLOCKS: Final = 13_200  # sum of the texts of all blocks; undocumented, slackapi/bolt-js issue 2509
SLACK_BUDGET: Final = 10_000  # what we use of the line above
SLACK_TEXT: Final = 40_000  # chat.postMessage: longer top-level text is cut, or `msg_too_long`
SLACK_TEXT_KEPT: Final = 4_000  # DOCS/methods/chat.postMessage: the advised length of the top-level text
SLACK_ATTACHMENTS: Final = 100  # chat.postMessage: `too_many_attachments`
SLACK_RATE_PER_S: Final = 1  # docs.slack.dev/apis/web-api/rate-limits: one message per second per channel
SLACK_BURST: Final = 3  # same page: "short bursts" are allowed; the number is our own caution

MAIL_SUBJECT: Final = 200  # characters; RFC 5322 limits the line only, mail programs show less
MAIL_LINE: Final = 998  # octets, RFC 5322 section 2.1.1

WEBHOOK_REPLY_BYTES: Final = 64 * 1024  # what is read of a reply; nothing in it is used
WEBHOOK_BODY_BYTES: Final = 128 * 1024  # our own; Standard Webhooks 1.0.0 advises 20 KB, most receivers take 1 MB
