"""Stopping and starting every service in a loop, as many people write it: `boto3_loop.py stop|start|describe|prune [THREADS]`.

With threads, services go side by side, ten of them as a rule. A service that is throttled beyond botocore's own retries
is logged and left.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

THREADS = int(sys.argv[2]) if len(sys.argv) > 2 else 1
CONFIG = Config(max_pool_connections=max(10, THREADS))
ecs = boto3.client("ecs", config=CONFIG)


def services():
    for page in ecs.get_paginator("list_clusters").paginate():
        for cluster in page["clusterArns"]:
            for found in ecs.get_paginator("list_services").paginate(cluster=cluster):
                for service in found["serviceArns"]:
                    yield cluster, service


def each(work, things):
    if THREADS == 1:
        for thing in things:
            work(thing)
    else:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, list(things)))


def scale(count):
    def one(thing):
        cluster, service = thing
        try:
            ecs.update_service(cluster=cluster, service=service, desiredCount=count)
        except ClientError as error:
            print(service, error, file=sys.stderr)

    each(one, services())


def describe():
    """All services and tasks of one cluster, with the largest pages that the calls take."""
    jobs = []
    for page in ecs.get_paginator("list_services").paginate(cluster="prod", PaginationConfig={"PageSize": 100}):
        arns = page["serviceArns"]
        jobs += [("services", arns[at : at + 10]) for at in range(0, len(arns), 10)]
    for page in ecs.get_paginator("list_tasks").paginate(cluster="prod"):
        if page["taskArns"]:
            jobs.append(("tasks", page["taskArns"]))

    def one(job):
        kind, arns = job
        if kind == "services":
            ecs.describe_services(cluster="prod", services=arns, include=["TAGS"])
        else:
            ecs.describe_tasks(cluster="prod", tasks=arns)

    each(one, jobs)


def prune():
    """The 500 newest images of each repository stay; what is in use is not looked at."""
    ecr = boto3.client("ecr", config=CONFIG)

    def one(repository):
        images = []
        pages = ecr.get_paginator("describe_images")
        for page in pages.paginate(repositoryName=repository, PaginationConfig={"PageSize": 1000}):
            images += page["imageDetails"]
        images.sort(key=lambda image: image["imagePushedAt"], reverse=True)
        old = [{"imageDigest": image["imageDigest"]} for image in images[500:]]
        for at in range(0, len(old), 100):
            ecr.batch_delete_image(repositoryName=repository, imageIds=old[at : at + 100])

    names = []
    for page in ecr.get_paginator("describe_repositories").paginate():
        names += [repository["repositoryName"] for repository in page["repositories"]]
    each(one, names)


def init():
    """What a handler in Python takes before it can do anything, and one call."""
    ecs.list_clusters()


{"stop": lambda: scale(0), "start": lambda: scale(1), "describe": describe, "prune": prune, "init": init}[sys.argv[1]]()
