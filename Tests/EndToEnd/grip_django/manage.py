#!/usr/bin/env python3
"""Runs the site: `GRIP_URL=http://localhost:5561 python manage.py runserver --noreload 8000`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    execute_from_command_line(sys.argv)
