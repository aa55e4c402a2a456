"""The dashboard and alerts in deploy/: each metric that they name is served at /metrics."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.errors import ErrorReason
from app.web.telemetry import metrics
from tests.client import Client
from tests.factories import person
from tests.servers import ROOT

DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"
RULES = ROOT / "deploy" / "prometheus-rules.yaml"
METRIC = re.compile(r"\baccounts_[a-z_]+")


def list_expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


@pytest.fixture
def series_names(api: Client) -> set[str]:
    """The names of all series of a server that has answered requests."""
    api.register(person())
    api.http.get("/health/live")
    text = api.http.get("/metrics").text
    return set(re.findall(r"^(accounts_[a-z_]+)", text, re.MULTILINE))


def test_every_metric_of_the_dashboard_is_served(series_names: set[str]) -> None:
    named = {name for expression in list_expressions() for name in METRIC.findall(expression)}
    assert len(named) >= 10
    assert named - series_names == set()


def test_every_metric_of_the_alerts_is_served(series_names: set[str]) -> None:
    named = set(METRIC.findall(RULES.read_text(encoding="utf-8")))
    assert len(named) >= 6
    assert named - series_names == set()


def test_every_served_metric_is_shown_or_alerted_on(series_names: set[str]) -> None:
    shown = " ".join([*list_expressions(), RULES.read_text(encoding="utf-8")])
    series = {re.sub(r"_(bucket|count|sum)$", "", name) for name in series_names}
    assert {name for name in series if name not in shown and f"{name}_total" not in shown} == set()


def test_the_dashboard_imports_with_any_data_source() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert all(panel["title"] and panel["description"] for panel in panels)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not on this machine")
def test_prometheus_reads_the_rules_the_panels_and_the_page(api: Client, tmp_path: Path) -> None:
    as_rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(
            expression.replace("$__rate_interval", "5m").replace("$instance", ".*")
            for expression in list_expressions()
        )
    ]
    panels = tmp_path / "panels.yaml"  # JSON is YAML
    panels.write_text(json.dumps({"groups": [{"name": "panels", "rules": as_rules}]}))
    for file in (RULES, panels):
        checked = subprocess.run(
            ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr
    api.register(person())
    page = api.http.get("/metrics").data
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=page, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr.decode()


def test_every_outcome_of_this_product_is_an_error_reason() -> None:
    faults = set(re.findall(r'outcome=~"([A-Z_|]+)"', RULES.read_text(encoding="utf-8")))
    names = {name for group in faults for name in group.split("|")}
    assert names == {"EXCEPTION", "DATABASE_UNAVAILABLE", "OVERLOADED"}
    assert names <= set(ErrorReason.__members__)
    results = set(re.findall(r'result=~?"([a-z|]+)"', RULES.read_text(encoding="utf-8")))
    series_names = {name for group in results for name in group.split("|")}
    assert series_names <= {*metrics.LOGIN_RESULTS.values(), metrics.FAILED}
