# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of containers that the node's runtime does not start, or the shell in them."""

from __future__ import annotations

from tests.diagnosis.crash_loops import Crash
from tests.diagnosis.sample import sample
from tests.diagnosis.samples.start import ORDER, POD, order, order_ends
from tests.diagnosis.world import World, stamp, waiting

RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc "
    "create failed: unable to start container process: error during container init: "
)


# P03, P04, P05, P08


def refused_start(text: str, *, times: int = 3) -> World:
    world = order(command=["serve"])
    world.pod("order", 1)
    for number in range(times):
        at = 2 + 12 * number
        down = {
            "exitCode": 128,
            "reason": "StartError",
            "message": text,
            "startedAt": "1970-01-01T00:00:00Z",
            "finishedAt": stamp(at),
        }
        world.pod(
            "order",
            at,
            state={
                "state": {"waiting": {"reason": "RunContainerError", "message": text}},
                "lastState": {"terminated": down},
                "restartCount": number,
            },
            phase="Running",
        )
        world.event("Pod", POD, "Failed", f"Error: {text}", at, count=number + 1)
        late = {
            "reason": "CrashLoopBackOff",
            "message": "back-off 10s restarting failed container=order",
        }
        world.pod(
            "order",
            at + 2,
            state={
                "state": {"waiting": late},
                "lastState": {"terminated": down},
                "restartCount": number,
            },
            phase="Running",
        )
    return world


@sample(("P03", ORDER), within=10)
def the_command_is_not_in_the_image() -> World:
    return refused_start(f'{RUNC}exec: "serve": executable file not found in $PATH: unknown')


@sample(("P03", ORDER), within=10)
def the_command_is_a_path_that_does_not_exist() -> World:
    return refused_start(
        f'{RUNC}exec: "/app/run.sh": stat /app/run.sh: no such file or directory: unknown'
    )


@sample(("P04", ORDER), within=10)
def the_command_is_not_executable() -> World:
    return refused_start(f'{RUNC}exec: "/app/run.sh": permission denied: unknown')


@sample(("P03", ORDER), within=40)
def a_folder_is_mounted_over_a_file() -> World:
    return refused_start(
        f'{RUNC}error mounting "/var/lib/kubelet/pods/9f/volume-subpaths/config/order/0" to rootfs at '
        '"/etc/order/order.yaml": mount src=/var/lib/kubelet/pods/9f/volume-subpaths/config/order/0, '
        "dst=/etc/order/order.yaml, dstFd=/proc/thread-self/fd/11, flags=MS_BIND|MS_REC: not a directory: "
        "Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host "
        "path exists and is the expected type: unknown"
    )


@sample(("P03", ORDER), within=140, not_before=60)
def the_runtime_refuses_with_exit_code_128_and_no_word() -> World:
    return refused_start("", times=8)


@sample(within=60)
def exit_code_128_twice_is_the_node() -> World:
    world = refused_start("", times=2)
    world.ready("order", 40)
    return world


@sample(within=250)
def a_container_name_is_still_reserved() -> World:
    world = order()
    text = 'failed to reserve container name "order_order-h1-abcde_shop_9f_0": name "order_order-h1-abcde_shop_9f_0" is reserved for "4c2e"'
    world.pod("order", 20, state=waiting("CreateContainerError", text))
    world.event("Pod", POD, "Failed", f"Error: {text}", 80, count=5, first=20)
    return world


@sample(("P03", ORDER), within=15)
def neither_image_nor_manifest_has_a_command() -> World:
    world = order()
    text = 'failed to generate container "4c2e" spec: failed to generate spec: no command specified'
    world.pod("order", 4, state=waiting("CreateContainerError", text))
    return world


@sample(("P03", ORDER), within=10)
def the_start_script_has_an_interpreter_that_is_not_there() -> World:
    return order_ends(Crash(log="exec /usr/local/bin/start.sh: no such file or directory", code=1))


@sample(("P03", ORDER), within=30)
def the_shell_does_not_find_a_program() -> World:
    return order_ends(Crash(log="/bin/sh: 1: gunicorn: not found", code=127))


@sample(("P03", ORDER), within=30)
def the_start_script_has_windows_line_ends() -> World:
    return order_ends(Crash(log="/usr/bin/env: 'bash\\r': No such file or directory", code=127))


@sample(("P04", ORDER), within=30)
def the_shell_may_not_execute_the_script() -> World:
    return order_ends(Crash(log="/bin/sh: 1: /app/run.sh: Permission denied", code=126))


def not_as_root(text: str) -> World:
    world = order(securityContext={"runAsNonRoot": True})
    message = f'{text} (pod: "order-h1-abcde_shop(9f)", container: order)'
    world.pod("order", 3, state=waiting("CreateContainerConfigError", message))
    world.event("Pod", POD, "Failed", f"Error: {message}", 3, count=2)
    return world


@sample(("P05", ORDER), within=5)
def the_image_runs_as_root_and_may_not() -> World:
    return not_as_root("container has runAsNonRoot and image will run as root")


@sample(("P05", ORDER), within=5)
def the_images_user_is_a_name() -> World:
    return not_as_root(
        "container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root"
    )


@sample(("P08", ORDER), within=10)
def the_program_is_of_another_architecture() -> World:
    return order_ends(Crash(log="exec /usr/local/bin/order: exec format error", code=255))
