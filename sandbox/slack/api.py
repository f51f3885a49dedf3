"""Slack's Web API over a SlackWorld: the methods the bot uses, with Slack's own answers, errors and pages."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.slack.blocks import InvalidBlocks, check
from sandbox.slack.store import Channel, Message, micros
from sandbox.slack.world import TEAM, URL, SlackWorld, Upload

Arguments = Mapping[str, Any]
Answer = dict[str, Any]

MAX_TEXT = 40_000
"""Characters of a message's text; with more, this Slack refuses it."""
FOREVER = 10**18


class Refusal(Exception):
    """An answer of `ok: false`."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.answer = {"ok": False, "error": code} | more


class Api:
    """The methods, each called with its arguments and the host it was asked on, under the world's lock."""

    def __init__(self, world: SlackWorld) -> None:
        self._world = world
        self.methods: dict[str, tuple[str | None, Callable[[Arguments, str], Answer]]] = {
            "auth.test": (None, self._auth_test),
            "users.info": ("users:read", self._users_info),
            "users.conversations": ("list", self._users_conversations),
            "conversations.list": ("list", self._conversations_list),
            "conversations.info": ("channels:read", self._conversations_info),
            "conversations.history": ("history", self._history),
            "conversations.replies": ("history", self._replies),
            "conversations.open": ("im:write", self._open),
            "chat.postMessage": ("chat:write", self._post),
            "chat.update": ("chat:write", self._update),
            "chat.delete": ("chat:write", self._delete),
            "chat.getPermalink": (None, self._permalink),
            "reactions.add": ("reactions:write", self._react),
            "reactions.remove": ("reactions:write", self._unreact),
            "files.getUploadURLExternal": ("files:write", self._upload_url),
            "files.completeUploadExternal": ("files:write", self._complete_upload),
        }

    def call(self, method: str, arguments: Arguments, host: str) -> Answer:
        """Carry out one call. Raises Refusal."""
        if method not in self.methods:
            raise Refusal("unknown_method", req_method=method)
        scope, function = self.methods[method]
        with self._world.lock:
            for needed in self._scopes(scope, arguments):
                if needed not in self._world.scopes:
                    raise Refusal("missing_scope", needed=needed, provided=",".join(sorted(self._world.scopes)))
            return {"ok": True} | function(arguments, host)

    def _scopes(self, scope: str | None, arguments: Arguments) -> list[str]:
        if scope == "list":
            types = str(arguments.get("types") or "public_channel").split(",")
            return [{"private_channel": "groups:read", "im": "im:read"}.get(one, "channels:read") for one in types]
        if scope == "history":
            channel = self._world.channels.get(str(arguments.get("channel")))
            return [_history_scope(channel)]
        return [scope] if scope else []

    # Who and where

    def _auth_test(self, _arguments: Arguments, _host: str) -> Answer:
        world = self._world
        return {
            "url": f"{URL}/",
            "team": "Sandbox",
            "user": world.users[world.bot_user].name,
            "team_id": TEAM,
            "user_id": world.bot_user,
            "bot_id": world.bot_id,
            "is_enterprise_install": False,
        }

    def _users_info(self, arguments: Arguments, _host: str) -> Answer:
        user = self._world.users.get(str(arguments.get("user")))
        if user is None:
            raise Refusal("user_not_found")
        profile = {"display_name": user.name, "real_name": user.name}
        about = {"id": user.id, "team_id": TEAM, "name": user.name, "deleted": user.deleted, "is_bot": user.is_bot}
        return {"user": about | {"profile": profile}}

    def _users_conversations(self, arguments: Arguments, _host: str) -> Answer:
        return self._list(arguments, members_only=True)

    def _conversations_list(self, arguments: Arguments, _host: str) -> Answer:
        return self._list(arguments, members_only=False)

    def _list(self, arguments: Arguments, *, members_only: bool) -> Answer:
        types = str(arguments.get("types") or "public_channel").split(",")
        wanted = [
            _described(channel)
            for channel in self._world.channels.values()
            if not channel.user
            and ("private_channel" if channel.private else "public_channel") in types
            and (channel.bot_is_member or not (members_only or channel.private))
            and not (channel.archived and _true(arguments.get("exclude_archived")))
        ]
        page, cursor = _page(wanted, arguments, default=100)
        return {"channels": page, "response_metadata": {"next_cursor": cursor}}

    def _conversations_info(self, arguments: Arguments, _host: str) -> Answer:
        return {"channel": _described(self._channel(arguments))}

    def _open(self, arguments: Arguments, _host: str) -> Answer:
        world, user = self._world, self._world.users.get(str(arguments.get("users")))
        if user is None:
            raise Refusal("user_not_found")
        if user.is_bot:
            raise Refusal("cannot_dm_bot")
        if user.deleted:
            raise Refusal("user_disabled")
        id_ = f"D{user.id[1:]}"
        known = id_ in world.channels
        world.channels.setdefault(id_, Channel(id_, "", user=user.id))
        return {"no_op": known, "already_open": known, "channel": {"id": id_}}

    # Reading

    def _history(self, arguments: Arguments, _host: str) -> Answer:
        channel = self._channel(arguments)
        latest = micros(arguments["latest"]) if arguments.get("latest") else FOREVER
        stamps = channel.between(micros(arguments.get("oldest") or "0"), latest, _true(arguments.get("inclusive")))
        page, cursor = _page(stamps, arguments, default=100)
        messages = [_visible(channel.shown(ts), arguments) for ts in page]
        return {"messages": messages, "pin_count": 0} | _more(cursor)

    def _replies(self, arguments: Arguments, _host: str) -> Answer:
        channel, ts = self._channel(arguments), str(arguments.get("ts"))
        if ts not in channel.messages:
            raise Refusal("thread_not_found")
        page, cursor = _page(channel.thread(ts), arguments, default=1000)
        return {"messages": [_visible(channel.shown(one), arguments) for one in page]} | _more(cursor)

    def _permalink(self, arguments: Arguments, _host: str) -> Answer:
        channel = self._channel(arguments)
        ts = str(arguments.get("message_ts"))
        message = _message(channel, ts)
        thread = message.get("thread_ts")
        inside = f"?thread_ts={thread}&cid={channel.id}" if thread else ""
        return {"channel": channel.id, "permalink": f"{URL}/archives/{channel.id}/p{ts.replace('.', '')}{inside}"}

    # Writing

    def _post(self, arguments: Arguments, _host: str) -> Answer:
        channel, content = self._channel(arguments), _content(arguments)
        thread_ts = arguments.get("thread_ts")
        if thread_ts:
            if thread_ts not in channel.messages:
                raise Refusal("thread_not_found")
            content["thread_ts"] = str(thread_ts)
        metadata = _json(arguments.get("metadata"))
        if metadata:
            content["metadata"] = metadata
        message = self._world.bot_message(**content)
        channel.add(message)
        return {"channel": channel.id, "ts": message["ts"], "message": message}

    def _update(self, arguments: Arguments, _host: str) -> Answer:
        channel, ts = self._channel(arguments), str(arguments.get("ts"))
        message = self._own(channel, ts, "cant_update_message")
        message |= _content(arguments)
        message["edited"] = {"user": self._world.bot_user, "ts": self._world.next_ts()}
        return {"channel": channel.id, "ts": ts, "text": message["text"], "message": message}

    def _delete(self, arguments: Arguments, _host: str) -> Answer:
        channel, ts = self._channel(arguments), str(arguments.get("ts"))
        self._own(channel, ts, "cant_delete_message")
        channel.remove(ts)
        return {"channel": channel.id, "ts": ts}

    def _react(self, arguments: Arguments, _host: str) -> Answer:
        reactions, name = self._reactions(arguments)
        reaction = next((one for one in reactions if one["name"] == name), None)
        if reaction is None:
            reactions.append({"name": name, "users": [self._world.bot_user], "count": 1})
        elif self._world.bot_user in reaction["users"]:
            raise Refusal("already_reacted")
        else:
            reaction["users"].append(self._world.bot_user)
            reaction["count"] += 1
        return {}

    def _unreact(self, arguments: Arguments, _host: str) -> Answer:
        reactions, name = self._reactions(arguments)
        reaction = next((one for one in reactions if one["name"] == name), None)
        if reaction is None or self._world.bot_user not in reaction["users"]:
            raise Refusal("no_reaction")
        reaction["users"].remove(self._world.bot_user)
        reaction["count"] -= 1
        if not reaction["count"]:
            reactions.remove(reaction)
        return {}

    def _reactions(self, arguments: Arguments) -> tuple[list[dict[str, Any]], str]:
        name = str(arguments.get("name") or "")
        if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
            raise Refusal("invalid_name")
        message = _message(self._channel(arguments), str(arguments.get("timestamp")))
        reactions: list[dict[str, Any]] = message.setdefault("reactions", [])
        return reactions, name

    # Files

    def _upload_url(self, arguments: Arguments, host: str) -> Answer:
        length = int(arguments.get("length") or 0)
        if not arguments.get("filename") or length < 1:
            raise Refusal("invalid_arguments")
        upload = Upload(f"F{secrets.token_hex(5).upper()}", str(arguments["filename"]), length)
        self._world.uploads[upload.id] = upload
        return {"upload_url": f"{host}/upload/v1/{upload.id}", "file_id": upload.id}

    def receive(self, id_: str, content: bytes) -> bool:
        """The bytes of an announced file; False where they are not what was announced."""
        with self._world.lock:
            upload = self._world.uploads.get(id_)
            if upload is None or upload.length != len(content):
                return False
            upload.content = content
            return True

    def _complete_upload(self, arguments: Arguments, _host: str) -> Answer:
        channel, files = self._channel(arguments, "channel_id"), _json(arguments.get("files")) or []
        thread_ts = str(arguments.get("thread_ts") or "")
        uploads = [self._sent(str(file.get("id"))) for file in files]
        if not uploads:
            raise Refusal("invalid_arguments")
        if thread_ts and thread_ts not in channel.messages:
            raise Refusal("invalid_thread_ts")
        for upload, file in zip(uploads, files, strict=True):
            upload.channel, upload.thread_ts = channel.id, thread_ts
            upload.title = str(file.get("title") or upload.name)
        shown = [self._world.file_of(upload) for upload in uploads]
        content: Message = {"text": str(arguments.get("initial_comment") or ""), "files": shown, "upload": True}
        channel.add(self._world.bot_message(**content, **({"thread_ts": thread_ts} if thread_ts else {})))
        return {"files": [{"id": upload.id, "title": upload.title} for upload in uploads]}

    def _sent(self, id_: str) -> Upload:
        upload = self._world.uploads.get(id_)
        if upload is None or upload.content is None or upload.channel:
            raise Refusal("file_not_found")
        return upload

    # Shared

    def _channel(self, arguments: Arguments, name: str = "channel") -> Channel:
        channel = self._world.channels.get(str(arguments.get(name)))
        if channel is None or (channel.private and not channel.bot_is_member):
            raise Refusal("channel_not_found")
        if not channel.bot_is_member:
            raise Refusal("not_in_channel")
        if channel.archived:
            raise Refusal("is_archived")
        return channel

    def _own(self, channel: Channel, ts: str, refusal: str) -> Message:
        message = _message(channel, ts)
        if message.get("bot_id") != self._world.bot_id:
            raise Refusal(refusal)
        return message


def _history_scope(channel: Channel | None) -> str:
    if channel is not None and channel.user:
        return "im:history"
    return "groups:history" if channel is not None and channel.private else "channels:history"


def _message(channel: Channel, ts: str) -> Message:
    message = channel.messages.get(ts)
    if message is None or message.get("subtype") == "tombstone":
        raise Refusal("message_not_found")
    return message


def _content(arguments: Arguments) -> Message:
    text, blocks = str(arguments.get("text") or ""), _json(arguments.get("blocks"))
    if not text and not blocks:
        raise Refusal("no_text")
    if len(text) > MAX_TEXT:
        raise Refusal("msg_too_long")
    try:
        return {"text": text} | ({"blocks": check(blocks)} if blocks else {})
    except InvalidBlocks as error:
        raise Refusal(error.code, errors=[str(error)], response_metadata={"messages": [str(error)]}) from error


def _visible(message: Message, arguments: Arguments) -> Message:
    if _true(arguments.get("include_all_metadata")):
        return message
    return {name: value for name, value in message.items() if name != "metadata"}


def _described(channel: Channel) -> Answer:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.private,
        "is_private": channel.private,
        "is_archived": channel.archived,
        "is_member": channel.bot_is_member,
        "is_im": bool(channel.user),
    }


def _page(items: list[Any], arguments: Arguments, default: int) -> tuple[list[Any], str]:
    limit = max(1, min(int(arguments.get("limit") or default), 999))
    start = _offset(str(arguments.get("cursor") or ""))
    following = start + limit
    return items[start:following], _cursor(following) if following < len(items) else ""


def _cursor(offset: int) -> str:
    return base64.b64encode(f"next:{offset}".encode()).decode("ascii")


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor).decode("ascii").removeprefix("next:"))
    except ValueError:
        raise Refusal("invalid_cursor") from None


def _more(cursor: str) -> Answer:
    return {"has_more": bool(cursor)} | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def _true(value: object) -> bool:
    return value in (True, 1, "1", "true")


def _json(value: object) -> Any:
    return json.loads(value) if isinstance(value, str) and value else value
