"""The world that the stack works in, made with boto3: clusters, services, machines, repositories, people.

Each test that changes something has services of its own, so that the tests neither wait for nor disturb one another.
"""

import hashlib
import json

from servers import ACCOUNT, REGION

REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}}

# In `shop` people work; `night-*` is what schedules reach beside it; `idle` is outside the parameter Clusters.
CLUSTERS = ("shop", "night-shift", "night-watch", "night-hold", "night-metal", "idle")

# (cluster, service, desired count)
SERVICES = (
    ("shop", "catalog", 2),  # is only looked at
    ("shop", "orders", 3),  # is scaled
    ("shop", "mail", 2),  # is stopped and started
    ("shop", "reports", 1),  # has a schedule and gets overrides
    ("shop", "ledger", 1),  # has a schedule and is reconciled
    ("shop", "told", 1),  # is scaled, and an event tells of it
    ("shop", "denied", 2),  # is to be stopped by a role that may not
    ("night-shift", "late", 2),  # is stopped by a schedule that fires
    ("night-hold", "held", 1),  # has a schedule, and its cluster gets overrides
    ("night-watch", "later", 2),  # is left alone while a stack observes, and then is not
    ("idle", "batch-1", 1),  # a whole cluster is stopped and started
    ("idle", "batch-2", 2),
)
# Always off. So the first run that sees such a service only writes its size down, and nothing is ever due by chance.
NEVER = {"key": "steward:schedule", "value": "never"}
SCHEDULED = ("reports", "ledger", "late", "later", "held")
SCALED = {"service": "cart", "cluster": "shop", "count": 2, "min": 1, "max": 6}
# Auto Scaling groups, of the same size. A service runs on the second.
GROUP, SLEEPING_GROUP = "machines", "sleepers"


def task_definition(family, image):
    return {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/task",
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/execution",
        "containerDefinitions": [
            {
                "name": "main",
                "image": image,
                "essential": True,
                # It must not be shown.
                "environment": [{"name": "PASSWORD", "value": "correct horse"}],
            }
        ],
    }


def service(cluster, name, count, family="catalog"):
    return {
        "cluster": cluster,
        "serviceName": name,
        "taskDefinition": family,
        "desiredCount": count,
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
    }


def make(clients, moto):
    """`clients` are ministack's, and `moto` those of what it lacks."""
    make_roles(clients("iam"))
    make_images(clients("ecr"))
    make_services(clients("ecs"))
    make_autoscaling(clients("ecs"), moto)
    make_machines(clients("ecs"), moto)
    make_users_of_images(clients("events"), clients("scheduler"))


def make_roles(iam):
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    for role in ("task", "execution"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))


# Repository -> its tags, each of an image of its own.
IMAGES = {
    "users": ("v1", "v2", "v3", "v4", "v5"),  # services use v2
    "tools/migrate": ("v1", "v2", "v3", "v4", "v5"),  # a task definition that no service uses names v1
    "private": ("v1",),  # the parameter PruneRepositories does not name it
}


def make_images(ecr):
    for repository, tags in IMAGES.items():
        ecr.create_repository(repositoryName=repository)
        for tag in tags:
            ecr.put_image(
                repositoryName=repository,
                imageTag=tag,
                imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
                imageManifest=manifest(f"{repository}:{tag}"),
            )


def manifest(of):
    def blob(kind, text):
        digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        return {"mediaType": f"application/vnd.oci.image.{kind}", "size": len(text), "digest": digest}

    return json.dumps({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("config.v1+json", of),
        "layers": [blob("layer.v1.tar+gzip", of + " layer")],
    })


def make_services(ecs):
    ecs.register_task_definition(**task_definition("catalog", f"{REGISTRY}/users:v2"))
    ecs.register_task_definition(**task_definition("migrate", f"{REGISTRY}/tools/migrate:v1"))
    for cluster in CLUSTERS:
        ecs.create_cluster(clusterName=cluster, tags=[{"key": "team", "value": "web"}])
    for cluster, name, count in SERVICES:
        tags = [{"key": "team", "value": "web"}]
        if name in SCHEDULED:
            tags.append(NEVER)
        ecs.create_service(**service(cluster, name, count), tags=tags)


def make_autoscaling(ecs, moto):
    """A service with a scalable target. moto takes one only of a service that it knows, so it gets its own copy."""
    cart = service(SCALED["cluster"], SCALED["service"], SCALED["count"])
    ecs.create_service(**cart)
    copy = moto("ecs")
    copy.create_cluster(clusterName=SCALED["cluster"])
    copy.register_task_definition(**task_definition("catalog", f"{REGISTRY}/users:v2"))
    # Nor does it take subnets that it does not know.
    subnet = moto("ec2").describe_subnets()["Subnets"][0]
    group = moto("ec2").describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}])
    network = {"subnets": [subnet["SubnetId"]], "securityGroups": [group["SecurityGroups"][0]["GroupId"]]}
    copy.create_service(**cart | {"networkConfiguration": {"awsvpcConfiguration": network}})
    moto("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ScalableDimension="ecs:service:DesiredCount",
        ResourceId=f"service/{SCALED['cluster']}/{SCALED['service']}",
        MinCapacity=SCALED["min"],
        MaxCapacity=SCALED["max"],
    )


def make_machines(ecs, moto):
    ec2, autoscaling = moto("ec2"), moto("autoscaling")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    autoscaling.create_launch_configuration(
        LaunchConfigurationName="machine", ImageId=image, InstanceType="t3.micro"
    )
    for name in (GROUP, SLEEPING_GROUP):
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchConfigurationName="machine",
            MinSize=0,
            MaxSize=4,
            DesiredCapacity=2,
            AvailabilityZones=[f"{REGION}a"],
        )
    (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[SLEEPING_GROUP])["AutoScalingGroups"]
    provider = {"autoScalingGroupArn": group["AutoScalingGroupARN"], "managedScaling": {"status": "DISABLED"}}
    ecs.create_capacity_provider(name=SLEEPING_GROUP, autoScalingGroupProvider=provider)
    strategy = [{"capacityProvider": SLEEPING_GROUP, "weight": 1, "base": 0}]
    ecs.put_cluster_capacity_providers(
        cluster="night-metal", capacityProviders=[SLEEPING_GROUP], defaultCapacityProviderStrategy=strategy
    )
    press = service("night-metal", "press", 1) | {"capacityProviderStrategy": strategy}
    del press["launchType"]
    ecs.create_service(**press)


def make_users_of_images(events, scheduler):
    """A rule and a schedule that run tasks, so that the images of those are in use."""
    task = {
        "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop",
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/task",
        "EcsParameters": {"TaskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/migrate:1"},
    }
    # Both are off: they must not run here. Who switches one on again counts on its image all the same.
    events.put_rule(Name="weekly", ScheduleExpression="rate(7 days)", State="DISABLED")
    events.put_targets(Rule="weekly", Targets=[{"Id": "weekly", **task}])
    scheduler.create_schedule(
        Name="monthly", ScheduleExpression="rate(30 days)", State="DISABLED", FlexibleTimeWindow={"Mode": "OFF"},
        Target=task,
    )


def make_person(iam, name, resources):
    """A user who may call the API where `resources` say, and nothing else. Gives the access key."""
    iam.create_user(UserName=name)
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resources}],
    }
    iam.put_user_policy(UserName=name, PolicyName="call-the-api", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]
