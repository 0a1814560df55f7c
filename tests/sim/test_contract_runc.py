"""The Runc contract on the fake, with a container as `runc create` in a unit leaves it."""

import pytest

from domain import runc_command
from domain.identity import ContainerId, ContainerKey, Namespace
from domain.ports.runc import Runc, RuncTarget
from domain.runc_command import Runtime, Setting
from sim.incarnation import Machine
from sim.world.disk import Bundle
from sim.world.kernel import Program
from sim.world.runc import Command, args_of
from sim.world.runtime import FakeRunc
from sim.world.world import World
from tests.contracts.drive import Drive
from tests.contracts.runc_contract import RuncContract
from tests.sim.driving import InAWorld

HANGS_S = 100.0


def target(container: str) -> RuncTarget:
    owner = ContainerKey(Namespace("default"), ContainerId(container))
    bundle = f"/bundles/{container}"
    return RuncTarget(owner, "runc", "/run/runc/default", bundle, f"{bundle}/log.json", debug=False)


class TestTheFake(InAWorld, RuncContract):
    @pytest.fixture
    def machine(self, world: World) -> Machine:
        machine = Machine.in_world(world)
        for container in ("web", "unknown"):
            bundle = Bundle(args_of(Program(runs_s=None)), cgroups_path=f"/{container}.service/c")
            machine.disk.bundles[f"/bundles/{container}"] = bundle
        return machine

    @pytest.fixture
    def runc(self, machine: Machine) -> Runc:
        return FakeRunc(machine.oci)

    @pytest.fixture
    def created(self, machine: Machine, drive: Drive) -> RuncTarget:
        asked = target("web")
        argv = runc_command.create(
            Runtime(asked.binary, asked.root, asked.log, asked.debug),
            asked.owner.container,
            Setting(asked.bundle, f"{asked.bundle}/init.pid"),
            no_new_keyring=False,
        )
        process = machine.world.kernel.fork("/web.service")
        drive(machine.oci.create(Command(process, "web.service", argv), HANGS_S))
        return asked

    @pytest.fixture
    def unknown(self, machine: Machine) -> RuncTarget:  # noqa: ARG002 (it has its bundle)
        return target("unknown")
