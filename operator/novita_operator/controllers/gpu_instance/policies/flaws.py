"""What in a spec can never work: found before anything is rented for it, and not when it is paid for. Pure."""

from __future__ import annotations

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.policies import cron, lifetime, registries
from novita_operator.controllers.gpu_instance.reachability import authorized_keys, service
from novita_operator.machines.public_keys import NoPublicKey


def of(resource: GPUInstance) -> str | None:
    """The first of them, in a sentence with the field and the way out; None where nothing is wrong."""
    checks = (_of_the_schedule, _of_the_service, _of_the_image, _of_the_texts, _of_the_keys)
    return next((found for check in checks if (found := check(resource)) is not None), None)


def _of_the_schedule(resource: GPUInstance) -> str | None:
    schedule = resource.spec.lifetime.schedule if resource.spec.lifetime is not None else None
    if schedule is None:
        return None
    try:
        lifetime.check(schedule)
    except cron.Unreadable as error:
        return str(error)
    return None


def _of_the_service(resource: GPUInstance) -> str | None:
    name = service.name_of(resource)
    return None if name is None else service.complaint(name)


def _of_the_image(resource: GPUInstance) -> str | None:
    """A template's image is Novita's own business."""
    image = resource.spec.image
    wrong = None if image is None else registries.complaint(image)
    return None if wrong is None else f'spec.image: "{image}" is no image: {wrong}.'


def _of_the_texts(resource: GPUInstance) -> str | None:
    """The API server takes a NUL in a text; a container with one never starts."""
    spec = resource.spec
    variables = ((f'spec.env "{each.name}"', each.value) for each in spec.env)
    texts = (("spec.command", spec.command), ("spec.entrypoint", spec.entrypoint), *variables)
    field = next((name for name, text in texts if text is not None and "\0" in text), None)
    return None if field is None else f"{field} holds a NUL character, which no program can be given: leave it out."


def _of_the_keys(resource: GPUInstance) -> str | None:
    try:
        authorized_keys.stated(resource.spec)
    except NoPublicKey as error:
        return str(error)
    return None
