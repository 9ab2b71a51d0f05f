import os

SECRET_KEY = "for tests"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "project.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "clinic"]
MIDDLEWARE = ["watertight_django.TokenMiddleware", "django.middleware.common.CommonMiddleware"]


def database(user, **options):
    return {
        "ENGINE": "watertight_django",
        "HOST": os.environ["WT_HOST"],
        "PORT": os.environ["WT_PORT"],
        "NAME": os.environ["WT_DATABASE"],
        "USER": user,
        **options,
    }


ONE_CONNECTION = {"pool": {"min_size": 1, "max_size": 1, "timeout": 30}}
DATABASES = {
    "default": database("app", ATOMIC_REQUESTS=True, OPTIONS=ONE_CONNECTION),
    "persistent": database("app", CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True),
    "binding": database("app", CONN_MAX_AGE=None, OPTIONS={"server_side_binding": True}),
    # Who runs migrations.
    "owner": database("app_owner"),
}
