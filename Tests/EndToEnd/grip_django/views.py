"""A chat, as its author would write it with django-grip and nothing else."""

import json
import struct
import threading

from django.http import HttpResponse, HttpResponseForbidden, HttpResponseNotAllowed, JsonResponse
from django_grip import publish, set_hold_longpoll, set_hold_stream, websocket_only
from gripcontrol import HttpResponseFormat, HttpStreamFormat, WebSocketEvent, WebSocketMessageFormat

# What the chat was told of each connection, for the test to ask: (type, content).
_heard, _lock = {}, threading.Lock()


def _remember(ws):
    with _lock:
        _heard.setdefault(ws.id, []).extend((event.type, (event.content or b"").hex()) for event in ws.in_events)


def heard(request):
    with _lock:
        return JsonResponse(_heard)


def _facts(request):
    return {"proxied": request.grip.proxied, "signed": request.grip.signed, "features": sorted(request.grip.features)}


def facts(request):
    return JsonResponse(_facts(request))


@websocket_only
def chat(request):
    ws = request.wscontext
    _remember(ws)
    if ws.is_opening():
        ws.accept()
        ws.subscribe("room")
        ws.meta["visits"] = "0"
        ws.send(json.dumps({"id": ws.id, **_facts(request)}))
    while ws.can_recv():
        message = ws.recv()
        if message is None:
            ws.close(ws.close_code)
            break
        ws.meta["visits"] = str(int(ws.meta["visits"]) + 1)
        if isinstance(message, bytes):
            ws.send_binary(message)
        elif message == "visits":
            ws.send(ws.meta["visits"])
        elif message == "leave":
            ws.unsubscribe("room")
            ws.send("left")
        elif message.startswith("close "):
            ws.close(int(message.split()[1]))
            break
        elif message == "goodbye":
            ws.out_events.append(WebSocketEvent("CLOSE", struct.pack(">H", 4002) + "see you, grüße".encode()))
            break
        elif message == "drop":
            ws.out_events.append(WebSocketEvent("DISCONNECT"))
        else:
            ws.send(message)


def members(request):
    if request.wscontext and request.headers.get("Cookie") == "member=yes":
        request.wscontext.accept()
        return HttpResponse()
    refusal = HttpResponseForbidden("members only\n", content_type="text/plain")
    refusal["X-Ask"] = "the landlord"
    return refusal


def say(request, room):
    """Publishes what is posted: in every form, so that each kind of listener hears it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    text = request.body.decode()
    formats = [
        WebSocketMessageFormat(text), HttpResponseFormat(body=text + "\n"), HttpStreamFormat(f"event: message\ndata: {text}\n\n"),
    ]
    publish(room, formats, blocking=True)
    return HttpResponse("said\n")


def next_message(request, room):
    set_hold_longpoll(request, room, timeout=int(request.GET.get("timeout", 30)))
    return HttpResponse("nothing new\n", content_type="text/plain")


def events(request, room):
    set_hold_stream(request, room, keep_alive_data=": alive\n\n", keep_alive_timeout=int(request.GET.get("alive", 20)))
    return HttpResponse("event: open\ndata:\n\n", content_type="text/event-stream")
