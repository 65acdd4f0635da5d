"""Whom a dry-run previews: the receivers of a configuration, or one Slack channel where nothing is configured."""

from __future__ import annotations

import os

from trailbell.configuration.config import Config
from trailbell.replay import Audience
from trailbell.wiring import check_notify
from trailbell_engine.rule import RuleSet

from .preview import SLACK_ALONE, kinds, preview


def previewed(rules: RuleSet, config: Config | None) -> Audience:
    """The receivers to preview.

    Args:
        rules: that may name receivers themselves.
        config: loaded without secrets; None, or one without receivers, is a single Slack channel.

    Raises:
        WiringError: if a receiver's settings cannot work, or a rule names one that is not there.
    """
    if config is None or not config.receivers:
        return Audience(preview(SLACK_ALONE, {}), kinds(SLACK_ALONE), configured=False)
    who = preview(config, os.environ)
    check_notify(rules, list(who.channels))
    return Audience(who, kinds(config), configured=True)
