"""Everything that this site needs to be told. `GRIP_URL` comes from the environment, as it does where such a site is deployed."""

import os

SECRET_KEY = "a test has no secrets"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
MIDDLEWARE = ["django_grip.GripMiddleware", "django.middleware.common.CommonMiddleware"]
USE_TZ = True
GRIP_URL = os.environ["GRIP_URL"]
GRIP_PREFIX = os.environ.get("GRIP_PREFIX", "")
