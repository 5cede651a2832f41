"""How the API is spoken: JSON only, by session or key, as the person behind it may."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    # The key first: what is sent without either is answered 401.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "leads.api_keys.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["leads.api_rules.Rights"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "leads.api_rules.Pages",
    "DEFAULT_THROTTLE_CLASSES": ["leads.api_rules.KeyThrottle"],
    "DEFAULT_THROTTLE_RATES": {"calls": "600/min"},
    "EXCEPTION_HANDLER": "leads.api_rules.answer_error",
}
