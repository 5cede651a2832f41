"""API keys: made for a person, shown once, revoked for good."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.safestring import SafeString
from rest_framework_api_key.models import APIKey

from leads.admin.base import StaffAdmin, tone
from leads.api_keys import issue_key, revoke_key
from leads.models import ApiKey
from leads.web import page_context

# The package's own keys open nothing here.
if admin.site.is_registered(APIKey):
    admin.site.unregister(APIKey)


@admin.register(ApiKey)
class ApiKeyAdmin(StaffAdmin):
    """One's own keys; superusers see and make everybody's.

    A key is never deleted: that it was there, and who used it, stays known.
    """

    list_display = ["name", "person", "begins", "standing", "used", "expiry_date"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__username"]
    search_help_text = "Name, beginning of the key, person"
    actions = ["revoke"]
    fields = ["name", "user", "expiry_date"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ApiKey]":
        """A person's own keys; all for superusers."""
        rows: QuerySet[ApiKey] = super().get_queryset(request)
        if getattr(request.user, "is_superuser", False):
            return rows
        return rows.filter(user=request.user.pk)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Only superusers choose for whom a key is."""
        fields = ["name", "user", "expiry_date"]
        if obj is not None:
            return ["name", "begins", "person", "standing", "expiry_date", "used"]
        if not getattr(request.user, "is_superuser", False):
            fields.remove("user")
        return fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A key stays its person's; a revoked one is only read."""
        fixed = ["begins", "person", "standing", "used"] if obj is not None else []
        if obj is not None and obj.revoked:
            fixed += ["name", "expiry_date"]
        return fixed

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **options: Any
    ) -> Any:
        """A key is for somebody who may sign in."""
        field = super().formfield_for_foreignkey(db_field, request, **options)
        if db_field.name == "user" and field is not None:
            field.queryset = field.queryset.filter(is_active=True, is_staff=True)
            field.initial = request.user.pk
            field.help_text = "It may do and see what this person may."
        return field

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **more: Any
    ) -> Any:
        """Plain words beside the fields."""
        form = super().get_form(request, obj, change, **more)
        words = {
            "name": "What it is for, such as “Website form”.",
            "expiry_date": "Empty: it does not expire.",
        }
        for name, said in words.items():
            if name in form.base_fields:
                form.base_fields[name].help_text = said
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Revoke it instead."""
        return False

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: Any, change: bool
    ) -> None:
        """Issue a new key; it is shown by `response_add`, and never again."""
        if change:
            obj.save(update_fields=["name", "expiry_date"])
            return
        user: Any = request.user
        if not user.is_superuser:
            obj.user = user
        obj.created = timezone.now()
        request.made_key = issue_key(key=obj, by=user)  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None
    ) -> HttpResponse:
        """Show the key in the answer itself: it is put in no cookie and no session."""
        context = page_context(
            request,
            "Copy this key now",
            key=request.made_key,  # type: ignore[attr-defined]
            row=obj,
        )
        answer = TemplateResponse(request, "leads/api_key.html", context)
        add_never_cache_headers(answer)
        return answer

    @admin.action(description="Revoke for good", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: "QuerySet[ApiKey]") -> None:
        """Let the ticked keys open nothing any more."""
        user: Any = request.user
        done = sum(revoke_key(key=key, by=user) for key in queryset)
        self.message_user(request, f"{done} revoked. They open nothing any more.")

    @admin.display(description="Person", ordering="user__username")
    def person(self, key: ApiKey) -> str:
        """As whom it speaks."""
        user: Any = key.user
        return str(user.get_full_name() or user.get_username())

    @admin.display(description="Begins with", ordering="prefix")
    def begins(self, key: ApiKey) -> str:
        """By which a key is known again."""
        return f"{key.prefix}…"

    @admin.display(description="State")
    def standing(self, key: ApiKey) -> SafeString:
        """Whether it opens anything."""
        if key.revoked:
            return tone("revoked", "red")
        return tone("expired", "amber") if key.has_expired else tone("valid", "green")

    @admin.display(description="Last used", ordering="last_used_at")
    def used(self, key: ApiKey) -> str:
        """When somebody last called with it, to the minute."""
        if key.last_used_at is None:
            return "never"
        return f"{timezone.localtime(key.last_used_at):%d %b %Y, %H:%M}"
