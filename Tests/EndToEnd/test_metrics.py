"""Metrics: names, labels and values, read by Prometheus' own parser."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import always, echo, for_type, in_turn, reply
from client import connect, received
from eventually import eventually

# Samples and the labels that each has at least.
EXPECTED = {
    "holdfast_connections": {"route", "dialect", "direction"},
    "holdfast_connections_opened_total": {"route", "dialect", "direction"},
    "holdfast_connections_closed_total": {"code_class", "reason"},
    "holdfast_messages_received_total": set(),
    "holdfast_messages_sent_total": set(),
    "holdfast_bytes_received_total": set(),
    "holdfast_bytes_sent_total": set(),
    "holdfast_webhook_requests_total": {"route", "outcome"},
    "holdfast_webhook_duration_seconds_bucket": {"le"},
    "holdfast_webhook_duration_seconds_sum": set(),
    "holdfast_webhook_duration_seconds_count": set(),
    "holdfast_webhook_queue_depth": set(),
    "holdfast_webhook_retries_total": set(),
    "holdfast_shed_total": {"what"},
    "holdfast_publish_total": {"broker"},
    "holdfast_send_queue_bytes": set(),
    "holdfast_slow_readers_total": {"action"},
    "holdfast_subscriptions": set(),
    "holdfast_build_info": {"version"},
}


@pytest.fixture
async def busy(serve, app):
    """A gateway that has seen three messages, a retry, publications and a close; one connection is left."""
    app.behaviour = reply(open=[{"type": "subscribe", "channel": "room"}], message=echo)
    gateway = serve()
    async with connect(gateway, "/secret-path?secret=query") as left:
        async with connect(gateway) as gone:
            for text in ("one", "two"):
                await gone.send(text)
                assert await received(gone) == text
            app.behaviour = for_type("message", in_turn(always(500), reply(message=echo)))
            await left.send("three")
            assert await received(left) == "three"
            assert gateway.publish("room", "all") == 2
        await eventually(lambda: app.events("close"), "the app is told of the close")
        await eventually(lambda: gateway.metric("holdfast_connections") == 1, "one connection is counted", show=lambda: gateway.metric("holdfast_connections"))
        yield gateway


async def test_values(busy):
    expected = {
        "holdfast_connections": 1, "holdfast_connections_opened_total": 2, "holdfast_connections_closed_total": 1,
        "holdfast_messages_received_total": 3, "holdfast_messages_sent_total": 5, "holdfast_webhook_retries_total": 1,
        "holdfast_publish_total": 1, "holdfast_subscriptions": 1, "holdfast_webhook_queue_depth": 0, "holdfast_build_info": 1,
        "holdfast_webhook_requests_total": 7, "holdfast_slow_readers_total": 0, "holdfast_shed_total": 0,
    }
    assert {name: busy.metric(name) for name in expected} == expected
    assert busy.metric("holdfast_connections", route="default", dialect="json", direction="inbound") == 1
    assert busy.metric("holdfast_webhook_duration_seconds_count") == 7
    assert busy.metric("holdfast_publish_total", broker="memory") == 1
    assert busy.metric("holdfast_bytes_received_total") >= len("onetwothree")
    assert busy.metric("holdfast_bytes_sent_total") >= len("onetwothreeallall")


async def test_names_and_labels(busy):
    found = {}
    for sample in busy.samples():
        found.setdefault(sample.name, set()).update(sample.labels)
    missing = sorted(name for name in EXPECTED if name not in found)
    assert not missing, f"missing: {missing}"
    lacking = {name: sorted(labels - found[name]) for name, labels in EXPECTED.items() if labels - found[name]}
    assert not lacking, f"labels that are lacking: {lacking}"


async def test_every_family_has_help_and_type(busy):
    families = list(text_string_to_metric_families(busy.get("/metrics").text))
    assert families
    for family in families:
        assert family.documentation, f"{family.name} has no HELP"
        assert family.type in ("counter", "gauge", "histogram", "summary", "info"), f"{family.name} is of type {family.type}"
        assert family.name.startswith(("holdfast_", "process_")), family.name


async def test_counters_end_in_total(busy):
    text = busy.get("/metrics").text
    counters = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE") and line.split()[3] == "counter"]
    assert counters and all(name.endswith("_total") for name in counters), counters


async def test_series_are_unique_and_labels_bounded(busy, app):
    series = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in busy.samples()]
    assert len(set(series)) == len(series), "a series appears twice"
    values = {value for _, labels in series for _, value in labels}
    private = [value for value in values if "secret" in value or "room" == value or any(identity in value for identity in app.ids())]
    assert not private, f"labels that grow with users: {private}"


async def test_histogram_buckets_add_up(busy):
    buckets = [sample for sample in busy.samples() if sample.name == "holdfast_webhook_duration_seconds_bucket"]
    by_series = {}
    for sample in buckets:
        rest = tuple(sorted((key, value) for key, value in sample.labels.items() if key != "le"))
        by_series.setdefault(rest, []).append((float(sample.labels["le"]), sample.value))
    for rest, steps in by_series.items():
        counts = [count for _, count in sorted(steps)]
        assert counts == sorted(counts), f"{rest}: {steps}"
        assert sorted(steps)[-1][0] == float("inf"), f"{rest} has no +Inf bucket"


def test_idle_gateway_has_metrics_too(gateway):
    assert gateway.metric("holdfast_connections") == 0
    assert gateway.metric("holdfast_build_info") == 1
