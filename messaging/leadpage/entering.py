"""*+ Lead* as a page of its own: who it is, and what allows us to write."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from leads.forms_look import LookMixin
from leads.web import page_context, staff_required
from messaging import starting
from messaging.forms import LeadForm
from messaging.leadpage.frame import page_url


class EnterLeadForm(LookMixin, LeadForm):
    """The dialog's form, laid out as a page."""

    sections = (
        (
            "Who",
            "A phone number or a mail address is needed.",
            ("name", "company", "phone", "email"),
        ),
        (
            "Consent",
            "Without it nothing is sent. Whoever writes to us first may be answered.",
            ("consent_basis", "consent_wording"),
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["consent_basis"].widget.attrs["data-wide"] = ""
        self.fields["consent_wording"].widget.attrs["rows"] = 3


@staff_required
def new_lead(request: HttpRequest) -> HttpResponse:
    """Enter a lead by hand; a known address leads to the lead that has it."""
    if not request.user.has_perm("leads.add_lead"):
        raise PermissionDenied("Your role does not enter leads.")
    form = EnterLeadForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user: Any = request.user
        try:
            talk = starting.start_lead(user=user, **form.cleaned_data)
        except ValueError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Lead saved.")
            return redirect(page_url(talk.lead) if talk.lead else "inbox")
    context = page_context(request, "New lead", form=form, may_change=True)
    return render(request, "leadsite/form_page.html", context)
