"""GPUInstances, wired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from novita_operator import settings_values
from novita_operator.controllers.gpu_instance import handlers, reconciler
from novita_operator.controllers.gpu_instance.acting.calling import Caller
from novita_operator.controllers.gpu_instance.acting.departing import Departing
from novita_operator.controllers.gpu_instance.acting.describing import Describer
from novita_operator.controllers.gpu_instance.acting.executor import Executor
from novita_operator.controllers.gpu_instance.acting.notifier import Notifier
from novita_operator.controllers.gpu_instance.acting.pricing import Pricing
from novita_operator.controllers.gpu_instance.acting.releasing import Releaser
from novita_operator.controllers.gpu_instance.acting.service_writer import Serving
from novita_operator.controllers.gpu_instance.launching import fence
from novita_operator.controllers.gpu_instance.launching.adoption import Adopter
from novita_operator.controllers.gpu_instance.launching.chooser import Chooser
from novita_operator.controllers.gpu_instance.launching.fence import Fence
from novita_operator.controllers.gpu_instance.launching.launcher import Launcher
from novita_operator.controllers.gpu_instance.observing.memory import Memories
from novita_operator.controllers.gpu_instance.observing.observer import Observer
from novita_operator.controllers.gpu_instance.policies.defaults import Defaults
from novita_operator.controllers.gpu_instance.reachability.authorizing import Authorizing
from novita_operator.controllers.gpu_instance.reachability.introducing import Introductions, Pace
from novita_operator.controllers.gpu_instance.reachability.prober import Probing
from novita_operator.controllers.gpu_instance.reachability.watching import Watching
from novita_operator.controllers.gpu_instance.reconciler import KIND, Reconciler
from novita_operator.egress.guard import Guard
from novita_operator.egress.names import Names, PublicNames
from novita_operator.kube.belongings import Belongings
from novita_operator.machines.dialing import Dialer
from novita_operator.machines.key_file import KeyFile
from novita_operator.machines.pool import Pool
from novita_operator.probes.probing import PortProber
from novita_operator.reconciling.publishing import Publisher
from novita_operator.runtime.core import RESYNC_SECONDS, Core, Wired
from novita_operator.runtime.intake import Intake
from novita_operator.settings import Settings
from novita_operator.webhooks import opening
from novita_operator.webhooks.courier import Courier
from novita_operator.webhooks.outbox import Outbox

# Objects whose ports are probed at the same time: enough for thousands, few enough for a pod's file descriptors.
_MOST_PROBES = 64
# Machines that are asked for their host keys, or get the keys of people, at the same time.
_MOST_LOOKS = 16
# Polls between two looks at a host key that is known: ten minutes by default.
_POLLS_PER_LOOK = 20
# Polls between two checks by id of an instance of which bare lists do not tell when it was started.
_POLLS_PER_CHECK = 10


@dataclass(frozen=True, slots=True)
class Instances:
    """The kind, and what works beside its reconciler."""

    kind: Wired
    watching: Watching
    machines: Pool
    """Connections to their machines, for whoever else has to get in."""
    courier: Courier


def wire(core: Core) -> Instances:
    """The kind with all its parts; nothing runs yet."""
    names = _names(core)
    dialer = Dialer(names)
    machines = Pool(dialer)
    watching = _watching(core, names, dialer, machines)
    outbox = Outbox(core.kube, core.cache, KIND)
    courier = opening.courier(core.settings, core.kube, outbox, core.recorder, core.clock, core.metrics)
    made = _reconciler(core, watching, courier)
    ears = handlers.Ears(made, core.queue.add, courier, core.operator_class)
    intake = Intake(KIND, core.cache, core.queue, ears)
    return Instances(Wired(intake, made, partial(handlers.register, intake=intake)), watching, machines, courier)


def _reconciler(core: Core, watching: Watching, courier: Courier) -> Reconciler:
    settings = core.settings
    defaults = _defaults(settings)
    describer = Describer(Belongings(core.kube), core.clock)
    lag = timedelta(milliseconds=settings.list_lag)
    return reconciler.Reconciler(
        kube=core.kube,
        cache=core.cache,
        publisher=Publisher(KIND, core.kube, core.cache, core.recorder, core.clock),
        accounts=core.accounts,
        observer=Observer(
            core.cache,
            core.accounts,
            core.clock,
            core.names,
            defaults,
            lag,
            fence.read,
            fence.complaint,
            check_pause=_POLLS_PER_CHECK * settings.poll_interval / 1000,
        ),
        watching=watching,
        describer=describer,
        serving=Serving(describer.belongings),
        executor=_executor(core, defaults, describer),
        metrics=core.metrics,
        notifier=Notifier(courier, core.cache, core.clock),
        departing=Departing(core.accounts, core.names, core.clock),
        memories=Memories(),
        clock=core.clock,
        names=core.names,
        cost_interval=settings.cost_interval / 1000,
        resync_seconds=min(RESYNC_SECONDS, settings.cost_interval / 1000),
        warning=timedelta(milliseconds=settings.poll_interval),
    )


def _executor(core: Core, defaults: Defaults, describer: Describer) -> Executor:
    settings, clock = core.settings, core.clock
    fencing = Fence(core.kube, core.cache, KIND, clock, settings.identity)
    chooser = Chooser(core.kube, describer.belongings, clock, defaults, settings.catalog_max_age / 1000)
    return Executor(
        clock=clock,
        describer=describer,
        launcher=Launcher(fencing, chooser, clock, core.metrics, core.may_pay),
        adopter=Adopter(core.kube, fencing, KIND, clock, settings.namespaces, core.names, core.accounts.find),
        releaser=Releaser(fencing, core.cache, core.metrics, core.retained, clock),
        caller=Caller(clock, core.recorder, core.metrics),
        pricing=Pricing(clock),
    )


def _defaults(settings: Settings) -> Defaults:
    return Defaults(
        gpu_type=settings.default_gpu_type,
        template=settings.default_template,
        region=settings.default_region,
        startup_seconds=settings.startup_timeout // 1000,
    )


def _watching(core: Core, names: PublicNames, dialer: Dialer, machines: Pool) -> Watching:
    wake, poll = core.queue.add, core.settings.poll_interval / 1000
    pace = Pace(settled=_POLLS_PER_LOOK * poll, doubtful=2 * poll, again=poll / 6)
    belongings, file = Belongings(core.kube), KeyFile(machines)
    return Watching(
        Probing(PortProber(names), names, wake, core.clock, _MOST_PROBES),
        Introductions(dialer, wake, core.clock, pace, _MOST_LOOKS),
        Authorizing(core.cache, belongings, file, wake, core.clock, pace, _MOST_LOOKS),
    )


def _names(core: Core) -> PublicNames:
    guard = Guard(denied=settings_values.networks(core.settings.denied_networks))
    if core.settings.allow_private_endpoints:
        guard = guard.with_private_networks()
    return PublicNames(Names(monotonic=core.clock.monotonic), guard)
