"""Pictures and files of messages, for those who may see the conversation."""

from uuid import UUID

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from leads.web import staff_required
from messaging.models import Attachment
from messaging.views.pictures import PICTURES
from messaging.views.reads import visible


@staff_required
@require_safe
def attachment(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Hand out a stored file: pictures to be shown, everything else to save.

    Whatever it claims to be, a browser must not run it as a page of ours.
    """
    row = Attachment.objects.filter(
        public_id=public_id,
        state=Attachment.State.STORED,
        message__conversation__in=visible(request.user).values("pk"),
    ).first()
    if row is None or not row.path or not default_storage.exists(row.path):
        raise Http404("There is no such file.")
    shown = row.content_type in PICTURES
    response = FileResponse(
        default_storage.open(row.path),
        as_attachment=not shown,
        filename=row.name or f"file-{row.position + 1}",
        content_type=row.content_type if shown else "application/octet-stream",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
