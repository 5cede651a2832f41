"""The page of run-time settings: what the machine may do here."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from leads import halting, policy
from leads.forms_policy import PolicyForm
from leads.models import Mode
from leads.web import page_context, staff_required

TITLE = "AI and sending policy"


@staff_required
def edit_policy(request: HttpRequest) -> HttpResponse:
    """Show the settings; save them for those who may change them."""
    if not request.user.has_perm("leads.view_policy"):
        raise PermissionDenied("Your role does not show the policy.")
    may_change = request.user.has_perm("leads.change_policy")
    current = policy.current()
    form = PolicyForm(request.POST or None, instance=current)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied("Your role does not change the policy.")
        if form.is_valid() and _save(request, form):
            messages.success(request, "Saved. It holds from the next message on.")
            return redirect("policy")
    if not may_change:
        form.freeze()
    context = page_context(
        request,
        TITLE,
        form=form,
        may_change=may_change,
        changed=current.updated_at,
        halted=current.ai_halted_reason,
    )
    return render(request, "leadsite/policy.html", context)


@require_POST
@staff_required
def resume(request: HttpRequest) -> HttpResponse:
    """Let the AI answer by itself again after it was halted."""
    if not request.user.has_perm("leads.change_policy"):
        raise PermissionDenied("Your role does not change the policy.")
    if halting.resume_ai(actor=f"user:{request.user.pk}"):
        messages.success(request, "The AI answers again as its mode says.")
    else:
        messages.info(request, "The AI was not halted.")
    return redirect("policy")


@require_POST
@staff_required
def set_mode(request: HttpRequest) -> HttpResponse:
    """Set what the AI may do in the whole installation; go back to Today."""
    if not request.user.has_perm("leads.change_policy"):
        raise PermissionDenied("Your role does not change the policy.")
    mode = request.POST.get("mode", "")
    try:
        policy.change(actor=f"user:{request.user.pk}", mode=mode)
    except ValidationError:
        messages.error(request, f"There is no mode “{mode[:20]}”.")
    else:
        messages.success(request, f"The AI is on {Mode(mode).label} now.")
    return redirect("admin:index")


def _save(request: HttpRequest, form: PolicyForm) -> bool:
    try:
        policy.change(actor=f"user:{request.user.pk}", **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True
