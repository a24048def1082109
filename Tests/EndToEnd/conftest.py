"""Fixtures: the fake app, and a way to start gateways that are always stopped by a signal and must end with exit code 0."""

import pytest
import yaml

from app import FakeApp
from gateway import Gateway
from two_nodes import WANTED as CLUSTER


@pytest.fixture
def app(request):
    with FakeApp() as app:
        request.node.fake_app = app
        yield app


@pytest.fixture
def launch(app, request):
    """Starts a serving command with any arguments: `launch("serve", app.url, "--max-connections", "2")`."""
    request.node.gateways = started = []

    def start(*arguments, kind=Gateway, **options):
        started.append(kind(*arguments, **options))
        return started[-1]

    yield start
    app.recover()
    try:
        for gateway in started:
            gateway.stop()
    finally:
        for gateway in started:
            gateway.kill()


@pytest.fixture
def serve(app, launch, tmp_path):
    """Starts `holdfast serve` in front of the fake app, with flags, or from a file that is made of `config`."""

    def start(*flags, config=None, **options):
        if config is None:
            return launch("serve", app.url, *flags, **options)
        file = tmp_path / "holdfast.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False))
        return launch("serve", "-c", file, *flags, **options)

    return start


@pytest.fixture
def gateway(serve):
    """A gateway with nothing special about it."""
    return serve()


def pytest_collection_modifyitems(items):
    """Through a cluster, tests that look at one node are skipped, each with its reason."""
    for item in items if CLUSTER else []:
        if mark := item.get_closest_marker("one_node"):
            item.add_marker(pytest.mark.skip(reason=f"one node: {mark.args[0]}"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failure shows what the gateways printed, and what the app received."""
    report = (yield).get_result()
    if not report.failed:
        return
    for gateway in getattr(item, "gateways", []):
        report.sections.append(("the gateway", gateway.transcript()))
    if app := getattr(item, "fake_app", None):
        report.sections.append(("the fake app", app.transcript()))
    # What a module's tests share.
    for name, value in getattr(item, "funcargs", {}).items():
        if hasattr(value, "transcript") and value is not app and value not in getattr(item, "gateways", []):
            report.sections.append((name, value.transcript()[-6000:]))
