"""Stage "source": the working tree as it is now, published under its declared Git address."""

from __future__ import annotations

from harness.gitops.source import publish_tree
from harness.stages.context import Context
from harness.stages.names import bare_repository
from harness.stages.stage import Voice

DEADLINE_SECONDS = 120


def source(context: Context, voice: Voice) -> str:
    """Commits the tree outside the user's repository and serves it."""
    declaration = context.declaration.get()
    voice.say(f"committing {context.options.repository}")
    revisions = {a.application.revision for a in declaration.applications} - {"HEAD", ""}
    published = publish_tree(
        tree=context.options.repository,
        bare=bare_repository(context),
        branch_names=sorted(revisions),
        runner=context.runner,
        deadline_seconds=DEADLINE_SECONDS,
    )
    context.revision.put(published.revision)
    context.run.notes += published.notes
    context.run.facts["revision"] = published.revision
    return (
        f"{published.files} files as {published.revision[:8]} under "
        f"{', '.join(declaration.repo_urls)}"
    )
