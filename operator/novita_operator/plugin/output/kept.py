"""The kept output of an attempt that is over: the end of it, in a ConfigMap of the job."""

from __future__ import annotations

from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job.attending import keeping
from novita_operator.controllers.gpu_job.attending.keeping import Record
from novita_operator.kube import errors
from novita_operator.kube.reading import Reader
from novita_operator.plugin import rights
from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.output import standing

_PATH = "/api/v1/namespaces/{}/configmaps/{}"


async def find(reader: Reader, job: GPUJob, attempt: int) -> Record | None:
    """None where nothing is kept. Raises Wrong where the right to read it is missing, and kube errors."""
    namespace, name = job.meta.namespace, keeping.config_map_name(job.meta.name, attempt)
    try:
        body = await reader.read(_PATH.format(namespace, name))
    except errors.NotFound:
        return None
    except errors.Forbidden:
        raise Wrong(rights.missing(f"the output of attempt {attempt}", "configmaps", name, namespace)) from None
    try:
        return keeping.record(body, job.meta)
    except ValueError:
        raise Wrong(f"ConfigMap {name} in namespace {namespace} was changed; what it holds is no output.") from None


def nothing(job: GPUJob, attempt: int) -> str:
    """What to say where there is none."""
    why = standing.failure(job, attempt)
    text = f"gpujob/{job.meta.name}: attempt {attempt} is over, and nothing that it printed is kept."
    if why is not None:
        text = f"{text} {why}"
    if job.status.begun_signal != "ExitCode":
        text = f"{text} The operator keeps the output of programs that it runs itself: completion.signal ExitCode."
    return text
