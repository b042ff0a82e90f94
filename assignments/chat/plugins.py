"""Classes of apprise for the services of our table, loaded when first used.

apprise logs whole addresses and messages; its log is switched off for good.
"""

import logging
from importlib import import_module
from typing import Any

from django.conf import settings

from assignments.chat.services import ChatService


def plugin_class(service: ChatService) -> Any:
    """Return apprise's class of a service."""
    logging.getLogger("apprise").disabled = True
    module = import_module(f"apprise.plugins.{service.module}")
    return getattr(module, service.plugin)


def open_channel(service: ChatService, address: str) -> Any:
    """Return apprise's object that sends to an address.

    It keeps nothing on the disk and shows no picture. Raises TypeError, apprise's way
    to say that the address is none.
    """
    kind = plugin_class(service)
    asset_class = import_module("apprise.asset").AppriseAsset
    is_native = address.startswith(("https://", "http://"))
    parts = (kind.parse_native_url if is_native else kind.parse_url)(address)
    if not parts:
        raise TypeError
    parts["asset"] = asset_class(
        app_id="Handoff",
        app_desc="Handoff",
        app_url=settings.SITE_URL,
        image_url_mask="",
        image_url_logo="",
        image_path_mask=False,
        storage_mode="memory",
        http_redirects=False,
    )
    return kind(**parts)
