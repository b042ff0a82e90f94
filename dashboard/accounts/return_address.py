"""The page to which a person comes back after signing in."""

from urllib.parse import unquote, urlsplit, urlunsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

# Parts of pages, files, and what takes a form only. A test compares with all addresses.
NO_PAGES = frozenset(
    {
        "banner", "lead_row", "calendar_feed", "receive_webhook", "healthz", "readyz",
        "history_export", "performance_csv", "answers_export", "leads_export",
        "login", "logout", "look", "rename_view", "remove_view", "add_note", "undo",
        "mark_lead", "retry", "dismiss", "preview_coverage", "hand_back", "take_back",
        "acknowledge_coverage", "renew_feed", "revoke_feed", "pause_batch",
        "resume_batch", "cancel_batch", "retry_batch", "set_rule_mode", "move_rule",
        "duplicate_rule", "remove_rule", "accept_change", "accept_shown",
        "accept_suggestion", "dismiss_suggestion", "dismiss_all", "read_all",
        "send_mail_again", "dismiss_mail", "confirm_categories", "put_away",
        "pause_writes", "resume_writes", "resume_bulk", "deactivate_member",
        "activate_member", "renew_invitation", "invitation", "open_invitation",
        "remove_target", "add_day_off", "remove_day_off", "category_settings",
        "remove_team", "add_mapping_line", "import_mapping", "remove_mapping",
        "remove_mapping_line", "new_password", "unlock_user", "admin:login",
        "admin:logout", "admin:password_change", "admin:password_change_done",
        "admin:autocomplete", "admin:jsi18n", "admin:view_on_site", "admin_login",
        "admin_logout", "answer_zone", "account_login", "mfa_authenticate",
        "mfa_login_webauthn", "forgotten_password", "reset_password", "open_reset",
        "confirm_address", "open_confirmation", "account_reauthenticate",
        "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "end_sessions",
        "reset_second_factor", "provider_sign_in", "provider_callback",
        "provider_logout", "remove_group", "unlink_login", "limit_clients",
        "add_channel", "change_channel", "test_channel", "remove_channel",
        "endpoint_secret", "rotate_endpoint_secret", "test_endpoint",
        "enable_endpoint", "disable_endpoint", "remove_endpoint", "replay_failed",
        "replay_delivery", "dismiss_delivery",
    }
)  # fmt: skip


def page_at(request: HttpRequest, address: str) -> str | None:
    """Return path, query and fragment of `address` if it is a page of ours, else None.

    `address` may name the request's own host, which is dropped. Other hosts, paths that
    no view has, and views in NO_PAGES (parts of pages, files, forms) give None.
    """
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        return None
    parts = urlsplit(address)
    try:
        match = resolve(unquote(parts.path))
    except Resolver404:
        return None
    if match.view_name in NO_PAGES:
        return None
    return urlunsplit(("", "", parts.path, parts.query, parts.fragment))


def page_of_person(request: HttpRequest) -> str:
    """Return the page that the person sees while this request is made, as `page_at`
    does; an empty text if none is known. The first that is a page of ours counts:
    htmx's current address, then the request's own and the Referer; these two the
    other way round unless the method is GET or HEAD.
    """
    seen = [request.headers.get("Referer", ""), request.get_full_path()]
    if request.method in {"GET", "HEAD"}:
        seen.reverse()
    if htmx := getattr(request, "htmx", None):
        seen.insert(0, htmx.current_url or "")
    return next(filter(None, (page_at(request, address) for address in seen)), "")
