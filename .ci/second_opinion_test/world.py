"""The world that moto is given, and what calls and world have in common."""

import base64
import json

from sides import ACCOUNT, REGION

IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web:v1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
FLOW = {"StartAt": "One", "States": {"One": {"Type": "Succeed"}}}
TARGET = {
    "ServiceNamespace": "ecs", "ResourceId": "service/prod/web", "ScalableDimension": "ecs:service:DesiredCount",
}
POLICY = json.dumps({"rules": [{
    "rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5},
    "action": {"type": "expire"},
}]})


def policy(action, **resource):
    """What lets another account in."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Sid": "other", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Action": [action],
    } | resource]})


def arn(service, resource):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def same_world(side):
    """Makes in moto what emulator/examples/second_opinion.rs has made in the embedded AWS."""
    call = side.client
    ec2 = call("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    other = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24", AvailabilityZone=f"{REGION}c")["Subnet"]["SubnetId"]
    side.memory["subnet"] = subnet
    group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    side.memory["group"] = group
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    iam = call("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"},
    }]})
    for role in ("zipped", "imaged", "flow", "pipes", "scheduler", "ecsEventsRole", "codebuild"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    ecs, groups = call("ecs"), call("autoscaling")
    for name, (low, size, high) in {"machines": (1, 2, 4), "idle": (0, 0, 2)}.items():
        data = {"ImageId": image, "InstanceType": "t2.micro"}
        ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        groups.create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=low, DesiredCapacity=size, MaxSize=high,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "1"}, VPCZoneIdentifier=f"{subnet},{other}",
            HealthCheckGracePeriod=300,
        )
    tag = {"ResourceId": "machines", "ResourceType": "auto-scaling-group", "Key": "team", "Value": "blue"}
    groups.create_or_update_tags(Tags=[tag | {"PropagateAtLaunch": False}])
    machines = groups.describe_auto_scaling_groups(AutoScalingGroupNames=["machines"])["AutoScalingGroups"][0]
    ecs.create_capacity_provider(name="own-machines", autoScalingGroupProvider={
        "autoScalingGroupArn": machines["AutoScalingGroupARN"], "managedTerminationProtection": "DISABLED",
        "managedScaling": {"status": "ENABLED", "targetCapacity": 100},
    })
    ecs.create_cluster(clusterName="machines")
    ecs.put_cluster_capacity_providers(
        cluster="machines", capacityProviders=["own-machines"], defaultCapacityProviderStrategy=[])
    for instance in machines["Instances"]:
        document = json.dumps({"instanceId": instance["InstanceId"]})
        ecs.register_container_instance(cluster="machines", instanceIdentityDocument=document)
    call("s3").create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": REGION})

    ecr = call("ecr")
    for name in ("web", "empty"):
        ecr.create_repository(repositoryName=name)
    ecr.create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    ecr.put_image(repositoryName="web", imageTag="v1", imageManifest=side.memory["v1"])
    ecr.set_repository_policy(repositoryName="web", policyText=policy("ecr:BatchGetImage"))
    ecr.put_registry_policy(policyText=policy("ecr:ReplicateImage", Resource=arn("ecr", "repository/*")))
    ecr.put_replication_configuration(replicationConfiguration={"rules": [{
        "destinations": [{"region": "us-east-1", "registryId": ACCOUNT}],
        "repositoryFilters": [{"filter": "web", "filterType": "PREFIX_MATCH"}],
    }]})

    events = call("events")
    events.create_event_bus(Name="orders")
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    events.put_rule(Name="on-push", EventPattern='{"source":["app"]}', State="DISABLED")
    events.put_rule(Name="on-order", EventPattern='{"source":["app"]}', EventBusName="orders")
    task = {"TaskDefinitionArn": arn("ecs", "task-definition/web:1"), "TaskCount": 1, "LaunchType": "FARGATE"}
    container = {"name": "app", "command": ["CANARY-do-not-show"],
                 "environment": [{"name": "TOKEN", "value": "CANARY-do-not-show"}]}
    overrides = json.dumps({"containerOverrides": [container]})
    events.put_targets(Rule="nightly", Targets=[{
        "Input": overrides, "Id": "target-000", "Arn": arn("ecs", "cluster/prod"), "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/ecsEventsRole",
        "EcsParameters": task | {"EnableECSManagedTags": False, "EnableExecuteCommand": False},
    }])
    events.put_targets(Rule="on-push", Targets=[{"Id": "target-000", "Arn": TOPIC}])

    scheduler = call("scheduler")
    role = f"arn:aws:iam::{ACCOUNT}:role/scheduler"
    scheduler.create_schedule_group(Name="nightly")
    scheduler.create_schedule(
        Name="hello", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn("lambda", "function:zipped"), "RoleArn": role})
    scheduler.create_schedule(
        Name="report", GroupName="nightly", ScheduleExpression="cron(0 3 * * ? *)", State="DISABLED",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn("ecs", "cluster/prod"), "RoleArn": role, "EcsParameters": task, "Input": overrides})

    functions = call("lambda")
    common = {"Timeout": 30, "MemorySize": 128, "Environment": {"Variables": {"TOKEN": "CANARY-do-not-show"}}}
    empty_zip = base64.b64decode("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==")
    functions.create_function(
        FunctionName="zipped", Role=f"arn:aws:iam::{ACCOUNT}:role/zipped", Runtime="provided.al2023",
        Handler="bootstrap", Code={"ZipFile": empty_zip}, **common)
    functions.create_function(
        FunctionName="imaged", Role=f"arn:aws:iam::{ACCOUNT}:role/imaged", PackageType="Image",
        Code={"ImageUri": IMAGE}, **common)
    functions.publish_version(FunctionName="imaged")
    functions.create_alias(FunctionName="imaged", Name="live", FunctionVersion="1")

    role = f"arn:aws:iam::{ACCOUNT}:role/pipes"
    pipes = call("pipes")
    pipes.create_pipe(
        Name="to-topic", Source=arn("sqs", "to-topic"), Target=TOPIC, RoleArn=role, DesiredState="STOPPED")
    pipes.create_pipe(
        Name="to-tasks", Source=arn("sqs", "to-tasks"), Target=arn("ecs", "cluster/prod"), RoleArn=role,
        TargetParameters={"EcsTaskParameters": {
            "TaskDefinitionArn": arn("ecs", "task-definition/web:1"), "TaskCount": 1,
            "Overrides": {"ContainerOverrides": [{
                "Name": "app", "Command": ["CANARY-do-not-show"],
                "Environment": [{"name": "TOKEN", "value": "CANARY-do-not-show"}]}]}}})
    call("stepfunctions").create_state_machine(
        name="flow", definition=json.dumps(FLOW), roleArn=f"arn:aws:iam::{ACCOUNT}:role/flow")
    for name, image in {"build": "aws/codebuild/standard:7.0", "own": IMAGE}.items():
        call("codebuild").create_project(
            name=name, artifacts={"type": "NO_ARTIFACTS"},
            source={"type": "S3", "location": "reports/source.zip"},
            environment={
                "type": "LINUX_CONTAINER", "image": image, "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "TOKEN", "value": "CANARY-do-not-show", "type": "PLAINTEXT"}],
            },
            serviceRole=f"arn:aws:iam::{ACCOUNT}:role/codebuild")
    batch = call("batch")
    for _ in range(2):
        batch.register_job_definition(
            jobDefinitionName="job", type="container",
            containerProperties={"image": IMAGE, "vcpus": 1, "memory": 512})
    batch.deregister_job_definition(jobDefinition="job:1")
