"""What the views of the API share: what cannot be done now, and once is once."""

import hashlib
import json
from datetime import timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leads import clock
from leads.models import ApiCall

KEEP = timedelta(days=1)
LONGEST_KEY = 200


class Conflict(APIException):
    """What was asked cannot be done as things stand; nothing was changed."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class UsedBefore(APIException):
    """An Idempotency-Key that came with something else before."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = (
        "This Idempotency-Key was used for another request. Take a new one for each."
    )


class OnceMixin:
    """`create` that makes the same thing once, however often the same call comes.

    With an Idempotency-Key a second call, also one that comes at the same time, is
    answered with what the first one made, and `Idempotent-Replay: true`. What was
    refused may be tried again with the same key.
    """

    id_field: ClassVar[str] = "public_id"

    def make(self, data: dict[str, Any]) -> tuple[Model, bool]:
        """Do it; what came of it, and whether it is new."""
        raise NotImplementedError

    def find(self, made: str) -> Model:
        """What an earlier call made. Raises Http404 when it is gone."""
        raise NotImplementedError

    def create(
        self: Any, request: Request, *args: object, **kwargs: object
    ) -> Response:
        """Check, make, answer."""
        view: GenericViewSet[Any] = self
        serializer = view.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            call = _begin(request)
            if call is not None and call.made:
                found: Response = self.shown(
                    self.find(call.made), new=False, replay=True
                )
                return found
            row, new = self.make(serializer.validated_data)
            if call is not None:
                call.made = str(getattr(row, self.id_field))
                call.save(update_fields=["made"])
        made: Response = self.shown(row, new=new)
        return made

    def shown(self: Any, row: Model, *, new: bool, replay: bool = False) -> Response:
        """Answer with the row."""
        answer = Response(
            self.represent(row),
            status=status.HTTP_201_CREATED if new else status.HTTP_200_OK,
        )
        if replay:
            answer.headers["Idempotent-Replay"] = "true"
        return answer

    def represent(self: Any, row: Model) -> Any:
        """The row as it is shown."""
        return self.get_serializer(row).data


def _begin(request: Request) -> ApiCall | None:
    """Note the call, or find it; the second of two at once waits for the first."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key:
        return None
    if len(key) > LONGEST_KEY:
        raise ValidationError(f"An Idempotency-Key has at most {LONGEST_KEY} letters.")
    user: Any = request.user
    mine = ApiCall.objects.filter(user=user)
    mine.filter(created_at__lt=clock.now() - KEEP).delete()
    digest = _digest(request)
    call, new = ApiCall.objects.get_or_create(
        user=user,
        key=hashlib.sha256(key.encode()).hexdigest(),
        defaults={"digest": digest, "created_at": clock.now()},
    )
    if not new and call.digest != digest:
        raise UsedBefore
    return call


def _digest(request: Request) -> str:
    data = request.data
    plain = dict(data.lists()) if hasattr(data, "lists") else data
    text = json.dumps([request.path, plain], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
