"""The limit of a request's size, held before anything reads its body."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from dashboard.server.body_sizes import LARGEST_BODY
from dashboard.system import error_pages

type View = Callable[..., HttpResponse]

OWN_LIMIT = None


def largest_body[V: View](size: int | None) -> Callable[[V], V]:
    """Return a decorator that sets `largest_body` of a view to `size` bytes, for
    BodyLimit. OWN_LIMIT (None) switches that check off: the view must limit its body
    itself.
    """

    def mark(view: V) -> V:
        view.largest_body = size  # type: ignore[attr-defined]
        return view

    return mark


class BodyLimit:
    """Refuse a body that is announced as too large.

    Our server counts what comes in chunks, and announces its length afterwards.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if not (announced.isascii() and announced.isdecimal()):
            return error_pages.page(request, 400, error_pages.BAD_REQUEST)
        if len(announced) > 18 or int(announced) > LARGEST_BODY:
            limit = _limit_of(request.path_info)
            if limit is not OWN_LIMIT and (
                len(announced) > 18 or int(announced) > limit
            ):
                return error_pages.page(request, 413, error_pages.too_large(limit))
        return self.get_response(request)


def _limit_of(path: str) -> int | None:
    try:
        view = resolve(path).func
    except Resolver404:
        return LARGEST_BODY
    limit: int | None = getattr(view, "largest_body", LARGEST_BODY)
    return limit
