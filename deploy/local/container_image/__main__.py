"""`python -m container_image [--context FOLDER] [--image NAME:TAG] [--output FILE] [--without-engine]`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import yaml

from container_image import building
from container_image.errors import CannotBuild
from local_cluster.errors import CannotProvide

_ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    """Returns the exit code: 0 done, 1 could not."""
    parser = argparse.ArgumentParser(prog="container_image", description=__doc__)
    parser.add_argument("--context", type=Path, default=_ROOT, help="the checkout; by default this one")
    parser.add_argument("--image", help="by default what the chart of the checkout asks for")
    parser.add_argument("--output", type=Path, default=Path("dist/image.tar"))
    parser.add_argument("--without-engine", action="store_true", help="even where Docker works")
    options = parser.parse_args()
    began = time.monotonic()
    context, output = options.context.resolve(), options.output.resolve()
    image = options.image or image_of(context)
    build = building.from_packages if options.without_engine else building.build
    try:
        by = build(context, image, output, {"VERSION": image.rpartition(":")[2]})
    except (CannotBuild, CannotProvide) as error:
        print(error, file=sys.stderr)
        return 1
    size = output.stat().st_size / 1e6
    print(f"{image} in {output}: {size:.0f} MB, {time.monotonic() - began:.0f} s{f', by {by}' if by else ''}")
    return 0


def image_of(context: Path) -> str:
    """The name that the chart's pods ask for."""
    chart = context / "charts" / "novita-operator"
    values = yaml.safe_load((chart / "values.yaml").read_text())["image"]
    version = yaml.safe_load((chart / "Chart.yaml").read_text())["appVersion"]
    return f"{values['repository']}:{values.get('tag') or version}"


if __name__ == "__main__":
    sys.exit(main())
