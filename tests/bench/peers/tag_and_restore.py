"""A loop that notes each count in a tag of the service before it sets it to 0, and sets it back from there."""

import sys

import boto3
from botocore.exceptions import ClientError

ecs = boto3.client("ecs")
TAG = "original-count"


def services():
    for page in ecs.get_paginator("list_clusters").paginate():
        for cluster in page["clusterArns"]:
            for found in ecs.get_paginator("list_services").paginate(cluster=cluster, PaginationConfig={"PageSize": 10}):
                if found["serviceArns"]:
                    described = ecs.describe_services(cluster=cluster, services=found["serviceArns"], include=["TAGS"])
                    yield from described["services"]


def stop(service):
    if service["desiredCount"] > 0:
        note = [{"key": TAG, "value": str(service["desiredCount"])}]
        ecs.tag_resource(resourceArn=service["serviceArn"], tags=note)
        ecs.update_service(cluster=service["clusterArn"], service=service["serviceArn"], desiredCount=0)


def start(service):
    noted = [tag["value"] for tag in service.get("tags", []) if tag["key"] == TAG]
    if noted:
        ecs.update_service(cluster=service["clusterArn"], service=service["serviceArn"], desiredCount=int(noted[0]))


work = {"stop": stop, "start": start}[sys.argv[1]]
for service in services():
    try:
        work(service)
    except ClientError as error:
        print(service["serviceName"], error, file=sys.stderr)
