"""Every setting of scmmon; docs/settings.md describes the switches, `.env.example` lists them."""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from scmmon_site.environment import Environment, kept_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
# Tests neither read nor touch what this user's own scmmon has; tests/conftest.py removes the directory.
_under_pytest = "pytest" in sys.modules
ENVIRONMENT = Environment(None if _under_pytest else BASE_DIR / ".env")
VAR_DIR = Path(
    tempfile.mkdtemp(prefix="scmmon-tests-")
    if _under_pytest
    else ENVIRONMENT.text("SCMMON_VAR", str(BASE_DIR / "var"))
).expanduser()
VAR_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = ENVIRONMENT.text("SECRET_KEY") or kept_secret_key(VAR_DIR / "secret_key")
DEBUG = ENVIRONMENT.boolean("DEBUG", default=False)
ALLOWED_HOSTS = ENVIRONMENT.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = [
    url for url in [ENVIRONMENT.text("SCMMON_SITE_URL").rstrip("/")] if url.startswith("http")
]

# --- scmmon's own ------------------------------------------------------------------------------

SCMMON_VERSION = "0.1.0"
SCMMON_SITE_URL = ENVIRONMENT.text("SCMMON_SITE_URL", "http://127.0.0.1:8000").rstrip("/")
SCMMON_PUBLIC_PAGES = ENVIRONMENT.boolean("SCMMON_PUBLIC_PAGES", default=False)
SCMMON_SSH_CONFIG = ENVIRONMENT.text("SCMMON_SSH_CONFIG")
# Asked for after each round that worked, so that another service notices our death.
SCMMON_HEARTBEAT_URL = ENVIRONMENT.text("SCMMON_HEARTBEAT_URL")
# Whether messages and heartbeats may go to addresses that are not global.
SCMMON_ALLOW_PRIVATE_URLS = ENVIRONMENT.boolean("SCMMON_ALLOW_PRIVATE_URLS", default=False)
# Mail addresses that are told when a command of ours fails, straight away where nothing can be stored.
SCMMON_OPERATORS = ENVIRONMENT.words("SCMMON_OPERATORS")
# Nodes looked at side by side. Beyond some 16 threads paramiko gains nothing.
SCMMON_WORKERS = ENVIRONMENT.number("SCMMON_WORKERS", 16, most=500)
# Seconds that one `collect` may take in all; what is not done by then is `timeout`.
SCMMON_RUN_BUDGET = ENVIRONMENT.number("SCMMON_RUN_BUDGET", 3600, most=7 * 86_400)
# Requests to the API: of one token or user, and of one address without login.
SCMMON_API_PER_MINUTE = ENVIRONMENT.number("SCMMON_API_PER_MINUTE", 600, most=1_000_000)
SCMMON_API_ANONYMOUS_PER_MINUTE = ENVIRONMENT.number(
    "SCMMON_API_ANONYMOUS_PER_MINUTE", 60, most=1_000_000
)
# Web servers of ours that requests pass before they come here: so many addresses of X-Forwarded-For are believed.
SCMMON_PROXIES = ENVIRONMENT.number("SCMMON_PROXIES", 0, least=0, most=10)

# --- Django ------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # urls.py discovers the admin's modules; a command that looks at nodes need not load them.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    # "chartjs" stays out on purpose: its static folder ships Highcharts, which is not free software.
    "django_filters",
    "django_q",
    "drf_spectacular",
    "rest_framework",
    "scmmon_site",
    "hubs",
    "alerts",
    "probes",
    "dashboard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dashboard.middleware.security_headers",
    "dashboard.api.problems.problems_only",
    "dashboard.middleware.no_null_characters",
    "dashboard.middleware.pages_for_refusals",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last, as it replaces the answer of the login page
]

ROOT_URLCONF = "scmmon_site.urls"
WSGI_APPLICATION = "scmmon_site.wsgi.application"

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
                "dashboard.telling.banner.banner",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": ENVIRONMENT.database("DATABASE_URL", f"sqlite:///{VAR_DIR}/db.sqlite3")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # Without IMMEDIATE two writers that read first fail at once, whatever the time-out.
        "transaction_mode": "IMMEDIATE",
        "timeout": 60,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

CACHES = {
    # django-q2 shows its clusters through the cache, so it must be shared by processes.
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": VAR_DIR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},  # throttles count in it; Django's 300 are soon full
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Files are served from where they lie when they were never collected (tests, first start); collecting makes
# the manifest that tells.
_collected = (STATIC_ROOT / "staticfiles.json").is_file() or "collectstatic" in sys.argv
WHITENOISE_USE_FINDERS = _under_pytest or not _collected
# Found when asked for: whitenoise otherwise lists them all at start, and warns of the missing directory.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "scmmon_site.static_storage.HashedStaticFilesStorage"
    },
}

# --- Who may see it ----------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first, as it refuses who has guessed too often
    "django.contrib.auth.backends.ModelBackend",
]
# Whoever gives five wrong passwords for a name has to wait, with the right one too; others from elsewhere need not.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "dashboard.login_throttle.address_of"
AXES_LOCKOUT_CALLABLE = "dashboard.login_throttle.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # who logged in when is nobody's business
AXES_ENABLE_ADMIN = False  # names that were tried may be passwords; `axes_reset_username` unlocks
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken", "next"]
AXES_VERBOSE = False

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
CSRF_COOKIE_HTTPONLY = True
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "index"
LOGOUT_REDIRECT_URL = "login"
_https = SCMMON_SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 12 * 3600
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked on this machine, past the proxy
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "dashboard.api.authentication.ByToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["dashboard.api.permissions.MayRead"],
    "DEFAULT_THROTTLE_CLASSES": ["dashboard.api.throttles.PerMinute"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["dashboard.api.parsing.BoundedJson"],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "dashboard.api.problems.problem_of",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "dashboard.api.ordering.Ordering",
    ],
    "DEFAULT_PAGINATION_CLASS": "dashboard.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "dashboard.api.schema.Schema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "scmmon",
    "DESCRIPTION": "What scmmon saw of the backup tarballs, and its verdicts.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
}

# --- Mail and logs -----------------------------------------------------------------------------

vars().update(ENVIRONMENT.email("EMAIL_URL"))
EMAIL_IS_SET = bool(ENVIRONMENT.text("EMAIL_URL"))
if globals()["EMAIL_BACKEND"].endswith("console.EmailBackend"):
    EMAIL_BACKEND = "alerts.console.StderrBackend"  # programs read what commands print
EMAIL_TIMEOUT = 20  # seconds; Django's default waits for ever
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.text("SCMMON_FROM_EMAIL", "scmmon@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "level": "INFO"},
        "recent": {"class": "alerts.context.RecentLines", "formatter": "line"},
    },
    "root": {"handlers": ["stderr", "recent"], "level": "WARNING"},
    "loggers": {
        # paramiko logs tracebacks of failures that we translate and store.
        "paramiko": {"level": "CRITICAL"},
        "scmmon": {"level": "DEBUG"},  # the handlers choose; messages about failures hold it all
    },
}

# --- Work queue --------------------------------------------------------------------------------

Q_CLUSTER = {
    "name": "scmmon",
    "label": "Work queue",
    "workers": 2,
    # The clock of `retry` starts when the cluster takes a task, not when a worker begins it, so it
    # must be longer than the tasks that wait before it: timeout * (1 + queue_limit / workers).
    "timeout": SCMMON_RUN_BUDGET + 60,
    "retry": 3 * (SCMMON_RUN_BUDGET + 60),
    "queue_limit": 2,
    "bulk": 1,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 1000,
    "poll": 2,
    "guard_cycle": 1,
    "recycle": 100,
    "time_zone": "UTC",
    "cached": False,
}
if REDIS_URL := ENVIRONMENT.text("REDIS_URL"):
    Q_CLUSTER["redis"] = REDIS_URL
else:
    Q_CLUSTER["orm"] = "default"
