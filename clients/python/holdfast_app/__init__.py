# SPDX-License-Identifier: Apache-2.0
"""The app's side of Holdfast, the gateway that holds WebSockets for stateless apps.

    import holdfast_app as holdfast

    @holdfast.handler(secret=os.environ["HOLDFAST_SECRET"])
    def hook(event, connection, answer):
        if event.type == "message" and event.text is not None:
            answer.send(event.text)

    app = holdfast.wsgi(hook)       # or holdfast.asgi(hook)

Needs nothing but Python's own library.
"""

from ._actions import Actions, Answer, JSONMessage, Message, SlipActions, SlipAnswer, json
from ._control import Control, Published, SlipControl
from ._errors import (
    AnswerError, BadRequestError, ConfigurationError, ControlError, ControlTimeoutError, ForbiddenError, HoldfastError, LimitError, NotFoundError,
    PayloadError, QueueFullError, SignatureError, TooLargeError, UnauthorizedError, UnavailableError, UnexpectedAnswerError, UnreachableError,
    WebhookError,
)
from ._handler import Handler, Reply, asgi, handler, parse, parse_slip, slip_handler, wsgi
from ._webhook import Connection, Event, SlipConnection, Webhook

__version__ = "0.1.0"

__all__ = [
    "Actions", "Answer", "AnswerError", "BadRequestError", "ConfigurationError", "Connection", "Control", "ControlError", "ControlTimeoutError",
    "Event", "ForbiddenError", "Handler", "HoldfastError", "JSONMessage", "LimitError", "Message", "NotFoundError", "PayloadError", "Published",
    "QueueFullError", "Reply", "SignatureError", "SlipActions", "SlipAnswer", "SlipConnection", "SlipControl", "TooLargeError",
    "UnauthorizedError", "UnavailableError", "UnexpectedAnswerError", "UnreachableError", "Webhook", "WebhookError", "asgi", "handler", "json",
    "parse", "parse_slip", "slip_handler", "wsgi",
]
