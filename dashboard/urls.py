from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path

from dashboard.accounts import urls as account_urls
from dashboard.accounts import views as accounts
from dashboard.accounts.oidc import views as oidc
from dashboard.assign import views as assign
from dashboard.assign import views_batch, views_bulk
from dashboard.configuration import views as settings
from dashboard.configuration import (
    views_hours,
    views_invitations,
    views_lookup_tables,
    views_sight,
    views_sign_ins,
    views_single_sign_on,
    views_targets,
)
from dashboard.coverage import views as coverage
from dashboard.coverage import views_actions, views_plan, views_show
from dashboard.history import views as history
from dashboard.inbox import views as inbox
from dashboard.inbox import views_saved
from dashboard.lead import views as lead
from dashboard.notifications import views as notices
from dashboard.notifications import views_channels, views_preferences
from dashboard.outgoing_webhooks import views as outgoing
from dashboard.outgoing_webhooks import views_actions as outgoing_actions
from dashboard.palette import views as palette
from dashboard.performance import views as performance
from dashboard.review import views as review
from dashboard.routing import views as routing
from dashboard.routing import views_tester
from dashboard.system import error_pages, views_onboarding
from dashboard.system import views as system
from dashboard.team import views as team
from dashboard.team import views_members, views_offboarding, views_rebalance
from dashboard.today import views as today
from dashboard.webhooks import views as webhooks

# The only pages without login; a test walks all addresses and compares. The probes of
# monitors are answered before any address is looked up: dashboard/system/health_probes.py.
public = [
    *account_urls.public,
    # There to the OpenID provider and back; 404 without one.
    path("accounts/oidc/login/", oidc.begin, name="provider_sign_in"),
    path("accounts/oidc/callback/", oidc.callback, name="provider_callback"),
    # For the provider; takes what it has signed.
    path("accounts/oidc/logout/", oidc.back_channel_logout, name="provider_logout"),
    # Whoever knows the unguessable address may read it, until it is revoked.
    path("coverage/calendar/<slug:token>.ics", coverage.feed, name="calendar_feed"),
    # For Smartlead; takes POST from whoever knows the unguessable address.
    path("webhooks/smartlead/<str:token>/", webhooks.receive, name="receive_webhook"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *public,
    path("", today.home, name="home"),
    path("today/", today.today, name="today"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/views/", views_saved.saved_views, name="saved_views"),
    path("inbox/views/<int:pk>/", views_saved.rename, name="rename_view"),
    path("inbox/views/<int:pk>/remove/", views_saved.remove, name="remove_view"),
    path("leads/<int:map_id>/", lead.lead_page, name="lead"),
    path("leads/<int:map_id>/row/", lead.lead_row, name="lead_row"),
    path("leads/<int:map_id>/read/", lead.mark, name="mark_lead"),
    path("leads/<int:map_id>/notes/", lead.add_note, name="add_note"),
    path("leads/<int:map_id>/assign/", assign.assign, name="assign"),
    path("assign/", views_bulk.assign_many, name="assign_many"),
    path("assignments/<int:pk>/undo/", assign.undo, name="undo"),
    path("assignments/<int:pk>/retry/", assign.retry, name="retry"),
    path("assignments/<int:pk>/dismiss/", assign.dismiss, name="dismiss"),
    path("coverage/", coverage.coverage, name="coverage"),
    path("coverage/new/", views_plan.plan_coverage, name="plan_coverage"),
    path("coverage/preview/", views_plan.preview_coverage, name="preview_coverage"),
    path("coverage/<int:pk>/", views_show.show_coverage, name="show_coverage"),
    path("coverage/<int:pk>/edit/", views_plan.edit_coverage, name="edit_coverage"),
    path("coverage/<int:pk>/certificate/", views_show.certificate, name="certificate"),
    path(
        "coverage/<int:pk>/leads/<int:map_id>/return/",
        views_actions.return_lead,
        name="hand_back",
    ),
    path(
        "coverage/<int:pk>/leads/<int:map_id>/take/",
        views_actions.return_lead,
        name="take_back",
    ),
    path(
        "coverage/<int:pk>/acknowledge/",
        views_actions.acknowledge_coverage,
        name="acknowledge_coverage",
    ),
    *(
        path(
            f"coverage/<int:pk>/{act}/",
            views_actions.act_on_coverage,
            {"act": act},
            name=f"{act}_coverage",
        )
        for act in views_actions.ACTS
    ),
    path("coverage/feeds/<int:pk>/", coverage.renew_feed, name="renew_feed"),
    path("coverage/feeds/<int:pk>/revoke/", coverage.revoke_feed, name="revoke_feed"),
    path("history/", history.history, name="history"),
    path("history/export.csv", history.export, name="history_export"),
    path("batches/", views_batch.batches, name="batches"),
    path("batches/<int:pk>/", views_batch.batch_page, name="batch"),
    path("batches/<int:pk>/pause/", views_batch.pause, name="pause_batch"),
    path("batches/<int:pk>/resume/", views_batch.resume, name="resume_batch"),
    path("batches/<int:pk>/cancel/", views_batch.cancel, name="cancel_batch"),
    path("batches/<int:pk>/retry/", views_batch.retry, name="retry_batch"),
    path("batches/<int:pk>/undo/", views_batch.undo, name="undo_batch"),
    path("routing/", routing.routing, name="routing"),
    path("routing/new/", routing.new_rule, name="new_rule"),
    path("routing/try/", views_tester.try_rules, name="try_rules"),
    path("routing/<int:pk>/", routing.rule_page, name="rule"),
    path("routing/<int:pk>/mode/", routing.set_mode, name="set_rule_mode"),
    path("routing/<int:pk>/move/", routing.move, name="move_rule"),
    path("routing/<int:pk>/duplicate/", routing.duplicate, name="duplicate_rule"),
    path("routing/<int:pk>/remove/", routing.remove, name="remove_rule"),
    path("review/", review.review, name="review"),
    path(
        "review/leads/<int:map_id>/accept/", review.accept_change, name="accept_change"
    ),
    path("review/accept/", review.accept_shown, name="accept_shown"),
    path("review/<int:pk>/accept/", review.accept, name="accept_suggestion"),
    path("review/<int:pk>/dismiss/", review.dismiss, name="dismiss_suggestion"),
    path("palette/", palette.palette, name="palette"),
    path("banner/", system.banner, name="banner"),
    path("notifications/", notices.notifications, name="notifications"),
    path("notifications/dismiss/", notices.dismiss_all, name="dismiss_all"),
    path("notifications/read/", notices.read_all, name="read_all"),
    path("notifications/<int:pk>/", notices.open_notification, name="notification"),
    path(
        "notifications/settings/",
        views_preferences.own_wishes,
        name="notification_settings",
    ),
    path("notifications/channels/", views_channels.add_channel, name="add_channel"),
    path(
        "notifications/channels/<int:pk>/",
        views_channels.change_channel,
        name="change_channel",
    ),
    path(
        "notifications/channels/<int:pk>/test/",
        views_channels.test_channel,
        name="test_channel",
    ),
    path(
        "notifications/channels/<int:pk>/remove/",
        views_channels.remove_channel,
        name="remove_channel",
    ),
    path(
        "settings/teams/<int:pk>/channels/",
        views_channels.team_channels,
        name="team_channels",
    ),
    path("system/mails/<int:pk>/send/", system.send_mail_again, name="send_mail_again"),
    path("system/mails/<int:pk>/dismiss/", system.dismiss_mail, name="dismiss_mail"),
    path("start/", views_onboarding.start, name="start"),
    path(
        "start/categories/",
        views_onboarding.confirm_categories,
        name="confirm_categories",
    ),
    path("start/away/", views_onboarding.put_away, name="put_away"),
    path("system/", system.system_page, name="system"),
    path("system/pause/", system.pause, name="pause_writes"),
    path("system/resume/", system.resume, name="resume_writes"),
    path("system/resume-bulk/", system.resume_bulk, name="resume_bulk"),
    path("team/", team.team, name="team"),
    path("team/rebalance/", views_rebalance.rebalance, name="rebalance"),
    path("team/add/", views_members.add_member, name="add_member"),
    path("team/performance/", performance.performance, name="performance"),
    path("team/performance.csv", performance.performance_csv, name="performance_csv"),
    path(
        "team/performance/answers.csv",
        performance.answers_export,
        name="answers_export",
    ),
    path("team/performance/leads.csv", performance.leads_export, name="leads_export"),
    path("team/<int:pk>/", views_members.member_page, name="member"),
    path("team/<int:pk>/hours/", views_hours.member_hours, name="member_hours"),
    path("team/<int:pk>/leaving/", views_offboarding.leaving, name="leaving"),
    path(
        "team/<int:pk>/deactivate/",
        views_offboarding.deactivate,
        name="deactivate_member",
    ),
    path(
        "team/<int:pk>/activate/",
        views_offboarding.activate,
        name="activate_member",
    ),
    path("settings/", settings.overview, name="settings"),
    path("settings/targets/new/", views_targets.new_target, name="new_target"),
    path("settings/targets/<int:pk>/", views_targets.target_page, name="target"),
    path(
        "settings/targets/<int:pk>/remove/",
        views_targets.remove_target,
        name="remove_target",
    ),
    path("settings/hours/", views_targets.default_hours_page, name="default_hours"),
    path("settings/days-off/", views_targets.add_day_off, name="add_day_off"),
    path(
        "settings/days-off/<int:pk>/remove/",
        views_targets.remove_day_off,
        name="remove_day_off",
    ),
    path("settings/categories/", settings.categories, name="category_settings"),
    path("settings/teams/", settings.teams, name="teams"),
    path("settings/teams/<int:pk>/", settings.team_page, name="team_settings"),
    path("settings/teams/<int:pk>/remove/", settings.remove_team, name="remove_team"),
    path("settings/mappings/", views_lookup_tables.mappings, name="mappings"),
    path(
        "settings/mappings/<int:pk>/", views_lookup_tables.mapping_page, name="mapping"
    ),
    path(
        "settings/mappings/<int:pk>/lines/",
        views_lookup_tables.add,
        name="add_mapping_line",
    ),
    path(
        "settings/mappings/<int:pk>/import/",
        views_lookup_tables.load,
        name="import_mapping",
    ),
    path(
        "settings/mappings/<int:pk>/remove/",
        views_lookup_tables.remove,
        name="remove_mapping",
    ),
    path(
        "settings/mapping-lines/<int:pk>/remove/",
        views_lookup_tables.remove_line,
        name="remove_mapping_line",
    ),
    path("settings/webhooks/", webhooks.webhooks, name="webhooks"),
    path("settings/outgoing/", outgoing.outgoing_webhooks, name="outgoing_webhooks"),
    path("settings/outgoing/new/", outgoing.new_endpoint, name="new_endpoint"),
    path("settings/outgoing/<int:pk>/", outgoing.endpoint_page, name="endpoint"),
    path(
        "settings/outgoing/<int:pk>/secret/",
        outgoing.show_secret,
        name="endpoint_secret",
    ),
    path(
        "settings/outgoing/<int:pk>/rotate/",
        outgoing.rotate_secret,
        name="rotate_endpoint_secret",
    ),
    path(
        "settings/outgoing/<int:pk>/test/",
        outgoing_actions.send_test,
        name="test_endpoint",
    ),
    path(
        "settings/outgoing/<int:pk>/enable/",
        outgoing_actions.enable,
        name="enable_endpoint",
    ),
    path(
        "settings/outgoing/<int:pk>/disable/",
        outgoing_actions.disable,
        name="disable_endpoint",
    ),
    path(
        "settings/outgoing/<int:pk>/remove/",
        outgoing_actions.remove,
        name="remove_endpoint",
    ),
    path(
        "settings/outgoing/<int:pk>/replay/",
        outgoing_actions.replay_failed,
        name="replay_failed",
    ),
    path(
        "settings/outgoing/deliveries/<int:pk>/replay/",
        outgoing_actions.replay_delivery,
        name="replay_delivery",
    ),
    path(
        "settings/outgoing/deliveries/<int:pk>/dismiss/",
        outgoing_actions.dismiss_delivery,
        name="dismiss_delivery",
    ),
    path("settings/users/", settings.users, name="users"),
    path("settings/users/invite/", views_invitations.invite, name="invite"),
    path("settings/users/<int:pk>/", settings.user_page, name="user"),
    path(
        "settings/users/<int:pk>/invitation/",
        views_invitations.renew,
        name="renew_invitation",
    ),
    path(
        "settings/users/<int:pk>/password/",
        settings.new_password,
        name="new_password",
    ),
    path(
        "settings/users/<int:pk>/unlock/",
        views_sign_ins.unlock_user,
        name="unlock_user",
    ),
    path(
        "settings/users/<int:pk>/sign-out/",
        views_sign_ins.end_sessions,
        name="end_sessions",
    ),
    path(
        "settings/users/<int:pk>/second-factor/",
        views_sign_ins.reset_second_factor,
        name="reset_second_factor",
    ),
    path(
        "settings/users/<int:pk>/clients/",
        views_sight.limit_clients,
        name="limit_clients",
    ),
    path("settings/sight/", views_sight.sight_settings, name="sight_settings"),
    path("settings/sign-ins/", views_sign_ins.sign_in_log, name="sign_in_log"),
    path(
        "settings/single-sign-on/",
        views_single_sign_on.single_sign_on,
        name="single_sign_on",
    ),
    path(
        "settings/single-sign-on/groups/<int:pk>/remove/",
        views_single_sign_on.remove_group,
        name="remove_group",
    ),
    path(
        "settings/single-sign-on/logins/<int:pk>/unlink/",
        views_single_sign_on.unlink_login,
        name="unlink_login",
    ),
    *account_urls.urlpatterns,
    # The admin's own login page would be a second door; this one leads to ours.
    path("admin/login/", accounts.admin_login, name="admin_login"),
    path("admin/logout/", LogoutView.as_view(), name="admin_logout"),
    path("admin/", admin.site.urls),
]

handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler429 = error_pages.too_many_requests  # of allauth
handler500 = error_pages.server_error
