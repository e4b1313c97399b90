"""Answers questions about a project through the official SDK, one JSON text a line.

The first argument is the project's path; each further one is a question: the name of a method of
the SDK and its arguments, as `["runs", {"order": "-created_at"}]`. Methods of a run have its id
before the arguments.
"""

import json
import sys

import wandb


def main(path, *questions):
    api = wandb.Api(timeout=30)
    for question in questions:
        method, *run, arguments = json.loads(question)
        if run:
            answer = list(getattr(api.run(f"{path}/{run[0]}"), method)(**arguments))
        else:
            answer = [found.id for found in getattr(api, method)(path, **arguments)]
        print(json.dumps(answer))


main(*sys.argv[1:])
