"""Django's admin, reading only: some tables for staff."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import Http404, HttpRequest, HttpResponseNotAllowed
from django.shortcuts import redirect


class ReadOnlyAdminConfig(AdminConfig):
    default = False  # or Django takes it for the configuration of our own app
    default_site = "dashboard.system.admin_site.ReadOnlySite"


class ReadOnlySite(AdminSite):
    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        """Register the admin if its class has a true `is_read_only`, else do nothing.

        So those of packages are left out: whoever can edit a schedule or send a task
        again runs any function of the server.
        """
        if getattr(admin_class, "is_read_only", False):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(
        self,
        view: Callable[..., Any],
        cacheable: bool = False,  # noqa: FBT001, FBT002  as Django has it
    ) -> Any:
        shown = super().admin_view(view, cacheable)

        def read(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not self.has_permission(request):
                raise Http404
            if request.method not in {"GET", "HEAD"}:
                return HttpResponseNotAllowed(["GET", "HEAD"])
            return shown(request, *args, **kwargs)

        return read

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Redirect to our own form, which counts guesses."""
        return redirect("password")
