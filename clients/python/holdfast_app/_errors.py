# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, and what it is called."""

from __future__ import annotations

from typing import Dict, Optional, Tuple, Type


class HoldfastError(Exception):
    """All errors of this package. `code` is a word for programs."""

    code = "error"


class ConfigurationError(HoldfastError, ValueError):
    """An option that cannot be meant: raised where a handler, parser or control client is made."""

    code = "configuration"


class WebhookError(HoldfastError):
    """A request that is no webhook of the gateway. `status` is what to answer."""

    def __init__(self, status: int, detail: str, code: Optional[str] = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        if code is not None:
            self.code = code


class SignatureError(WebhookError):
    """The signature or token is missing, wrong or too old."""

    code = "signature"

    def __init__(self, detail: str) -> None:
        super().__init__(401, detail)


class PayloadError(WebhookError):
    """It comes from the gateway (or nobody checked), and is not understood."""

    code = "payload"

    def __init__(self, detail: str) -> None:
        super().__init__(400, detail)


class AnswerError(HoldfastError, ValueError):
    """An action that the gateway would refuse: raised where it is made."""

    code = "answer"


class ControlError(HoldfastError):
    """A call of the control API that failed. `status` is 0 where there was no answer; `title` and `detail` are the gateway's words."""

    code = "unexpected"

    def __init__(self, status: int, detail: str, title: str = "") -> None:
        super().__init__(detail or title or f"the control API answered {status}")
        self.status = status
        self.title = title
        self.detail = detail


class BadRequestError(ControlError):
    """400, 415: the gateway does not understand the request."""

    code = "badRequest"


class UnauthorizedError(ControlError):
    """401, and 403 in the slip dialect: the token is missing, wrong or has expired."""

    code = "unauthorized"


class ForbiddenError(ControlError):
    """403: without a token the gateway answers no web pages, and no host names but localhost."""

    code = "forbidden"


class NotFoundError(ControlError):
    """404: no open connection has that id."""

    code = "notFound"


class LimitError(ControlError):
    """409: it would pass a limit of the connection."""

    code = "limit"


class TooLargeError(ControlError):
    """413: the message is larger than the gateway allows."""

    code = "tooLarge"


class QueueFullError(ControlError):
    """429: the client reads too slowly, and its route drops what is new."""

    code = "full"


class UnavailableError(ControlError):
    """5xx: the gateway, or the node that holds the connection, cannot do it now."""

    code = "unavailable"


class ControlTimeoutError(ControlError):
    """There was no answer in time. Whether it was done is not known."""

    code = "timeout"


class UnreachableError(ControlError):
    """No connection, or it broke off before an answer."""

    code = "unreachable"


class UnexpectedAnswerError(ControlError):
    """Something answered that does not speak as the control API does: a redirect, a body that is not JSON."""

    code = "unexpected"


BY_STATUS: Dict[int, Type[ControlError]] = {
    400: BadRequestError, 401: UnauthorizedError, 403: ForbiddenError, 404: NotFoundError, 409: LimitError, 413: TooLargeError,
    415: BadRequestError, 429: QueueFullError,
}
BY_RESULT: Dict[str, Tuple[Type[ControlError], int]] = {
    "notFound": (NotFoundError, 404), "refused": (LimitError, 409), "full": (QueueFullError, 429), "unreachable": (UnavailableError, 503),
}
