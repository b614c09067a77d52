"""Stage "doctor": this machine can run it, and what dead runs left is removed."""

from __future__ import annotations

from harness.cluster.cleanup import remove_left_behind
from harness.doctor import examine, raise_if_failed
from harness.io.docker import DockerDaemon
from harness.stages.context import Context
from harness.stages.stage import Voice


def doctor(context: Context, voice: Voice) -> str:
    """Examines the machine and connects to Docker.

    Raises:
        RunnerError: Something is missing; `harness doctor --fix` may mend it.
    """
    examination = examine(
        runner=context.runner,
        clock=context.clock,
        environ=context.options.environment_variables,
        cache=context.options.cache,
    )
    raise_if_failed(examination)
    docker = DockerDaemon.connect()
    context.docker.put(docker)
    context.host.put(examination.facts)
    context.examination.put(examination)
    removed = remove_left_behind(docker, context.folder.path.parent, say=voice.say)
    if removed:
        context.run.notes.append(f"removed what an earlier run left: {', '.join(removed)}")
    facts = examination.facts
    context.run.facts |= {
        "host": f"{facts.system} {facts.distribution}".strip(),
        "cgroups": f"v{facts.cgroup_version}",
        "processors": str(facts.processors),
        "memory": f"{facts.memory_bytes / 2**30:.0f} GiB",
    }
    return f"{len(examination.checks)} checks passed"
