"""One mail, whole: its text with what it quotes, and its HTML in a locked frame.

The HTML is a stranger's. It is sanitised, and then shown as if it were not: a document
without an origin (`sandbox`), under a policy that runs nothing and fetches nothing but
pictures, and those from elsewhere only when a person asked.
"""

from typing import Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from leads.web import is_fragment, page_context, staff_required
from messaging import mailview, timeline, words
from messaging.mail.html import has_remote, sanitise
from messaging.models import Attachment, Mail, Message
from messaging.views.answers import conversation_or_404, message_or_404
from messaging.views.pictures import PICTURES
from messaging.views.signing import picture_url

# Links open in a tab of their own, which is a page like any other.
_SANDBOX: Final = "sandbox allow-popups allow-popups-to-escape-sandbox"


@staff_required
@require_safe
def original(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    """Show the whole mail, as a fragment for a dialog or as a page of its own.

    `as=html` shows it in its frame, `remote=1` with the pictures from elsewhere.
    """
    shown = _mail_or_404(request, conversation, message)
    detail = mailview.detail_of(shown)
    as_html = request.GET.get("as") == "html" and detail.face.has_html
    remote = as_html and request.GET.get("remote") == "1"
    context = {
        "message": shown,
        "detail": detail,
        "sender": words.label_of(shown, timeline.lead_name(shown.conversation)),
        "as_html": as_html,
        "remote": remote,
        "asks": as_html and not remote and has_remote(shown.mail.html),
        "here": reverse("inbox_mail", args=[conversation, message]),
        "frame": reverse("inbox_mail_frame", args=[conversation, message]),
    }
    if is_fragment(request):
        return render(request, "messaging/mailview/_mail.html", context)
    page = page_context(request, "Mail", **context)
    return render(request, "messaging/mailview/page.html", page)


@staff_required
@require_safe
def frame(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponseBase:
    """Answer with the mail's HTML as a document that can do nothing."""
    shown = _mail_or_404(request, conversation, message)
    if not shown.mail.html:
        raise Http404("This mail has no HTML.")
    remote = request.GET.get("remote") == "1"
    html = sanitise(shown.mail.html, pictures=_pictures(shown), remote=remote)
    response = render(request, "messaging/mailview/frame.html", {"html": html})
    response.headers["Content-Security-Policy"] = policy(
        remote=remote, secure=request.is_secure()
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    # A link's name is looked up only when it is clicked: else the look-up would tell.
    response.headers["X-DNS-Prefetch-Control"] = "off"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def policy(*, remote: bool, secure: bool) -> str:
    """Return the Content-Security-Policy of a mail's frame.

    From elsewhere pictures come over https only: a plain one would tell the whole
    network what is read, and could reach into the reader's own.
    """
    rules = [
        _SANDBOX,
        "default-src 'none'",
        f"img-src 'self' data:{' https:' if remote else ''}",
        "style-src 'unsafe-inline'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    ]
    if secure:
        rules.append("upgrade-insecure-requests")
    return "; ".join(rules)


def _pictures(message: Message) -> dict[str, str]:
    """The pictures that the HTML names by their content id, by signed addresses."""
    stored = Attachment.State.STORED
    return {
        file.content_id: picture_url(file)
        for file in message.attachments.all()
        if file.content_id and file.state == stored and file.content_type in PICTURES
    }


def _mail_or_404(request: HttpRequest, conversation: UUID, message: UUID) -> Message:
    shown = message_or_404(conversation_or_404(request, conversation), message)
    # A thread's reader leaves the long columns away; here they are what is shown.
    mail = Mail.objects.filter(message=shown).first()
    if mail is None:
        raise Http404("This message is no mail.")
    shown.mail = mail
    return shown
