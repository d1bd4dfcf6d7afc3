"""The command lines of all servers. Pure: files and a plan in, commands out."""

from __future__ import annotations

from local_cluster import flags
from local_cluster.nodes import layout
from local_cluster.nodes.plan import Plan


def control_plane(files: layout.Files, plan: Plan) -> dict[str, list[str]]:
    """What is started first, and what containers need."""
    return {
        "etcd": [plan.programs["etcd"], *flags.etcd(flags.Files(files.directory), plan.ports)],
        "kube-apiserver": [plan.programs["kube-apiserver"], *_api_server(files, plan.ports)],
        "containerd": [plan.programs["containerd"], "--config", str(files.directory / "containerd.toml")],
    }


def node(files: layout.Files, plan: Plan) -> dict[str, list[str]]:
    """What asks the API server from its first second on."""
    programs = plan.programs
    return {
        "kube-controller-manager": [programs["kube-controller-manager"], *_controller_manager(files)],
        "kube-scheduler": [programs["kube-scheduler"], *_scheduler(files)],
        "kubelet": [programs["kubelet"], *_kubelet(files)],
        "kube-proxy": [programs["kube-proxy"], f"--config={files.directory / 'proxy.json'}"],
        "coredns": [programs["coredns"], "-conf", str(files.directory / "Corefile")],
    }


def _api_server(files: layout.Files, ports: flags.Ports) -> list[str]:
    pki = files.pki
    return [
        f"--etcd-servers=http://127.0.0.1:{ports.etcd}",
        f"--secure-port={ports.api_server}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={layout.NODE_IP}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'kubelet-client.key'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={pki / 'sa.pub'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--token-auth-file={files.tokens}",
        f"--service-cluster-ip-range={layout.SERVICE_RANGE}",
        *flags.audit(files.audit_policy, files.audit_log),
        "--allow-privileged=true",
    ]


def _controller_manager(files: layout.Files) -> list[str]:
    return [
        f"--kubeconfig={files.kubeconfig_of('controller-manager')}",
        f"--service-account-private-key-file={files.pki / 'sa.key'}",
        f"--root-ca-file={files.pki / 'ca.crt'}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",  # nobody asks it anything
    ]


def _scheduler(files: layout.Files) -> list[str]:
    kubeconfig = files.kubeconfig_of("scheduler")
    return [f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1"]


def _kubelet(files: layout.Files) -> list[str]:
    return [
        f"--config={files.directory / 'kubelet.json'}",
        f"--kubeconfig={files.kubeconfig_of('kubelet')}",
        f"--root-dir={files.directory / 'kubelet'}",
        f"--cert-dir={files.directory / 'kubelet' / 'pki'}",
        f"--hostname-override={layout.NODE}",
        f"--node-ip={layout.NODE_IP}",
    ]
