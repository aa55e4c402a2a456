"""compose.yaml and deploy/kubernetes: valid, consistent, and with existing settings."""

import re
from pathlib import Path

import pytest

from tests.container import image_builds, manifests
from tests.settings import SECRETS, VARIABLES

pytestmark = pytest.mark.container
OLDEST, NEWEST = "1.29", "1.37"
ROLES = {"server-1", "server-2", "worker", "indexes"}


@pytest.fixture(scope="module")
def rendered_manifests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kubernetes") / "all.yaml"


@pytest.fixture(scope="module")
def objects(rendered_manifests: Path) -> dict[str, dict]:
    """The Kubernetes objects by kind and name."""
    found = manifests.build_kubernetes_objects(rendered_manifests)
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}


@pytest.fixture(scope="module")
def services() -> dict[str, dict]:
    """The services of compose.yaml by name."""
    return manifests.load_compose_file()["services"]


def find_pod_templates(objects: dict[str, dict]) -> dict[str, dict]:
    """Return the pod templates by the name of their Deployment or Job."""
    return {
        name: each["spec"]["template"]
        for name, each in objects.items()
        if each["kind"] in ("Deployment", "Job")
    }


@pytest.mark.usefixtures("objects")
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_accepts_every_object(rendered_manifests: Path, version: str) -> None:
    manifests.run("kubernetes-validate", "--strict", "-k", version, str(rendered_manifests))


def test_kubernetes_runs_every_role(objects: dict[str, dict]) -> None:
    assert {re.sub("-settings-.*", "-settings", name) for name in objects} == {
        "Namespace/accounts",
        "ConfigMap/accounts-settings",
        "Deployment/accounts-server",
        "Deployment/accounts-worker",
        "Job/accounts-indexes",
        "Service/accounts-server",
        "HorizontalPodAutoscaler/accounts-server",
        "PodDisruptionBudget/accounts-server",
    }


def test_every_selector_finds_its_pods(objects: dict[str, dict]) -> None:
    server = objects["Deployment/accounts-server"]["spec"]
    labels = server["template"]["metadata"]["labels"].items()
    service = objects["Service/accounts-server"]["spec"]
    budget = objects["PodDisruptionBudget/accounts-server"]["spec"]
    worker = objects["Deployment/accounts-worker"]["spec"]
    for selector in (service["selector"], budget["selector"]["matchLabels"]):
        assert selector.items() <= labels
        assert not selector.items() <= worker["template"]["metadata"]["labels"].items()
    for deployment in (server, worker):
        found = deployment["template"]["metadata"]["labels"].items()
        assert deployment["selector"]["matchLabels"].items() <= found
    target = objects["HorizontalPodAutoscaler/accounts-server"]["spec"]["scaleTargetRef"]
    assert f"{target['kind']}/{target['name']}" in objects
    assert "replicas" not in server


def test_every_port_and_probe_matches_the_server(objects: dict[str, dict]) -> None:
    (server,) = find_pod_templates(objects)["Deployment/accounts-server"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in server["ports"]}
    exposed = re.search(
        r"^EXPOSE (\d+)$", (image_builds.ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    assert ports["http"] == int(exposed[1])
    assert ports["metrics"] == int(read_settings(objects)["METRICS_PORT"])
    (port,) = objects["Service/accounts-server"]["spec"]["ports"]
    assert port["targetPort"] == "http"
    probes = {
        name: server[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")
    }
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert [probe["path"] for probe in probes.values()] == [
        "/health/live",
        "/health/live",
        "/health/ready",
    ]


def read_settings(objects: dict[str, dict]) -> dict[str, str]:
    (found,) = [each for name, each in objects.items() if name.startswith("ConfigMap/")]
    return found["data"]


def test_kubernetes_sets_existing_settings_and_no_secrets(objects: dict[str, dict]) -> None:
    names = set(read_settings(objects))
    assert names <= VARIABLES
    assert names & set(SECRETS) == set()
    (config,) = [each for each in objects.values() if each["kind"] == "ConfigMap"]
    for template in find_pod_templates(objects).values():
        (container,) = template["spec"]["containers"]
        assert container["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]


def test_kubernetes_mounts_the_secrets_at_the_configured_paths(objects: dict[str, dict]) -> None:
    files = {value for name, value in read_settings(objects).items() if name.endswith("_FILE")}
    assert {Path(file).name for file in files} == {"secret_key", "mongodb_uri", "smtp_url"}
    (folder,) = {str(Path(file).parent) for file in files}
    for template in find_pod_templates(objects).values():
        (container,) = template["spec"]["containers"]
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        assert set(mounts.values()) == set(volumes)
        assert volumes[mounts[folder]]["secret"]["secretName"] == "accounts-secrets"
        assert "emptyDir" in volumes[mounts["/tmp"]]


def test_kubernetes_grants_no_privileges(objects: dict[str, dict]) -> None:
    for template in find_pod_templates(objects).values():
        pod, (container,) = template["spec"], template["spec"]["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]


def test_kubernetes_waits_for_running_requests(objects: dict[str, dict]) -> None:
    pod = find_pod_templates(objects)["Deployment/accounts-server"]["spec"]
    (command,) = [each["lifecycle"]["preStop"]["exec"]["command"] for each in pod["containers"]]
    drained = float(read_settings(objects)["DRAIN_SECONDS"])
    last_requests = 10  # app/web/server/serve.py
    assert pod["terminationGracePeriodSeconds"] > float(command[1]) + drained + last_requests


def test_compose_runs_every_role_with_one_image(services: dict[str, dict]) -> None:
    assert set(services) == ROLES | {"nginx", "mongodb", "keys", "mail"}
    assert {services[role]["image"] for role in ROLES} == {"graphql-accounts"}
    assert services["worker"]["command"] == ["worker"]


def test_compose_sets_existing_settings_and_no_secrets(services: dict[str, dict]) -> None:
    for role in ROLES:
        names = set(services[role]["environment"])
        assert names <= VARIABLES
        assert names & set(SECRETS) == set()
        mounted = {secret["target"] for secret in services[role]["secrets"]}
        mounted |= {f"{volume['target']}/secret_key" for volume in services[role]["volumes"]}
        files = {services[role]["environment"][name] for name in names if name.endswith("_FILE")}
        assert files == mounted


def test_compose_grants_no_privileges(services: dict[str, dict]) -> None:
    for name in set(services) - {"mongodb"}:
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
        assert services[name]["tmpfs"] == ["/tmp:mode=1777,size=64m"]


def test_compose_starts_services_in_order(services: dict[str, dict]) -> None:
    def list_dependencies(name: str) -> dict[str, str]:
        return {other: each["condition"] for other, each in services[name]["depends_on"].items()}

    done, well = "service_completed_successfully", "service_healthy"
    assert list_dependencies("indexes") == {"mongodb": well, "keys": done}
    for role in ROLES - {"indexes"}:
        assert list_dependencies(role) == {"indexes": done}
    assert list_dependencies("nginx") == {"server-1": well, "server-2": well}


def test_compose_does_not_publish_the_database(services: dict[str, dict]) -> None:
    assert manifests.load_compose_file()["networks"]["back"]["internal"] is True
    assert set(services["mongodb"]["networks"]) == {"back"}
    assert "back" not in services["nginx"]["networks"]
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert {name: ports[0]["host_ip"] for name, ports in published.items()} == {
        "nginx": "127.0.0.1",
        "mail": "127.0.0.1",
    }


def test_nginx_uses_the_servers_of_compose(services: dict[str, dict]) -> None:
    text = (image_builds.ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    servers = {name for name in services if name.startswith("server-")}
    assert set(re.findall(r"server ([\w-]+):5000 ", text)) == servers
    (port,) = services["nginx"]["ports"]
    assert f"listen {port['target']};" in text
    for server in servers:
        assert set(services[server]["networks"]) & set(services["nginx"]["networks"])
        assert services[server]["environment"]["TRUSTED_PROXIES"] == "1"
