"""The environment, with what .env adds to it."""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# For the services page: the rest of the environment is from .env.
SET_OUTSIDE = frozenset(os.environ)
environ.Env.read_env(BASE_DIR / ".env")
