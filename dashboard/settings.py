"""Settings, fed by the environment. Every variable is explained in .env.example."""

import os
from pathlib import Path
from socket import gethostname
from tempfile import gettempdir
from urllib.parse import urlsplit

from django.utils.csp import CSP

from dashboard.env import (
    LEVELS,
    choice,
    env,
    env_bool,
    env_number,
    load_env_file,
    long_secret,
    networks,
    rate_limits,
    seconds,
    secret,
    secrets,
    time_zone,
)
from dashboard.server.env_addresses import (
    address,
    database,
    host_names,
    mail_server,
    sender,
    site_url,
)
from dashboard.server.env_sign_in import (
    issuer,
    listed,
    mail_domains,
    parameters,
    password_names,
)

BASE_DIR = Path(__file__).resolve().parent.parent
load_env_file(BASE_DIR / ".env")

DEBUG = env_bool("DEBUG")
SECRET_KEY = secret("SECRET_KEY")
# Earlier ones, by which what they signed and encrypted can still be read.
SECRET_KEY_FALLBACKS = secrets("SECRET_KEY_FALLBACKS")
SITE_URL = site_url(env("SITE_URL", "http://localhost:8000"))
ALLOWED_HOSTS = host_names(env("ALLOWED_HOSTS", ""), SITE_URL)
CSRF_FAILURE_VIEW = "dashboard.system.error_pages.csrf_failed"
# Whatever name a proxy hands on: forms come from the address that people open.
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "dashboard.system.admin_site.ReadOnlyAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "axes",
    "django_htmx",
    "django_q",
    "assignments",
    "dashboard",
]

MIDDLEWARE = [
    # First, so that nothing else sees the key in the address of the webhook.
    "dashboard.middleware.WebhookAddress",
    "dashboard.system.health_probes.HealthProbes",
    "dashboard.monitoring.metrics_page.MetricsPage",
    "dashboard.monitoring.request_log.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # After WhiteNoise, whose files are compressed already. Why it is safe:
    # docs/decisions/5-pages-go-out-compressed.md
    "dashboard.middleware.PageCompression",
    "dashboard.middleware.NothingKept",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "dashboard.server.body_limit.BodyLimit",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.middleware.SightOnce",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.middleware.HtmxRedirects",
    "dashboard.accounts.oidc.session_check.SessionCheck",
    "dashboard.middleware.RequireLogin",
    "dashboard.middleware.HtmxMessages",
    "dashboard.middleware.ViewerTimeZone",
    "axes.middleware.AxesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "dashboard.accounts.required_factor.RequireSecondFactor",
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context_processors.shell",
            ],
        },
    },
]

# Widgets may have a template of our own: templates/django/forms.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {
    "default": database(
        env("DATABASE_URL", "sqlite:///handoff.sqlite3"), folder=BASE_DIR
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "assignments.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "dashboard.accounts.oidc.local_sign_in.PasswordsAllowed",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [{"NAME": "dashboard.accounts.oidc.local_sign_in.PasswordIsOfUse"}]
PASSWORD_RESET_TIMEOUT = 60 * 60 * 24 * 7  # seconds that an invitation is valid
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

# How many wrong passwords lock what: assignments/services/people/sign_ins.py.
AXES_HANDLER = "dashboard.accounts.sign_in_guard.SignInGuard"
AXES_CLIENT_IP_CALLABLE = "dashboard.server.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "dashboard.accounts.sign_in_guard.locked_page"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
TRUSTED_PROXIES = networks(env("TRUSTED_PROXIES", "127.0.0.0/8,::1"))
REQUIRE_SECOND_FACTOR = choice(
    "REQUIRE_SECOND_FACTOR",
    env("REQUIRE_SECOND_FACTOR", "nobody"),
    ("nobody", "managers", "everybody"),
)
SIGN_IN_LOG_DAYS = int(env_number("SIGN_IN_LOG_DAYS", "90", least=1))
SIGN_IN_LOG_ROWS = 100_000  # of guesses, and as many of everything else

# ── Accounts: django-allauth's sign-in, second factors and sessions ──────────────
ACCOUNT_ADAPTER = "dashboard.accounts.account_adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}  # SignInForm finds the name of a mail address
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # nobody signs up: the adapter
ACCOUNT_EMAIL_VERIFICATION = "none"  # User.email is the only address
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_METHODS = {"password", "mfa"}
# Counted in our own log instead, which holds more: assignments/services/people.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None}
ACCOUNT_FORMS = {"login": "dashboard.accounts.forms.SignInForm"}
MFA_ADAPTER = "dashboard.accounts.second_factor_adapter.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "dashboard.accounts.code_forms.SecondStepForm",
    "reauthenticate": "dashboard.accounts.code_forms.ProofByCodeForm",
    "add_webauthn": "dashboard.accounts.code_forms.PasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Handoff"
MFA_TOTP_TOLERANCE = 1  # codes of the half minute before and after count, too
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
# Shared by all processes: which codes were used, and how often was asked.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# ── Signing in with an OpenID provider: docs/single-sign-on.md ───────────────
OIDC_CLIENT_ID = env("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = secret("OIDC_CLIENT_SECRET", "")
OIDC_ISSUER = issuer(
    env("OIDC_ISSUER", ""), client_id=OIDC_CLIENT_ID, client_secret=OIDC_CLIENT_SECRET
)
OIDC_NAME = env("OIDC_NAME", "single sign-on")
OIDC_SCOPES = env("OIDC_SCOPES", "openid profile email").split()
OIDC_AUTH_PARAMS = parameters(env("OIDC_AUTH_PARAMS", ""))
OIDC_GROUPS_CLAIM = env("OIDC_GROUPS_CLAIM", "groups")
OIDC_VERIFIED_DOMAINS = mail_domains(env("OIDC_VERIFIED_DOMAINS", ""))
OIDC_CREATE_DOMAINS = mail_domains(env("OIDC_CREATE_DOMAINS", ""))
OIDC_CREATE_GROUPS = listed(env("OIDC_CREATE_GROUPS", ""))
OIDC_RECHECK = env_number("OIDC_RECHECK", "10", least=1)  # minutes
OIDC_GRACE = env_number("OIDC_GRACE", "60", least=0)  # minutes
LOCAL_SIGN_IN = password_names(env("LOCAL_SIGN_IN", "all"))
SOCIALACCOUNT_ADAPTER = "dashboard.accounts.oidc.social_adapter.SocialAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_STORE_TOKENS = False

LANGUAGE_CODE = "en"
TIME_ZONE = time_zone(env("TIME_ZONE", "UTC"))
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "dashboard.server.static_storage.HashedModulesStorage"
        )
    },
}
# No other site reads our files; a header less for each of them.
WHITENOISE_ALLOW_ALL_ORIGINS = False

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
# One empty file for each person who has exported; a lock on it is an export under way.
EXPORT_LOCKS = Path(gettempdir()) / f"handoff-{os.getuid()}"
# Seconds in which a request must have arrived, head and body.
REQUEST_DEADLINE = seconds("REQUEST_DEADLINE", env("REQUEST_DEADLINE", "60"))
# BodyLimit bounds their size. A form may name 5,000 leads, and be told that these are many.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
X_FRAME_OPTIONS = "DENY"
_https = urlsplit(SITE_URL).scheme == "https"
SECURE_SSL_REDIRECT = _https
# A redirected POST arrives as a GET: events would be lost.
SECURE_REDIRECT_EXEMPT = ["^webhooks/smartlead/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
# Browsers keep this promise for so long and cannot be told otherwise: a month by default.
SECURE_HSTS_SECONDS = int(env_number("HSTS_SECONDS", "2592000", least=0)) * _https
# Other names of the domain are not ours to promise for.
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SECURE_HSTS_PRELOAD = False
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # the two lines above
if SECURE_HSTS_SECONDS == 0:
    SILENCED_SYSTEM_CHECKS.append("security.W004")  # HSTS_SECONDS=0 is a decision
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14

# ── Log and monitoring (docs/monitoring.md) ──────────────────────────────────────
LOG_FORMAT = choice("LOG_FORMAT", env("LOG_FORMAT", "text"), ("text", "json"))
LOG_LEVEL = choice("LOG_LEVEL", env("LOG_LEVEL", "INFO"), LEVELS)
# Without one /metrics is for this machine alone.
METRICS_TOKEN = long_secret("METRICS_TOKEN", secret("METRICS_TOKEN", ""))
SENTRY_DSN = secret("SENTRY_DSN", "")
SENTRY_ENVIRONMENT = env("SENTRY_ENVIRONMENT", "production")

_access_level = LOG_LEVEL if LOG_FORMAT == "json" or LOG_LEVEL == "DEBUG" else "WARNING"
_sinks = ["console", *(["sentry"] if SENTRY_DSN else [])]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "dashboard.monitoring.log_format.TextLine"},
        "json": {"()": "dashboard.monitoring.log_format.JsonLine"},
    },
    "filters": {
        "refused_host": {"()": "dashboard.server.log_filters.RefusedHost"},
        "outage": {
            "()": "dashboard.server.log_filters.OutageOncePerMinute",
            "stamp": BASE_DIR / "var" / "outage",
        },
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["outage"],
        },
        "sentry": {
            "class": "dashboard.monitoring.error_reports.ErrorReports",
            "level": "ERROR",
        },
    },
    "root": {"handlers": _sinks, "level": LOG_LEVEL},
    # httpx logs whole URLs at INFO, and those of Smartlead carry the API key.
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "django.security.DisallowedHost": {"filters": ["refused_host"]},
        # A line for each request: for programs that read the log, or when asked for.
        "dashboard.monitoring.request_log": {"level": _access_level},
    },
}

# ── Smartlead ────────────────────────────────────────────────────────────────
SMARTLEAD_REAL_URL = "https://server.smartlead.ai/api/v1"
SMARTLEAD_API_KEY = secret("SMARTLEAD_API_KEY", "")
SMARTLEAD_BASE_URL = address(env("SMARTLEAD_BASE_URL", SMARTLEAD_REAL_URL))
# The address of our webhook is derived from it; without one there is no such address.
SMARTLEAD_WEBHOOK_SECRET = secret("SMARTLEAD_WEBHOOK_SECRET", "")
SMARTLEAD_APP_URL = "https://app.smartlead.ai/app/master-inbox"
SMARTLEAD_RATE_LIMITS = rate_limits(env("SMARTLEAD_RATE_LIMITS", "8/2s,55/60s"))
SMARTLEAD_IS_REAL = urlsplit(SMARTLEAD_BASE_URL).hostname == (
    urlsplit(SMARTLEAD_REAL_URL).hostname
)

# Whether addresses that sales managers type may be loopback or private ones.
OUTGOING_PRIVATE = env_bool("OUTGOING_PRIVATE")

# ── Hosts ────────────────────────────────────────────────────────────────────
# The name by which the system page and `doctor` know this host.
HOST_NAME = env("HOST_NAME", gethostname() or "localhost")[:63]
CLOCK_TOLERANCE = 2.0  # seconds; a host that is further off uses the database's clock

# ── Outgoing webhooks ────────────────────────────────────────────────────────
OUTGOING_LEASE = 60  # seconds that a claim of a delivery holds

# ── E-mail ───────────────────────────────────────────────────────────────────
MAIL_TIMEOUT = 10  # the longest that one answer of the mail server may take
MAIL_DEADLINE = 30  # the longest that one mail may take
MAIL_LEASE = 90  # how long a claim of a mail holds
if _mailers := mail_server(env("EMAIL_URL", ""), timeout=MAIL_TIMEOUT):
    MAILERS = _mailers  # left out, so that Django knows of no mail server
DEFAULT_FROM_EMAIL = sender(env("EMAIL_FROM", ""), SITE_URL)

# ── Time constants of the dispatcher and the mirror, in seconds (docs/operating.md) ──
TIME_SCALE = env_number("TIME_SCALE", "1", least=0.001)  # trials run it all faster
FRESH_CLICK = 10 * TIME_SCALE  # how old a read may be when a person's click is sent
FRESH = 60 * TIME_SCALE  # the same for everything else
LIST_MAY_LAG = 10 * TIME_SCALE  # a list counts as asked this much earlier
QUIET = 60 * TIME_SCALE  # how long an unanswered write may still land
LEASE = 60 * TIME_SCALE  # how long a claim holds
CALL_DEADLINE = 15 * TIME_SCALE  # the longest a call may take
CONNECT_TIMEOUT = 3 * TIME_SCALE
WRITE_MEMORY = 600 * TIME_SCALE  # how long a list may not contradict our own write
RECHECK = 60 * TIME_SCALE  # second GET after a contradiction
PROBE_EVERY = 60 * TIME_SCALE  # one read while Smartlead is out of order
SEAT_TIME = 45 * TIME_SCALE  # how long a task works before it hands over
TASK_LEASE = 20 * TIME_SCALE  # what a dead host holds of a task; renewed while it runs
HEAD_EVERY = 30 * TIME_SCALE
MARK_OVERLAP = 600 * TIME_SCALE
GIVE_UP_AFTER = 3600 * TIME_SCALE  # and 8 attempts
HEARTBEAT_STALE = 180 * TIME_SCALE

Q_CLUSTER = {
    "name": "handoff",
    "label": "Tasks",
    "orm": "default",
    "broker_class": "assignments.task_broker.TaskBroker",
    "workers": 4,
    "queue_limit": 1,
    "bulk": 1,
    "timeout": 120,
    "retry": 420,
    "max_attempts": 3,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "recycle": 500,
    "poll": 0.2,
}
