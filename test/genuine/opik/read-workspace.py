"""Prints what the official SDK reads of a workspace, one JSON object a line.

`{"way", "table", "values"}` is a project, a dataset, or an item as a page or the stream shows it;
`{"dataset", "content"}` is an item as `Dataset.get_items` returns it.
"""

import json

import opik
from opik.api_objects import rest_stream_parser
from opik.rest_api.types.dataset_item import DatasetItem


def main():
    client = opik.Opik()
    client.auth_check()
    rest = client.rest_client
    projects = list(pages(rest.projects.find_projects))
    for project in projects:
        show(way="page", table="opik_project", values=project.dict())
    names = {project.id: project.name for project in projects}
    for dataset in pages(rest.datasets.find_datasets):
        show(way="page", table="opik_dataset", values=dataset.dict())
        read_items(client, dataset, names.get(dataset.project_id))


def read_items(client, dataset, project_name):
    rest = client.rest_client.datasets
    version = dataset.latest_version and dataset.latest_version.version_hash
    for item in pages(rest.get_dataset_items, id=dataset.id, version=version):
        show(way="page", table="opik_dataset_item", values=item.dict())

    def stream(limit, last):
        return rest.stream_dataset_items(
            dataset_name=dataset.name,
            project_name=project_name,
            dataset_version=version,
            last_retrieved_id=last,
            steam_limit=limit,
        )

    for item in rest_stream_parser.read_and_parse_full_stream(stream, DatasetItem, None):
        show(way="stream", table="opik_dataset_item", values=item.dict())
    for content in client.get_dataset(dataset.name, project_name).get_items():
        show(dataset=dataset.id, content=content)


def pages(find, **arguments):
    number, total = 1, None
    while total is None or (number - 1) * 500 < total:
        page = find(page=number, size=500, **arguments)
        total = page.total
        yield from page.content
        number += 1


def show(**line):
    # Instants, as the SDK has them in microseconds.
    print(json.dumps(line, default=lambda instant: instant.isoformat()))


main()
