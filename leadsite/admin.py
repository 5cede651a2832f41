"""Other people's admins, in the house's look: people, roles, mail, schedules."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest
from django_celery_beat import admin as beat_admin
from django_celery_beat import models as beat
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from leads.admin.base import ReadOnlyAdmin, StaffAdmin, TabularInline
from leads.models import Membership

THEIRS: tuple[type[Model], ...] = (
    User,
    Group,
    EmailAddress,
    beat.PeriodicTask,
    beat.IntervalSchedule,
    beat.CrontabSchedule,
    beat.SolarSchedule,
    beat.ClockedSchedule,
)
for model in THEIRS:
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class MembershipInline(TabularInline):  # type: ignore[misc]
    """Which leads the person sees: team and reach."""

    model = Membership
    extra = 0
    verbose_name = "team"
    verbose_name_plural = "teams and reach"


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """People who sign in. Only a superuser makes or changes superusers."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = [MembershipInline]
    list_display = ["username", "name", "email", "roles", "active"]
    list_filter = ["is_active", "groups"]
    compressed_fields = True

    @admin.display(description="Name", ordering="first_name")
    def name(self, user: User) -> str:
        """First and last name."""
        return user.get_full_name() or "–"

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        """The groups, and owner for a superuser."""
        names = [group.name for group in user.groups.all()]
        return ", ".join(["owner", *names] if user.is_superuser else names) or "–"

    @admin.display(description="Active", boolean=True, ordering="is_active")
    def active(self, user: User) -> bool:
        """Whether the person may sign in."""
        return user.is_active

    def get_readonly_fields(
        self, request: HttpRequest, obj: User | None = None
    ) -> tuple[str, ...]:
        """Rights beyond roles are given by a superuser only."""
        fixed = ("last_login", "date_joined")
        if request.user.is_superuser:
            return fixed
        return (*fixed, "is_superuser", "user_permissions")

    def has_change_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        """Nobody below a superuser changes one, or their password."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        """Nobody below a superuser deletes one."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_delete_permission(request, obj)


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Roles: what people may do. Teams say which leads they see."""


@admin.register(EmailAddress)
class MailAddressAdmin(StaffAdmin):
    """Mail addresses that people sign in with."""

    list_display = ["email", "user", "primary", "verified"]
    search_fields = ["email", "user__username"]
    list_select_related = ["user"]
    autocomplete_fields = ["user"]


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """What people changed in the settings' tables."""

    list_display = ["action_time", "user", "what", "object_repr"]
    list_filter = ["action_flag"]
    search_fields = ["object_repr", "change_message"]
    list_select_related = ["user", "content_type"]

    @admin.display(description="What")
    def what(self, entry: LogEntry) -> str:
        """Such as "Changed team"."""
        kind = entry.content_type.name if entry.content_type else ""
        return f"{entry.get_action_flag_display()} {kind}"


class ScheduleAdmin(beat_admin.PeriodicTaskAdmin, ModelAdmin):  # type: ignore[misc]
    """What beat rings and how often."""


def _register_schedules() -> None:
    admin.site.register(beat.PeriodicTask, ScheduleAdmin)
    kinds: tuple[Any, ...] = (
        beat.IntervalSchedule,
        beat.CrontabSchedule,
        beat.SolarSchedule,
        beat.ClockedSchedule,
    )
    admin.site.register(kinds, StaffAdmin)


_register_schedules()
