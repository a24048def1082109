"""Where `holdfast grip` means to differ from Pushpin 1.36: for each transcript of `test_grip_differential.py`, why, and what each does.

The parts of a record that are named here are compared with what is written here; all others must be equal.
"""

from typing import NamedTuple

from grip_play import code

END = ["end of the connection", b""]
OPEN, DISCONNECT = [["OPEN", None]], [["DISCONNECT", None]]
HELLO = [["TEXT", b"hello"]]


class Difference(NamedTuple):
    why: str
    pushpin: dict
    holdfast: dict


def closed(content=b""):
    return [["CLOSE", content]]


def bodies(*after_opening):
    return {"bodies": [OPEN, *after_opening]}


def client(*seen):
    return {"client": list(seen)}


def invalid(detail):
    return {"published": [[400, "text/plain", f"Invalid format: {detail}\n", None]]}


def json(more):
    return [200, "application/json", f'{{"message":"Published"{more}}}\n', None]


def forbidden(content_type):
    return [403, "Forbidden", [["content-type", content_type]], b"Client not allowed to send WebSocket events directly.\n"]


SIGNED = {"grip-feature": "all", "grip-sig": "signed", "host": "127.0.0.1:its port"}
FETCHED = {**SIGNED, "cookie": "a=b", "x-mine": "1"}
ON, GOODBYE = ["TEXT", b"on"], [["CLOSE", code(1000)], END]
TEXT = [[200, "text/plain", "Published\n", None]] * 3
NOT_ACCEPTABLE = [406, "text/plain", "Not Acceptable. Supported formats are text/plain and application/json.\n", None]

FAILURE = Difference(
    "When the app fails, Pushpin cuts the connection without a word, and the app never hears of it again. Here the client gets 1011 and why, "
    "and the app a DISCONNECT.",
    bodies(HELLO) | client(END), bodies(HELLO, DISCONNECT) | client(["CLOSE", code(1011, "the app failed")], END),
)

DIFFERENCES = {
    "app_fails_at_a_message": FAILURE,
    "app_answers_a_message_with_another_type": FAILURE,
    "app_answers_a_message_with_nonsense": FAILURE,
    "app_hangs_up_on_a_message": FAILURE,
    "app_opens_twice": FAILURE,
    "content_type_of_the_client": Difference(
        "Pushpin passes the client's Content-Type on, beside its own. Here it is taken away.",
        {"requests": [["POST /TAG/", {
            "accept": "application/websocket-events", "connection-id": "connection 1", "content-type": ["text/plain", "application/websocket-events"],
            "grip-feature": "all", "grip-sig": "signed", "host": "example.test", "sec-websocket-extensions": "grip",
            "sec-websocket-key": "c2l4dGVlbiBieXRlcyBvaw==", "sec-websocket-version": "13"}]]},
        {"requests": [["POST /TAG/", {
            "accept": "application/websocket-events", "connection-id": "connection 1", "content-type": "application/websocket-events",
            "grip-feature": "all", "grip-sig": "signed", "host": "example.test", "sec-websocket-extensions": "grip",
            "sec-websocket-key": "c2l4dGVlbiBieXRlcyBvaw==", "sec-websocket-version": "13"}]]},
    ),
    "content_type_with_parameters": Difference(
        "For Pushpin the type has no parameters, and anything else is a page for the client. Here it may have some.",
        bodies() | client(END) | {"responses": [[200, None, [["content-type", "application/websocket-events; charset=utf-8"]], b"OPEN\r\n"]]},
        bodies(closed(code(1000))) | client(["CLOSE", code(1000)], END) | {"responses": [
            [101, None, [["sec-websocket-accept", "sS6+hkHLNmx272H8MGJ53hjxnOA="], ["upgrade", "websocket"]], b""]]},
    ),
    "empty_text": Difference(
        "Pushpin writes an empty message without a length. Here it has one, as the protocol's document shows it.",
        bodies([["TEXT", None]], closed(code(1000))), bodies([["TEXT", b""]], closed(code(1000))),
    ),
    "empty_binary": Difference(
        "The same for binary messages.",
        bodies([["BINARY", None]], closed(code(1000))), bodies([["BINARY", b""]], closed(code(1000))),
    ),
    "ping_of_the_client": Difference(
        "Pushpin leaves pings to the app. Here they are answered at once, and the app hears of them only when its route says so.",
        bodies([["PING", b"payload"]], closed(code(1000))), bodies(closed(code(1000))),
    ),
    "client_closes_with_code_and_reason": Difference(
        "A client's close is answered at once, with its own code; Pushpin waits for the app, and sends what the app says.",
        client(["CLOSE", code(4001, "grüße")], END), client(["CLOSE", code(4001)], END),
    ),
    "client_closes_without_a_code": Difference(
        "The same: a close without a code is answered by one without a code.",
        client(["CLOSE", code(1000)], END), client(["CLOSE", b""], END),
    ),
    "app_does_not_answer_the_close": Difference(
        "The same: Pushpin cuts the connection when the app says nothing to it.",
        client(END), client(["CLOSE", code(4001)], END),
    ),
    "app_answers_the_close_with_another_code": Difference(
        "The same: it is too late for another code.",
        client(["CLOSE", code(4002, "because")], END), client(["CLOSE", code(4001)], END),
    ),
    "app_answers_the_close_with_an_illegal_code": Difference(
        "The same. Pushpin puts a code on the wire that must not be there.",
        client(["CLOSE", code(0)], END), client(["CLOSE", code(4001)], END),
    ),
    "app_closes_with_an_illegal_code": Difference(
        "A code that must not be on the wire becomes no code.",
        bodies(HELLO, closed(code(1005))) | client(["CLOSE", code(1005, "x")], END), bodies(HELLO, closed(None)) | client(["CLOSE", b""], END),
    ),
    "app_closes_without_a_code": Difference(
        "Without a code of the app there is none on the wire; Pushpin makes it 1000.",
        bodies(HELLO, closed(code(1000))) | client(["CLOSE", code(1000)], END), bodies(HELLO, closed(None)) | client(["CLOSE", b""], END),
    ),
    "app_closes_with_code_and_reason": Difference(
        "The app hears of its own close as it said it; from Pushpin it hears the client's echo, which has no reason.",
        bodies(HELLO, closed(code(4003))), bodies(HELLO, closed(code(4003, "grüße"))),
    ),
    "opened_and_closed_at_once": Difference(
        "The same.",
        bodies(closed(code(4403))), bodies(closed(code(4403, "go away"))),
    ),
    "app_drops_the_client": Difference(
        "Each connection has one closing event, whoever ended it: the app gets a DISCONNECT for its own, too.",
        bodies(HELLO), bodies(HELLO, DISCONNECT),
    ),
    **dict.fromkeys(["empty_answer_to_the_opening", "first_event_is_no_opening", "opening_that_is_no_events"], Difference(
        "Both turn the client away. An app that let it in, in words that nobody understands, is told here that it has gone.",
        bodies(), bodies(DISCONNECT),
    )),
    "twenty_five_subscriptions": Difference(
        "Pushpin ignores the 21st subscription and all after it.",
        client(ON, 21, *GOODBYE), client(ON, 26, *GOODBYE),
    ),
    "long_control_message": Difference(
        "Pushpin ignores a control message of more than 16,384 bytes.",
        client(ON, ["TEXT", b"two"], *GOODBYE), client(ON, ["TEXT", b"one"], ["TEXT", b"two"], *GOODBYE),
    ),
    "publish_a_ping_without_content": Difference(
        "Pushpin says that it published a ping without content, and sends none.",
        client(ON, ["TEXT", b"end"], *GOODBYE), client(ON, ["PING", b""], ["TEXT", b"end"], *GOODBYE),
    ),
    "publish_that_closes": Difference(
        "The app hears with which code and reason a publication closed a connection.",
        bodies(closed(None)), bodies(closed(code(4010, "grüße"))),
    ),
    "publish_that_closes_without_a_code": Difference(
        "The same.",
        bodies(closed(None)), bodies(closed(code(1000))),
    ),
    "filter_require_sub": Difference(
        "For Pushpin no WebSocket is on any channel that this filter could require.",
        client(ON, ["TEXT", b"for all"], *GOODBYE), client(ON, ["TEXT", b"for members"], ["TEXT", b"for all"], *GOODBYE),
    ),
    "publish_unknown_action": Difference(
        "Pushpin leaves out what is wrong.",
        invalid(""), invalid("'ws-message' contains 'action' with unknown value: expected send, close, hint or refresh"),
    ),
    "publish_code_of_another_type": Difference(
        "Pushpin takes a code that is no number, and closes without one.",
        {"published": [[200, "text/plain", "Published\n", None]]}, invalid("'ws-message' contains 'code' with wrong type"),
    ),
    "publish_api_says_it_in_the_wanted_type": Difference(
        "In JSON the answer says what became of each item.",
        {"published": [*TEXT, json(""), *TEXT[:1], json(""), NOT_ACCEPTABLE]},
        {"published": [*TEXT, json(',"items":[]'), *TEXT[:1], json(',"items":[]'), NOT_ACCEPTABLE]},
    ),
    "client_that_says_it_is_a_gateway": Difference(
        "Texts of the gateway say in which encoding they are.",
        {"responses": [forbidden("text/plain")]}, {"responses": [forbidden("text/plain; charset=utf-8")]},
    ),
    "plain_error_of_the_app": Difference(
        "Here the reason phrase of a plain answer is what its status is usually called.",
        {"responses": [[500, "It Broke", [["content-type", "text/plain"]], b"oops"]]},
        {"responses": [[500, "Internal Server Error", [["content-type", "text/plain"]], b"oops"]]},
    ),
    "held_with_the_filter_build_id": Difference(
        "Pushpin 1.36 answers such a hold with 502.",
        {"responses": ["502"]}, {"responses": [[200, "OK", [["content-type", "text/plain"], ["x-foo", "bar"]], b"id a-7"]]},
    ),
    "held_with_prev_id_of_a_stream_without_a_link": Difference(
        "Pushpin 1.36 ends the stream at once. Here the app is told that its instruction cannot be carried out.",
        {"responses": [[200, "OK", [["content-type", "text/plain"]], b"x"]]}, {"responses": ["502"]},
    ),
    **dict.fromkeys(["streamed_with_six_filters", "streamed_with_bad_link"], Difference(
        "Pushpin 1.36 holds the request as if the wrong part had not been said. Here it is refused.",
        {"responses": [[200, "OK", [["content-type", "text/plain"]], b""], b"begin\n"]}, {"responses": ["502"]},
    )),
    "next_link_at_once": Difference(
        "A link to the app itself is fetched with the client's own headers, so that the app knows who it is; Pushpin leaves them out.",
        {"requests": [["GET /TAG/one", FETCHED], ["GET /TAG/two?x=1", SIGNED], ["GET /TAG/three", SIGNED]]},
        {"requests": [["GET /TAG/one", FETCHED], ["GET /TAG/two?x=1", FETCHED], ["GET /TAG/three", FETCHED]]},
    ),
}
