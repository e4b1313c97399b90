"""Prints every run of an entity, and every row of its history, as the official SDK reads them.

One JSON object a line. NaN and the infinities are bare, integers have all their digits.
"""

import json
import sys

import wandb

# The SDK asks for every window of this many steps, also for those without rows ...
WINDOW = 1000
# ... so a history that begins at a late step is read only from here on before its end.
MOST_STEPS = 20 * WINDOW


def main(entity):
    api = wandb.Api(timeout=30)
    for project in api.projects(entity):
        for run in api.runs(f"{entity}/{project.name}"):
            print_line(project=project.name, run=run.id, fields=fields_of(run))
            first = max(0, run.lastHistoryStep + 1 - MOST_STEPS)
            for row in run.scan_history(page_size=WINDOW, min_step=first):
                print_line(project=project.name, run=run.id, row=row)


def fields_of(run):
    return {
        "display_name": run.name,
        "state": run.state,
        "user": run.user.username,
        "tags": run.tags,
        "group": run.group,
        "job_type": run.job_type,
        "sweep": run.sweep_name,
        "notes": run.notes,
        "description": run.description,
        "commit": run.commit,
        "created_at": run.created_at,
        "heartbeat_at": run.heartbeat_at,
        "history_line_count": run.history_line_count,
        "config": run.config,
        "summary": run.summary._json_dict,
    }


def print_line(**members):
    print(json.dumps(members))


main(sys.argv[1])
