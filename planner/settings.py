"""Django settings of Sizewise: one file for all deployments; what differs comes from the environment."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import drf_spectacular_sidecar
from django.utils.csp import CSP

from planner.broker import broker_folder, broker_url
from planner.environment import (
    database_identity,
    env_bool,
    env_count,
    env_database,
    env_directory,
    env_hosts,
    env_origins,
    env_port,
    env_redis_url,
    env_secret_key,
)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"  # everything the program writes

DEBUG = env_bool("DEBUG", default=False)
PORT = env_port("PORT", default=8000)
ALLOWED_HOSTS = env_hosts("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
SECRET_KEY = env_secret_key("SECRET_KEY", key_file=VAR_DIR / "secret_key")
REDIS_URL = env_redis_url("REDIS_URL")
RESULTS_DIR = env_directory("RESULTS_DIR", default=VAR_DIR / "results")

DATABASES = {"default": env_database("DATABASE_URL", default_file=VAR_DIR / "sizewise.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Celery wakes workers; what is to be done and who does it stands in the database (planner/sweeps/work).
BROKER_FOLDER = broker_folder(database_identity(DATABASES["default"]), VAR_DIR)
CELERY_BROKER_URL = REDIS_URL or broker_url(BROKER_FOLDER)
# Kombu would take any certificate.
CELERY_BROKER_USE_SSL = (
    {"ssl_cert_reqs": ssl.CERT_REQUIRED} if CELERY_BROKER_URL.startswith("rediss:") else False
)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for as long as it takes
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "socket_keepalive": True,
    "max_retries": 0,  # who publishes does not wait for a dead broker; workers retry by the setting above
}
CELERY_TASK_DEFAULT_QUEUE = "sizewise"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 3600  # a chunk takes seconds: what still runs then has hung
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 2_000_000  # KiB; a process that grew beyond is replaced after its chunk
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 30
# A chunk under way needs no broker: it goes on, and its message may well be lost.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # LOGGING below holds for workers too
CELERY_WORKER_REDIRECT_STDOUTS = False

INSTALLED_APPS = [
    "planner.apps.PlannerConfig",
    "planner.api.apps.ApiConfig",
    "planner.calibration.apps.CalibrationConfig",
    "planner.contributions.apps.ContributionsConfig",
    "planner.kept_plans.apps.KeptPlansConfig",
    "planner.pinning.apps.PinningConfig",
    "planner.plans.apps.PlansConfig",
    "planner.sweeps.apps.SweepsConfig",
    "hardware_catalog.apps.HardwareCatalogConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "import_export",
    "simple_history",
    "axes",
    "django_filters",
    "drf_spectacular",
    "corsheaders",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",  # the last: it answers in place of a login that is locked
]

ROOT_URLCONF = "planner.urls"
WSGI_APPLICATION = "planner.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.csp",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# The admin: passwords are not guessed, imports are for those who may add and change, history is looked up by object.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
# A name from an address: nobody can lock an editor out from elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "planner.client_address.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # who logged in when is nobody's business but the session's
AXES_LOCKOUT_TEMPLATE = "admin/locked.html"
AXES_VERBOSE = False
SIMPLE_HISTORY_DATE_INDEX = False

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# Static files: hashed names and gzip copies in production, straight from their folders under DEBUG.
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    # what draws the API's description
    (
        "swagger-ui",
        Path(drf_spectacular_sidecar.__file__).parent / "static/drf_spectacular_sidecar/swagger-ui-dist",
    ),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# Security. Inline styles and scripts work only with the page's nonce; style="" attributes never.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "object-src": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True

# HTTPS=True: behind a proxy that ends TLS and sets X-Forwarded-Proto. On one's own machine it is plain http.
HTTPS = env_bool("HTTPS", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # the proxy's health check speaks http
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
# Whether other names under the domain speak https (W005) and browsers ship that (W021) is its owner's to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# The REST API (planner/api). Limits are per client and minute; 0: none. A token has ten times as much.
API_READS_PER_MINUTE = env_count("API_READS_PER_MINUTE", default=600)
API_PLANS_PER_MINUTE = env_count("API_PLANS_PER_MINUTE", default=120)
API_ROWS_PER_MINUTE = env_count("API_ROWS_PER_MINUTE", default=20_000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["planner.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "planner.api.negotiation.Negotiation",
    "DEFAULT_RENDERER_CLASSES": ["planner.api.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["planner.api.parsers.StrictJsonParser"],
    "DEFAULT_PAGINATION_CLASS": "planner.api.pagination.Pages",
    "DEFAULT_THROTTLE_CLASSES": ["planner.api.throttling.ClientThrottle"],
    "DEFAULT_SCHEMA_CLASS": "planner.api.schema.Schema",
    "EXCEPTION_HANDLER": "planner.api.handling.exception_handler",
    "NUM_PROXIES": 1 if HTTPS else 0,  # whose X-Forwarded-For tells the client
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "Sizewise",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # a test compares the whole document with the committed one
    "POSTPROCESSING_HOOKS": ["planner.api.schema_hooks.finish"],
    "PATH_CONVERTER_OVERRIDES": {"name": str},
}
# Pages of other sites may ask the API from a browser; without cookies.
_origins = env_origins("CORS_ORIGINS")
CORS_ALLOW_ALL_ORIGINS = _origins == ["*"]
CORS_ALLOWED_ORIGINS = [] if CORS_ALLOW_ALL_ORIGINS else _origins
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "if-none-match"]
CORS_EXPOSE_HEADERS = ["ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "planner": {"level": "INFO"},
        "hardware_catalog": {"level": "INFO"},
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Wrong addresses and input are answered, not logged; the failures of the program are, with traceback.
        "django.request": {"level": "ERROR"},
        # It warns of each HEAD request, whose body Django leaves to the server to drop.
        "gunicorn.http.wsgi": {"level": "ERROR"},
        # A wrong password is answered; what was tried stands in the admin under Axes.
        "axes": {"level": "ERROR"},
        # A stranger's wrong Host header is answered with 400; it is not this program's error.
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
    },
}
