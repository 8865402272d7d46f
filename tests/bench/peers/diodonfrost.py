"""Runs the handler of diodonfrost/terraform-aws-lambda-scheduler-stop-start: `diodonfrost.py FOLDER stop|start`.

It finds services with the Resource Groups Tagging API, which the embedded AWS does not have: here they are listed with
ECS's own lists. What it does with each is its own.
"""

import os
import sys
from pathlib import Path

import boto3

folder, verb = sys.argv[1:]
sys.path.insert(0, str(Path(folder) / "package"))
os.environ |= {
    "SCHEDULE_ACTION": verb,
    "AWS_REGIONS": "sa-east-1",
    "TAG_KEY": "off-hours",
    "TAG_VALUE": "yes",
    "AUTOSCALING_TERMINATE_INSTANCES": "false",
    "ECS_SCHEDULE": "true",
} | {
    f"{kind}_SCHEDULE": "false"
    for kind in ("APPRUNNER", "AUTOSCALING", "DOCUMENTDB", "EC2", "RDS", "REDSHIFT", "CLOUDWATCH_ALARM", "TRANSFER")
}

from scheduler import filter_resources_by_tags, main  # noqa: E402


def get_resources(_, __, ___):
    ecs = boto3.client("ecs")
    for page in ecs.get_paginator("list_clusters").paginate():
        for cluster in page["clusterArns"]:
            for found in ecs.get_paginator("list_services").paginate(cluster=cluster, PaginationConfig={"PageSize": 100}):
                yield from found["serviceArns"]


filter_resources_by_tags.FilterByTags.get_resources = get_resources
main.lambda_handler({}, None)
