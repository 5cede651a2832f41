"""Pictures and files of messages, behind addresses that end after five minutes."""

from typing import Final
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from leads.web import Handed, staff_required
from messaging.models import Attachment
from messaging.views import signing
from messaging.views.pictures import PICTURES
from messaging.views.reads import visible

# Shorter than a signature lives, so that a kept redirect leads to no dead address.
_REDIRECT_SECONDS: Final = 240
_AWAY: Final = "The file store does not answer. Try again in a minute."


@staff_required
@require_safe
def attachment(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Lead to a file's signed address (`?s=…`), or hand it out there.

    Both only for those who may see the conversation. A signature that has ended
    opens nothing.
    """
    row = Attachment.objects.filter(
        public_id=public_id,
        state=Attachment.State.STORED,
        message__conversation__in=visible(request.user).values("pk"),
    ).first()
    if row is None or not row.path:
        raise Http404("There is no such file.")
    signature = request.GET.get("s")
    if signature is None:
        answer = redirect(signing.file_url(row))
        answer.headers["Cache-Control"] = f"private, max-age={_REDIRECT_SECONDS}"
        return answer
    if not signing.file_is_signed(row, signature):
        raise Http404("This address has ended. Open the file from its message again.")
    return handed_out(row)


@require_safe
def picture(request: HttpRequest, signed: str) -> HttpResponseBase:
    """Hand out a picture inside a mail to whoever has its signature."""
    public_id = signing.picture_named(signed)
    if public_id is None:
        raise Http404("This address has ended, or was never ours.")
    row = Attachment.objects.filter(
        public_id=public_id,
        state=Attachment.State.STORED,
        content_type__in=PICTURES,
    ).first()
    if row is None or not row.path:
        raise Http404("There is no such picture.")
    return handed_out(row)


def handed_out(row: Attachment) -> HttpResponseBase:
    """Answer with a stored file: pictures to be shown, everything else to save.

    Whatever it claims to be, a browser must not run it as a page of ours.
    """
    shown = row.content_type in PICTURES
    try:
        response = Handed(
            default_storage.open(row.path),
            as_attachment=not shown,
            filename=row.name or f"file-{row.position + 1}",
            content_type=row.content_type if shown else "application/octet-stream",
        )
    except FileNotFoundError as error:
        raise Http404("There is no such file.") from error
    except OSError:
        return HttpResponse(_AWAY, status=503, content_type="text/plain; charset=utf-8")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = f"private, max-age={signing.SECONDS}"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
