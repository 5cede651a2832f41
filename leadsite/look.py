"""How the staff pages look: the admin's theme, as settings take it."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Leadsite",
    "SITE_HEADER": "Leadsite",
    "SITE_URL": None,
    "SITE_ICON": "leadsite.admin_site.favicon",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "leadsite.admin_site.favicon"}
    ],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    # A person's colour; the AI's violet stays the AI's.
    "COLORS": {
        "primary": {
            "50": "#eff6ff",
            "100": "#dbeafe",
            "200": "#bfdbfe",
            "300": "#93c5fd",
            "400": "#60a5fa",
            "500": "#3b82f6",
            "600": "#1d4ed8",
            "700": "#1e40af",
            "800": "#1e3a8a",
            "900": "#172554",
            "950": "#0f172a",
        }
    },
    "STYLES": [
        "leadsite.admin_site.tokens_css",
        "leadsite.admin_site.app_css",
        "leadsite.admin_site.parts_css",
    ],
    "SCRIPTS": ["leadsite.admin_site.app_js", "leadsite.admin_site.access_js"],
    "GLOBAL_CALLBACK": "leadsite.admin_site.frame",
    "DASHBOARD_CALLBACK": "leadsite.dashboard.today",
    "COMMAND": {"search_callback": "leadsite.admin_site.find"},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": "leadsite.admin_site.navigation",
    },
}
