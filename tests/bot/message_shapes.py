"""Shapes of Slack messages as apps, people and Slack itself make them. Adapted: names, words and addresses are ours.

Where each shape was seen stands above it; `docs.slack.dev` and `api.slack.com` are Slack's own reference pages.
"""

from __future__ import annotations

from typing import Any

LINK = "https://looker.company.com/x/abc123"
OTHER = "https://looker.company.com/looks/42"
MARKED = f"<{LINK}|the query>"
POST = "https://team.slack.com/archives/C9/p1700000000000100"


def section(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(runs)}


def rich(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(parts)}


def words(text: str, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": kind, "text": text}


def button(url: str, label: str = "Open") -> dict[str, Any]:
    return {"type": "button", "text": words(label, "plain_text"), "action_id": "a", "value": "{}", "url": url}


RUN = {"type": "link", "url": LINK, "text": "the query"}
QUOTED_BLOCKS = [
    {"team": "T1", "channel": "C9", "ts": "1700000000.000100", "message": {"blocks": [rich(section(RUN))]}}
]

BLOCKS: dict[str, dict[str, Any]] = {
    # docs.slack.dev/reference/block-kit/blocks/rich-text-block
    "rich text: a list": rich({"type": "rich_text_list", "style": "bullet", "elements": [section(RUN)]}),
    "rich text: a quote": rich({"type": "rich_text_quote", "elements": [RUN]}),
    "rich text: code": rich({"type": "rich_text_preformatted", "elements": [words(LINK, "text")]}),
    "rich text: a date that is a link": rich(
        section({"type": "date", "timestamp": 1, "format": "{date}", "url": LINK})
    ),
    # docs.slack.dev/reference/block-kit/blocks/section-block
    "section: text": {"type": "section", "text": words(MARKED)},
    "section: fields": {"type": "section", "fields": [words("*Query*"), words(MARKED)]},
    "section: a button beside it": {"type": "section", "text": words("Query 4711"), "accessory": button(LINK)},
    # kubevela/kubevela, pkg/stdlib/pkgs/slack.cue: options with addresses
    "section: a menu beside it": {
        "type": "section",
        "text": words("Query 4711"),
        "accessory": {"type": "overflow", "options": [{"text": words("Looker", "plain_text"), "url": LINK}]},
    },
    # docs.slack.dev/reference/block-kit/blocks/actions-block
    "actions": {"type": "actions", "elements": [button("https://example.com"), button(LINK)]},
    "context": {"type": "context", "elements": [words(f"from {LINK}.", "plain_text")]},
    "header": {"type": "header", "text": words(f"Credit for {LINK}", "plain_text")},
    "input": {"type": "input", "label": words("Query", "plain_text"), "element": {"initial_value": LINK}},
    # docs.slack.dev/reference/block-kit/blocks/video-block
    "video": {
        "type": "video",
        "title": words("The query", "plain_text"),
        "title_url": LINK,
        "thumbnail_url": OTHER,
        "alt_text": OTHER,
    },
    "image: its title": {"type": "image", "image_url": OTHER, "alt_text": OTHER, "title": words(LINK, "plain_text")},
    # docs.slack.dev/reference/block-kit/blocks/table-block
    "table: plain cells": {"type": "table", "rows": [[words("Query", "raw_text")], [words(LINK, "raw_text")]]},
    "table: rich cells": {"type": "table", "rows": [[words("1", "raw_text"), rich(section(RUN))]]},
    # docs.slack.dev/reference/block-kit/blocks/data-table-block
    "data table: a cell with a button": {"type": "data_table", "rows": [{"cells": [{"element": button(LINK)}]}]},
    # docs.slack.dev/reference/block-kit/blocks/markdown-block
    "markdown: a link": words(f"Please: [{OTHER}]({LINK})!", "markdown"),
    "markdown: bare": words(f"# Credit\n* **{LINK}**", "markdown"),
    "markdown: in parentheses": words(f"(see {LINK})", "markdown"),
    # docs.slack.dev/reference/block-kit/blocks/file-block
    "file": {"type": "file", "source": "remote", "file": {"external_url": LINK, "thumb_360": OTHER}},
    "call": {"type": "call", "call": {"v1": {"join_url": LINK, "app_icon_urls": {"image_32": OTHER}}}},
    # docs.slack.dev/reference/block-kit/blocks/carousel-block
    "carousel of cards": {
        "type": "carousel",
        "elements": [{"type": "card", "hero_image": {"image_url": OTHER}, "actions": [button(LINK)]}],
    },
    "a type of the future: an address": {"type": "hologram", "beam": {"target_url": LINK}},
    "a type of the future: a text": {"type": "hologram", "faces": [{"words": {"text": MARKED}}]},
}

ATTACHMENTS: dict[str, dict[str, Any]] = {
    # api.slack.com/reference/messaging/attachments
    "title": {"title": "Credit request", "title_link": LINK},
    "text": {"fallback": "Credit request", "text": MARKED},
    "text before it": {"pretext": MARKED, "text": "Credit request"},
    "fallback alone": {"fallback": f"Credit request {LINK}"},
    "field": {"fields": [{"title": "Looker", "value": MARKED, "short": False}]},
    "author": {"author_name": "Looker", "author_link": LINK, "author_icon": OTHER},
    "footer": {"text": "Credit request", "footer": MARKED, "footer_icon": OTHER},
    # ministryofjustice/cloud-platform-terraform-monitoring, templates/alertmanager_receivers.tpl
    "button": {"title": "Credit", "actions": [{"type": "button", "text": "Query :mag:", "url": LINK}]},
    # @slack/types, MessageAttachment: blocks in a coloured bar
    "blocks": {"color": "#36a64f", "blocks": [{"type": "section", "text": words(MARKED)}]},
    # jenkinsci/slack-plugin, StandardSlackService: all that it says is an attachment
    "fallback and text": {"fallback": LINK, "color": "good", "text": LINK, "mrkdwn_in": ["pretext"]},
    "a fallback that nobody sees": {"fallback": f"Credit for {OTHER}", "text": MARKED},
    # An app's own words: no preview of a link, which would say of which
    "from a service": {"service_name": "Credit desk", "text": MARKED},
    # slackapi/slack-skills-plugin, issue 149
    "forwarded": {"is_share": True, "is_msg_unfurl": True, "from_url": POST, "text": MARKED},
    # slackapi/java-slack-sdk, issue 1179: the words stand in message_blocks
    "forwarded: blocks alone": {"is_share": True, "from_url": POST, "message_blocks": QUOTED_BLOCKS},
    "forwarded: text and blocks": {
        "is_share": True,
        "is_msg_unfurl": True,
        "from_url": POST,
        "text": MARKED,
        "fallback": f"[today] somebody: {LINK}",
        "message_blocks": QUOTED_BLOCKS,
    },
    # openclaw/openclaw, pull request 9963: either mark may stand alone
    "forwarded: marked as shown alone": {"is_msg_unfurl": True, "channel_id": "C9", "text": MARKED},
    "forwarded: from where the message does not link": {"is_msg_unfurl": True, "from_url": POST, "text": MARKED},
    # NousResearch/hermes-agent, issue 96384
    "forwarded: what an app had attached": {
        "is_share": True,
        "from_url": POST,
        "attachments": [{"fields": [{"title": "Looker", "value": MARKED}]}],
    },
    "forwarded: an app's card": {"is_share": True, "is_app_unfurl": True, "text": MARKED},
}

PREVIEWS: dict[str, tuple[str, dict[str, Any]]] = {
    # api.slack.com/reference/messaging/link-unfurling: made by Slack
    "of a page": (
        "<https://news.example/story>",
        {
            "service_name": "News",
            "title": "A story",
            "title_link": LINK,
            "text": MARKED,
            "fallback": LINK,
            "thumb_url": LINK,
            "from_url": "https://news.example/story",
            "original_url": "https://news.example/story",
        },
    ),
    "of a page that is no longer linked": ("hello", {"from_url": "https://news.example/story", "text": MARKED}),
    # ABTech/zulip_slack_integration: the GitHub app's card
    "by an app": (
        "<https://code.example/repository>",
        {
            "footer": MARKED,
            "fields": [{"title": "Looker", "value": MARKED}],
            "bot_id": "B3",
            "app_unfurl_url": "https://code.example/repository",
            "is_app_unfurl": True,
        },
    ),
    # getsentry/sentry: a card of blocks
    "by an app, in blocks": (
        "<https://errors.example/1>",
        {"is_app_unfurl": True, "blocks": [{"type": "section", "text": words(MARKED)}]},
    ),
    # slack-go/slack, pull request 282: below a link to another message
    "of another message": (
        f"look <{POST}?thread_ts=1700000000.000100&amp;cid=C9>",
        {"from_url": POST, "is_msg_unfurl": True, "text": MARKED, "message_blocks": QUOTED_BLOCKS},
    ),
    "of a page, in a forwarded message": (
        "",
        {
            "is_share": True,
            "text": "<https://news.example/story>",
            "attachments": [{"from_url": "https://news.example/story", "text": MARKED}],
        },
    ),
    "of another message, in a forwarded message": (
        "",
        {
            "is_share": True,
            "text": f"<{POST}>",
            "attachments": [{"is_msg_unfurl": True, "from_url": POST, "text": MARKED}],
        },
    ),
    "pictures": (
        "",
        {"text": "Credit", "image_url": LINK, "thumb_url": LINK, "author_icon": LINK, "footer_icon": LINK},
    ),
}
