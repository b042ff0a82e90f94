"""The chat services that Handoff sends to: a table of what apprise knows of them.

Only these are ever loaded. apprise also runs commands, writes files and posts to any
address; nothing here leads there.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatService:
    """One service.

    `module`, `plugin`: where apprise's class for it is. `schemes`: how its addresses may
    begin, the first in use. `options`: what may follow the question mark of an address.
    `plain_scheme`: the scheme without TLS of a service that people run themselves;
    empty for one that has its own host. `longest`: the most characters of a message.
    """

    code: str
    name: str
    module: str
    plugin: str
    schemes: tuple[str, ...]
    longest: int
    options: frozenset[str] = frozenset({"to"})
    plain_scheme: str = ""

    @property
    def is_self_hosted(self) -> bool:
        return bool(self.plain_scheme)


def _service(
    code: str,
    name: str,
    module: str,
    plugin: str,
    *,
    schemes: tuple[str, ...] = (),
    longest: int = 3500,
    options: tuple[str, ...] = (),
    plain_scheme: str = "",
) -> ChatService:
    return ChatService(
        code=code,
        name=name,
        module=module,
        plugin=plugin,
        schemes=schemes or (code,),
        longest=longest,
        options=frozenset({"to", *options}),
        plain_scheme=plain_scheme,
    )


_ALL = (
    _service("slack", "Slack", "slack", "NotifySlack", options=("token", "mode")),
    _service(
        "workflows",
        "Microsoft Teams",
        "workflows",
        "NotifyWorkflows",
        schemes=("workflows", "workflow"),
        longest=950,
        options=(
            *("sig", "sp", "sv", "api-version", "ver", "id", "signature", "workflow"),
            *("pa", "powerautomate", "route", "routeid"),
        ),
    ),
    _service(
        "mattermost",
        "Mattermost",
        "mattermost",
        "NotifyMattermost",
        schemes=("mmosts", "mmost"),
        plain_scheme="mmost",
        options=("channel", "channels", "mode", "team"),
    ),
    _service(
        "rocket",
        "Rocket.Chat",
        "rocketchat",
        "NotifyRocketChat",
        schemes=("rockets", "rocket"),
        plain_scheme="rocket",
        longest=950,
        options=("mode", "webhook"),
    ),
    _service(
        "gchat",
        "Google Chat",
        "google_chat",
        "NotifyGoogleChat",
        options=("key", "token", "thread", "threadkey", "workspace"),
    ),
    _service(
        "discord",
        "Discord",
        "discord",
        "NotifyDiscord",
        longest=1900,
        options=("thread",),
    ),
    _service(
        "tgram",
        "Telegram",
        "telegram",
        "NotifyTelegram",
        options=("topic", "thread"),
    ),
    _service(
        "ntfy",
        "ntfy",
        "ntfy",
        "NotifyNtfy",
        schemes=("ntfys", "ntfy"),
        plain_scheme="ntfy",
        options=("mode", "token", "auth"),
    ),
    _service(
        "webex",
        "Webex",
        "webexteams",
        "NotifyWebexTeams",
        schemes=("webex", "wxteams"),
        options=("mode", "token"),
    ),
    _service("zulip", "Zulip", "zulip", "NotifyZulip", options=("token",)),
    _service(
        "matrix",
        "Matrix",
        "matrix",
        "NotifyMatrix",
        schemes=("matrixs", "matrix"),
        plain_scheme="matrix",
        options=("mode", "token", "version", "path"),
    ),
    _service("zoom", "Zoom", "zoom", "NotifyZoom", options=("mode", "token")),
    _service(
        "cliq",
        "Zoho Cliq",
        "cliq",
        "NotifyCliq",
        schemes=("cliq", "zcliq", "zohocliq"),
        options=("company", "region", "token", "zapikey"),
    ),
    _service("flock", "Flock", "flock", "NotifyFlock"),
    _service("ryver", "Ryver", "ryver", "NotifyRyver", longest=950, options=("mode",)),
    _service("lark", "Lark", "lark", "NotifyLark"),
    _service("feishu", "Feishu", "feishu", "NotifyFeishu", options=("token",)),
    _service(
        "dingtalk",
        "DingTalk",
        "dingtalk",
        "NotifyDingTalk",
        options=("token", "secret"),
    ),
    _service(
        "wecombot",
        "WeCom",
        "wecombot",
        "NotifyWeComBot",
        longest=1900,
        options=("key",),
    ),
)
SERVICES = {service.code: service for service in _ALL}
BY_SCHEME = {scheme: service for service in _ALL for scheme in service.schemes}


def service_name(code: str) -> str:
    """Return what people call a service; the code itself if it is not known any more."""
    return SERVICES[code].name if code in SERVICES else code
