"""What a verb may end with: the errors that are expected, and the sentence for each of them."""

from __future__ import annotations

from pydantic import ValidationError

from novita_operator.kube import errors as kube_errors
from novita_operator.novita import errors as novita_errors
from novita_operator.plugin.cluster import Wrong

EXPECTED = (Wrong, kube_errors.KubeError, novita_errors.NovitaError, ValidationError, OSError)


def sentence(error: Exception) -> str:
    """What happened, and the way out where there is one."""
    match error:
        case kube_errors.Forbidden():
            return f"{error}. `kubectl novita doctor` lists what your user may do."
        case ValidationError():
            places = (".".join(map(str, each["loc"])) for each in error.errors(include_input=False, include_url=False))
            return f"the cluster holds an object that this version cannot read: {', '.join(places)}"
        case _:
            return str(error)
