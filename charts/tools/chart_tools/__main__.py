"""`python -m chart_tools [--check]` writes, or compares, what is generated for chart, kustomize and documents."""

from __future__ import annotations

import sys
from pathlib import Path

from chart_tools import crds, gitops, kustomize, readme, reference, schema, values

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "charts" / "novita-operator"
SCRIPTS = ROOT / "deploy" / "gitops" / "argocd" / "resource_customizations"


def files() -> dict[Path, str]:
    """Every generated file with its content."""
    said = values.read(CHART / "values.yaml")
    made = {
        CHART / "values.schema.json": schema.text(said),
        CHART / "README.md": readme.text(CHART / "README.md.in", said),
    }
    made |= {CHART / "templates" / "crds" / name: text for name, text in crds.templates(ROOT / "crds").items()}
    deployed = kustomize.files(CHART / "files") | gitops.files(SCRIPTS)
    made |= reference.files(ROOT / "crds", ROOT / "docs")
    return made | {ROOT / "deploy" / name: text for name, text in deployed.items()}


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` name those that are stale. Returns the exit code."""
    stale = [path for path, text in files().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if "--check" in arguments:
            sys.stderr.write(f"{path.relative_to(ROOT)} is stale: run `make generate` and commit the result\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files()[path])
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
