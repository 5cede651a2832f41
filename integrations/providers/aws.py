"""Amazon's S3, and stores that speak like it: the files of messages, kept private.

Nobody is let into the bucket: files are handed out by our own pages, to those who see
their conversation, behind addresses that end after five minutes.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files import File
from storages.backends.s3 import S3Storage  # type: ignore[import-untyped]

from integrations.services import (
    Need,
    Service,
    ServiceResult,
    ServiceState,
    unreachable,
)

LINK_SECONDS: Final = 300
CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 10
_IN_MEMORY: Final = 1_048_576  # bytes of a file that is read, before it goes to disk
_ALSO: Final = ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_TROUBLE: Final = (BotoCoreError, ClientError, Boto3Error)


class StoreTrouble(OSError):
    """The store did not do what was asked; the words hold no secret."""


class S3Files(S3Storage):  # type: ignore[misc]  # the package publishes no types
    """Files of messages in the bucket of AWS_S3_BUCKET.

    Keeps Django's storage contract: what goes wrong is an OSError, a file that is not
    there FileNotFoundError. Whatever a file claims to be, the store calls it bytes.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**_options(), **options})

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        with _told("read"):
            found: File[bytes] = super()._open(name, mode)
            if "r" in mode:
                found.tell()  # fetches it, so that trouble comes here and now
            return found

    def _save(self, name: str, content: IO[Any]) -> str:
        with _told("write"):
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        with _told("delete"):
            super().delete(name)

    def exists(self, name: str) -> bool:
        """Say whether there is such a file."""
        with _told("look for"):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        """Return how many bytes it has."""
        with _told("look for"):
            return int(super().size(name))


@contextmanager
def _told(act: str) -> Iterator[None]:
    try:
        yield
    except _TROUBLE as error:
        if _code_of(error) in _GONE:
            raise FileNotFoundError("The store has no such file.") from error
        words = f"S3 did not {act} a file: {_code_of(error)}"
        raise StoreTrouble(words) from error


def _options() -> dict[str, Any]:
    """All that django-storages would else look for in settings and environment."""
    return {
        "bucket_name": settings.AWS_S3_BUCKET,
        "region_name": settings.AWS_REGION,
        "access_key": settings.AWS_ACCESS_KEY_ID,
        "secret_key": settings.AWS_SECRET_ACCESS_KEY,
        "security_token": None,
        "session_profile": None,
        "endpoint_url": settings.AWS_ENDPOINT_URL or None,
        "custom_domain": None,
        "default_acl": None,
        "querystring_auth": True,
        "querystring_expire": LINK_SECONDS,
        "file_overwrite": False,
        "max_memory_size": _IN_MEMORY,
        "object_parameters": {
            "ContentType": "application/octet-stream",
            "ContentDisposition": "attachment",
        },
        "client_config": _config(CONNECT_SECONDS, READ_SECONDS, attempts=2),
        "transfer_config": TransferConfig(use_threads=False),
    }


def _config(connect: float, read: float, *, attempts: int) -> Config:
    # Another store's own name has no bucket in front of it; nor does every store know
    # the checksums that Amazon's client would else add.
    style = "path" if settings.AWS_ENDPOINT_URL else "virtual"
    return Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        s3={"addressing_style": style},
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


# --- the test ----------------------------------------------------------------

_GONE: Final = ("NoSuchKey", "404", "NotFound")
_KEYS: Final = "Make a key for a user of its own in IAM and set both its parts."
_RIGHTS: Final = (
    "Allow s3:PutObject, s3:GetObject, s3:DeleteObject and s3:ListBucket on the bucket."
)
_REGION: Final = "Set AWS_REGION to the region that the bucket is in."
# By the store's code: what it is for a person, in which words, and what mends it.
_MEANT: Final[Mapping[str, tuple[ServiceState, str, str]]] = {
    "InvalidAccessKeyId": (ServiceState.REJECTED, "does not know this key", _KEYS),
    "SignatureDoesNotMatch": (
        ServiceState.REJECTED,
        "does not accept the secret of this key",
        _KEYS,
    ),
    "InvalidToken": (ServiceState.REJECTED, "does not accept this key", _KEYS),
    "ExpiredToken": (ServiceState.REJECTED, "says that this key has ended", _KEYS),
    "AccessDenied": (ServiceState.REJECTED, "does not let this key do it", _RIGHTS),
    "AllAccessDisabled": (ServiceState.REJECTED, "has closed this bucket", _RIGHTS),
    "NoSuchBucket": (
        ServiceState.MISCONFIGURED,
        "has no bucket of this name",
        "Make the bucket, private, or correct AWS_S3_BUCKET.",
    ),
    "InvalidBucketName": (
        ServiceState.MISCONFIGURED,
        "says that no bucket can have this name",
        "Correct AWS_S3_BUCKET.",
    ),
    "PermanentRedirect": (ServiceState.MISCONFIGURED, "has it elsewhere", _REGION),
    "TemporaryRedirect": (ServiceState.MISCONFIGURED, "has it elsewhere", _REGION),
    "AuthorizationHeaderMalformed": (
        ServiceState.MISCONFIGURED,
        "has the bucket in another region",
        _REGION,
    ),
    "RequestTimeTooSkewed": (
        ServiceState.MISCONFIGURED,
        "says that this machine's clock is wrong",
        "Set the clock by the network's time.",
    ),
    "SlowDown": (
        ServiceState.RATE_LIMITED,
        "takes no more for now",
        "It works; wait a little.",
    ),
}
_DENIED: Final = (401, 403)
_SPEAKS: Final = "See that AWS_ENDPOINT_URL and AWS_S3_BUCKET name a store like S3."


def ask(deadline: float) -> ServiceResult:
    """Write, read and delete one tiny file below `checks/`. Never raises for the
    store.
    """
    missing = [name for name in _ALSO if not getattr(settings, name)]
    if missing:
        names = ", ".join(missing)
        verb = "is" if len(missing) == 1 else "are"
        return ServiceResult(
            ServiceState.MISCONFIGURED,
            f"Half set, so files go into the local folder: {names} {verb} missing.",
            fix=f"Set {names}, or empty AWS_S3_BUCKET; then restart.",
        )
    started = time.monotonic()
    try:
        same = _write_read_delete(deadline)
    except _TROUBLE as error:
        return _trouble(error)
    took = round((time.monotonic() - started) * 1000)
    if not same:
        words = f"{_store()} gave back something else than was written."
        return ServiceResult(ServiceState.MISCONFIGURED, words, fix=_SPEAKS)
    words = f"{_store()} keeps files in {settings.AWS_S3_BUCKET}."
    return ServiceResult(ServiceState.OK, words, latency_ms=took)


def _write_read_delete(deadline: float) -> bool:
    client = boto3.client(
        "s3",
        region_name=settings.AWS_REGION,
        aws_access_key_id=settings.AWS_ACCESS_KEY_ID,
        aws_secret_access_key=settings.AWS_SECRET_ACCESS_KEY,
        endpoint_url=settings.AWS_ENDPOINT_URL or None,
        config=_config(deadline / 4, deadline / 4, attempts=1),
    )
    place = {"Bucket": settings.AWS_S3_BUCKET, "Key": f"checks/{uuid4()}"}
    words = uuid4().hex.encode()
    client.put_object(**place, Body=words)
    try:
        found: bytes = client.get_object(**place)["Body"].read()
    finally:
        client.delete_object(**place)
    return found == words


def _trouble(error: Exception) -> ServiceResult:
    if not isinstance(error, ClientError):
        return unreachable(f"{_store()} gave no whole answer ({_code_of(error)}).")
    code, status = _code_of(error), _status_of(error)
    if status >= 500 and code != "SlowDown":
        return unreachable(f"{_store()} answered {status}: trouble on its side.")
    known = _MEANT.get(code)
    if known is None:
        denied = status in _DENIED
        state = ServiceState.REJECTED if denied else ServiceState.MISCONFIGURED
        known = (state, f"answered {status} ({code})", _RIGHTS if denied else _SPEAKS)
    state, words, fix = known
    asked = f"when it was asked for {error.operation_name}"
    return ServiceResult(state, f"{_store()} {words} ({asked}).", fix=fix)


def _code_of(error: Exception) -> str:
    """The store's own code, else the kind of the error: never its words, which may
    hold an address with its signature.
    """
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "")) or "no code"
    return type(error).__name__


def _status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _store() -> str:
    host = urlsplit(settings.AWS_ENDPOINT_URL).hostname
    return f"The store at {host}" if host else "S3"


SERVICE = Service(
    key="s3",
    label="Amazon S3",
    purpose="Keeps the pictures and files of messages.",
    test=ask,
    needs=(Need("AWS_S3_BUCKET", "the private bucket"),),
    optional=(
        Need("AWS_REGION", "where the bucket is, as in eu-central-1"),
        Need("AWS_ACCESS_KEY_ID", "a key that may use the bucket", secret=True),
        Need("AWS_SECRET_ACCESS_KEY", "the key's secret", secret=True),
        Need("AWS_ENDPOINT_URL", "another store that speaks like S3"),
    ),
    without="Files are kept in a private folder on this machine.",
    costs="Paid by size and by request; the test writes one file of 32 bytes.",
    docs="https://docs.aws.amazon.com/AmazonS3",
)
