"""The calls: those of the functions, and the writes that their world is made of, good and bad."""

import json

from sides import ACCOUNT
from world import IMAGE, POLICY, TARGET, arn


def manifest(n, layers=1):
    """An OCI image that differs from others by its number."""
    part = lambda kind, i: {  # noqa: E731
        "mediaType": f"application/vnd.oci.image.{kind}", "size": 1000 + i, "digest": f"sha256:{n:032x}{i:032x}"}
    return json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": part("config.v1+json", 0), "layers": [part("layer.v1.tar+gzip", i + 1) for i in range(layers)],
    })


def index(*digests):
    return json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 500, "digest": d,
                       "platform": {"architecture": "arm64", "os": "linux"}} for d in digests],
    })


def tags(n):
    return [{"key": f"key-{i}", "value": "x"} for i in range(n)]


def replay(call, wait):
    """All calls, in order. `call` sends one to both; a parameter that is a function is asked with each one's memory."""
    of = lambda name: lambda memory: memory.get(name, "")  # noqa: E731
    web = {"cluster": "prod", "service": "web"}
    bare = {"name": "app", "image": IMAGE, "essential": True, "environment": [{"name": "A", "value": "b"}]}
    container = bare | {"cpu": 128, "memory": 256}
    fargate = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"}

    def network(memory):
        place = {"subnets": [memory["subnet"]], "securityGroups": [memory["group"]], "assignPublicIp": "DISABLED"}
        return {"awsvpcConfiguration": place}


    # Clusters.
    for name in ("prod", "gone"):
        call("ecs", "CreateCluster", clusterName=name, tags=[{"key": "team", "value": "blue"}])
    call("ecs", "CreateCluster", "a second time", clusterName="prod")
    call("ecs", "DeleteCluster", cluster="gone")
    call("ecs", "DeleteCluster", "unknown", cluster="nowhere")
    call("ecs", "ListClusters")
    call("ecs", "ListClusters", "a page", maxResults=1)
    call("ecs", "ListClusters", "too long a page", maxResults=101)
    call("ecs", "ListClusters", "a bad token", nextToken="no token")
    call("ecs", "DescribeClusters", clusters=["prod", "nowhere"], include=["TAGS", "SETTINGS", "STATISTICS"])
    call("ecs", "DescribeClusters", "of none", clusters=["nowhere"])
    call("ecs", "DescribeClusters", "by ARN, without tags", clusters=[arn("ecs", "cluster/prod")])
    call("ecs", "DescribeClusters", "deleted", clusters=["gone"])
    call("ecs", "DescribeClusters", "with machines", clusters=["machines"])
    call("ecs", "DescribeClusters", "101 names", clusters=[f"c{i}" for i in range(101)])
    call("ecs", "DescribeCapacityProviders", capacityProviders=["own-machines", "FARGATE", "nobody"])
    call("ecs", "DescribeCapacityProviders", "all, with tags", include=["TAGS"])
    call("ecs", "DescribeCapacityProviders", "too long a page", maxResults=11)
    call("ecs", "DescribeCapacityProviders", "101 names", capacityProviders=[f"p{i}" for i in range(101)])

    # Task definitions.
    call("ecs", "RegisterTaskDefinition", family="web", containerDefinitions=[container], **fargate,
         tags=[{"key": "team", "value": "blue"}])
    call("ecs", "RegisterTaskDefinition", "a second revision", family="web", containerDefinitions=[bare], **fargate)
    call("ecs", "RegisterTaskDefinition", "on EC2", family="job",
         containerDefinitions=[container | {"cpu": 64, "memory": 128, "secrets": [{"name": "S", "valueFrom": "s"}]}])
    call("ecs", "RegisterTaskDefinition", "to be deregistered", family="old", containerDefinitions=[container],
         **fargate)
    call("ecs", "DeregisterTaskDefinition", taskDefinition="old:1")
    call("ecs", "DeregisterTaskDefinition", "unknown", taskDefinition="nobody:1")
    call("ecs", "DescribeTaskDefinition", taskDefinition="web")
    call("ecs", "DescribeTaskDefinition", "a revision, with tags", taskDefinition="web:1", include=["TAGS"])
    call("ecs", "DescribeTaskDefinition", "on EC2", taskDefinition=arn("ecs", "task-definition/job:1"))
    call("ecs", "DescribeTaskDefinition", "deregistered", taskDefinition="old:1")
    call("ecs", "DescribeTaskDefinition", "a family without active revisions", taskDefinition="old")
    call("ecs", "DescribeTaskDefinition", "unknown family", taskDefinition="nobody")
    call("ecs", "DescribeTaskDefinition", "unknown revision", taskDefinition="web:99")
    call("ecs", "ListTaskDefinitions")
    call("ecs", "ListTaskDefinitions", "of a family", familyPrefix="web", status="ACTIVE", sort="DESC")
    call("ecs", "ListTaskDefinitions", "of a prefix that is no family", familyPrefix="we")
    call("ecs", "ListTaskDefinitions", "deregistered", status="INACTIVE")
    call("ecs", "ListTaskDefinitions", "a page", maxResults=1)
    call("ecs", "ListTaskDefinitions", "too long a page", maxResults=101)
    call("ecs", "ListTaskDefinitions", "a bad token", nextToken="no token")
    call("ecs", "ListTaskDefinitions", "a bad status", status="ODD")
    call("ecs", "ListTaskDefinitionFamilies")
    call("ecs", "ListTaskDefinitionFamilies", "active", status="ACTIVE", familyPrefix="we")
    call("ecs", "ListTaskDefinitionFamilies", "too long a page", maxResults=101)

    # Services.
    service = {"cluster": "prod", "taskDefinition": "web:1", "launchType": "FARGATE", "networkConfiguration": network}
    call("ecs", "CreateService", serviceName="web", desiredCount=2, tags=[{"key": "team", "value": "blue"}],
         **service)
    call("ecs", "CreateService", "of none", serviceName="zero", desiredCount=0, **service)
    call("ecs", "CreateService", "to be deleted", serviceName="gone", desiredCount=1, **service)
    call("ecs", "CreateService", "DAEMON", cluster="machines", serviceName="agent", taskDefinition="job",
         schedulingStrategy="DAEMON")
    call("ecs", "CreateService", "on EC2", cluster="machines", serviceName="worker", taskDefinition="job",
         desiredCount=1, launchType="EC2")
    call("ecs", "CreateService", "by a strategy", cluster="machines", serviceName="spread", taskDefinition="job",
         desiredCount=1, capacityProviderStrategy=[{"capacityProvider": "own-machines", "weight": 1, "base": 0}])
    call("ecs", "CreateService", "of EXTERNAL", cluster="machines", serviceName="sets", taskDefinition="job",
         desiredCount=1, launchType="EC2", deploymentController={"type": "EXTERNAL"})
    call("ecs", "CreateService", "in an unknown cluster", serviceName="web", desiredCount=1,
         **service | {"cluster": "nowhere"})
    call("ecs", "CreateService", "of an unknown definition", serviceName="odd", desiredCount=1,
         **service | {"taskDefinition": "nobody"})
    wait("PT3M")
    call("ecs", "DescribeServices", cluster="prod", services=["web", "nobody"], include=["TAGS"])
    call("ecs", "DescribeServices", "by ARN, without tags", cluster=arn("ecs", "cluster/prod"),
         services=[arn("ecs", "service/prod/web")])
    call("ecs", "DescribeServices", "of none", cluster="prod", services=["zero"])
    call("ecs", "DescribeServices", "on machines", cluster="machines", services=["agent", "worker", "spread"])
    call("ecs", "DescribeServices", "of EXTERNAL", cluster="machines", services=["sets"])
    call("ecs", "DescribeServices", "in an unknown cluster", cluster="nowhere", services=["web"])
    call("ecs", "DescribeServices", "no name", cluster="prod", services=[])
    call("ecs", "DescribeServices", "11 names", cluster="prod", services=[f"s{i}" for i in range(11)])
    call("ecs", "DescribeServices", "a bad include", cluster="prod", services=["web"], include=["ODD"])
    call("ecs", "ListServices", cluster="prod")
    call("ecs", "ListServices", "a page", cluster="prod", maxResults=1)
    call("ecs", "ListServices", "DAEMON", cluster="machines", schedulingStrategy="DAEMON")
    call("ecs", "ListServices", "on EC2", cluster="machines", launchType="EC2")
    call("ecs", "ListServices", "managed by ECS", cluster="prod", resourceManagementType="ECS")
    call("ecs", "ListServices", "in an unknown cluster", cluster="nowhere")
    call("ecs", "ListServices", "too long a page", cluster="prod", maxResults=101)
    call("ecs", "ListServices", "a bad token", cluster="prod", nextToken="no token")
    call("ecs", "UpdateService", **web, desiredCount=1)
    call("ecs", "UpdateService", "another definition", **web, taskDefinition="web:2")
    call("ecs", "UpdateService", "unknown", cluster="prod", service="nobody", desiredCount=1)
    call("ecs", "UpdateService", "in an unknown cluster", cluster="nowhere", service="web", desiredCount=1)
    wait("PT10M")
    call("ecs", "DescribeServices", "after a deployment", cluster="prod", services=["web"])
    call("ecs", "DeleteService", "above 0", cluster="prod", service="gone")
    call("ecs", "DeleteService", cluster="prod", service="gone", force=True)
    call("ecs", "DeleteService", "unknown", cluster="prod", service="nobody")
    wait("PT3M")
    call("ecs", "DescribeServices", "deleted", cluster="prod", services=["gone"])
    call("ecs", "UpdateService", "deleted", cluster="prod", service="gone", desiredCount=1)
    call("ecs", "DescribeClusters", "with services", clusters=["prod"], include=["STATISTICS"])
    call("ecs", "DeleteCluster", "with services", cluster="prod")
    call("ecs", "ListServiceDeployments", service="web", cluster="prod",
         save={"deployment": lambda b: b["serviceDeployments"][0]["serviceDeploymentArn"],
               "revision": lambda b: b["serviceDeployments"][0]["targetServiceRevisionArn"]})
    call("ecs", "ListServiceDeployments", "unknown", service="nobody", cluster="prod")
    call("ecs", "ListServiceDeployments", "too long a page", service="web", cluster="prod", maxResults=101)
    call("ecs", "DescribeServiceDeployments", serviceDeploymentArns=lambda m: [m.get("deployment", "")])
    call("ecs", "DescribeServiceDeployments", "21 ARNs",
         serviceDeploymentArns=lambda m: [m.get("deployment", "")] * 21)
    call("ecs", "DescribeServiceRevisions", serviceRevisionArns=lambda m: [m.get("revision", "")])
    call("ecs", "DescribeServiceRevisions", "no ARN", serviceRevisionArns=["odd"])

    # Tasks.
    run = {"cluster": "prod", "taskDefinition": "web:1", "launchType": "FARGATE", "networkConfiguration": network}
    call("ecs", "RunTask", count=1, startedBy="me", group="batch", tags=[{"key": "a", "value": "b"}], **run,
         overrides={"containerOverrides": [{"name": "app", "environment": [{"name": "A", "value": "c"}]}]},
         save={"task": lambda b: b["tasks"][0]["taskArn"]})
    call("ecs", "RunTask", "on EC2", cluster="machines", taskDefinition="job", launchType="EC2",
         save={"other": lambda b: b["tasks"][0]["taskArn"]})
    call("ecs", "RunTask", "11 at once", count=11, **run)
    call("ecs", "RunTask", "in an unknown cluster", **run | {"cluster": "nowhere"})
    call("ecs", "RunTask", "an unknown definition", **run | {"taskDefinition": "nobody"})
    call("ecs", "RunTask", "a deregistered definition", **run | {"taskDefinition": "old:1"})
    call("ecs", "RunTask", "without a network", cluster="prod", taskDefinition="web:1", launchType="FARGATE")
    call("ecs", "RunTask", "an unknown launch type", **run | {"launchType": "MOON"})
    call("ecs", "RunTask", "an override of an unknown container",
         **run, overrides={"containerOverrides": [{"name": "odd", "command": ["x"]}]})
    wait("PT3M")
    call("ecs", "ListTasks", cluster="prod", startedBy="me")
    call("ecs", "ListTasks", "of a family", cluster="machines", family="job", desiredStatus="RUNNING")
    call("ecs", "ListTasks", "stopped", cluster="prod", desiredStatus="STOPPED", family="web")
    call("ecs", "ListTasks", "by service", cluster="prod", serviceName="web")
    call("ecs", "ListTasks", "by an unknown service", cluster="prod", serviceName="nobody")
    call("ecs", "ListTasks", "in an unknown cluster", cluster="nowhere")
    call("ecs", "ListTasks", "too long a page", cluster="prod", maxResults=101)
    call("ecs", "ListTasks", "a bad token", cluster="prod", nextToken="no token")
    call("ecs", "ListTasks", "startedBy with a family", cluster="prod", startedBy="me", family="web")
    call("ecs", "DescribeTasks", cluster="prod", tasks=lambda m: [m.get("task", ""), "0" * 32], include=["TAGS"])
    call("ecs", "DescribeTasks", "on EC2", cluster="machines", tasks=lambda m: [m.get("other", "")])
    call("ecs", "DescribeTasks", "no task", cluster="prod", tasks=[])
    call("ecs", "DescribeTasks", "101 tasks", cluster="prod", tasks=[f"{i:032x}" for i in range(101)])
    call("ecs", "DescribeTasks", "in an unknown cluster", cluster="nowhere", tasks=["0" * 32])
    call("ecs", "GetTaskProtection", cluster="prod", tasks=lambda m: [m.get("task", "")])
    call("ecs", "GetTaskProtection", "101 tasks", cluster="prod", tasks=[f"{i:032x}" for i in range(101)])
    call("ecs", "UpdateTaskProtection", cluster="prod", tasks=lambda m: [m.get("task", "")], protectionEnabled=True)
    call("ecs", "StopTask", cluster="prod", task=of("task"), reason="enough")
    wait("PT3M")
    call("ecs", "DescribeTasks", "stopped", cluster="prod", tasks=lambda m: [m.get("task", "")])
    call("ecs", "DescribeTasks", "stopped, with tags", cluster="prod", tasks=lambda m: [m.get("task", "")],
         include=["TAGS"])
    call("ecs", "StopTask", "unknown", cluster="prod", task="0" * 32)
    call("ecs", "StopTask", "in an unknown cluster", cluster="nowhere", task="0" * 32)
    call("ecs", "StopTask", "too long a reason", cluster="prod", task=of("task"), reason="x" * 256)

    # Container instances, and daemons.
    call("ecs", "ListContainerInstances", cluster="machines",
         save={"instance": lambda b: sorted(b["containerInstanceArns"])[0]})
    call("ecs", "ListContainerInstances", "draining", cluster="machines", status="DRAINING")
    call("ecs", "ListContainerInstances", "in an unknown cluster", cluster="nowhere")
    call("ecs", "ListContainerInstances", "too long a page", cluster="machines", maxResults=101)
    call("ecs", "DescribeContainerInstances", cluster="machines",
         containerInstances=lambda m: [m.get("instance", ""), "0" * 32])
    call("ecs", "DescribeContainerInstances", "no instance", cluster="machines", containerInstances=[])
    call("ecs", "UpdateContainerInstancesState", cluster="machines", status="DRAINING",
         containerInstances=lambda m: [m.get("instance", "")])
    call("ecs", "UpdateContainerInstancesState", "11 instances", cluster="machines", status="DRAINING",
         containerInstances=[f"{i:032x}" for i in range(11)])
    daemon = arn("ecs", "daemon/machines/agent")
    call("ecs", "ListDaemons", clusterArn=arn("ecs", "cluster/machines"))
    call("ecs", "DescribeDaemon", daemonArn=daemon,
         save={"daemon revision": lambda b: b["daemon"]["currentRevisions"][0]["arn"]})
    call("ecs", "ListDaemonDeployments", daemonArn=daemon,
         save={"daemon deployment": lambda b: b["daemonDeployments"][0]["daemonDeploymentArn"]})
    call("ecs", "DescribeDaemonDeployments", daemonDeploymentArns=lambda m: [m.get("daemon deployment", "")])
    call("ecs", "DescribeDaemonRevisions", daemonRevisionArns=lambda m: [m.get("daemon revision", "")],
         save={"daemon definition": lambda b: b["daemonRevisions"][0]["daemonTaskDefinitionArn"]})
    call("ecs", "DescribeDaemonTaskDefinition", daemonTaskDefinition=of("daemon definition"))

    # Tags of ECS.
    resource = arn("ecs", "service/prod/web")
    call("ecs", "TagResource", resourceArn=resource, tags=[{"key": "steward:record", "value": "v1 off@x n=2"}])
    call("ecs", "TagResource", "of a cluster", resourceArn=arn("ecs", "cluster/prod"), tags=tags(1))
    call("ecs", "TagResource", "an unknown service", resourceArn=arn("ecs", "service/prod/nobody"), tags=tags(1))
    call("ecs", "TagResource", "an unknown cluster", resourceArn=arn("ecs", "cluster/nowhere"), tags=tags(1))
    call("ecs", "TagResource", "a short ARN", resourceArn=arn("ecs", "service/web"), tags=tags(1))
    call("ecs", "TagResource", "no ARN", resourceArn="web", tags=tags(1))
    call("ecs", "UntagResource", resourceArn=resource, tagKeys=["team", "not there"])
    call("ecs", "UntagResource", "an unknown service", resourceArn=arn("ecs", "service/prod/nobody"), tagKeys=["a"])
    call("ecs", "ListTagsForResource", resourceArn=resource)
    call("ecs", "ListTagsForResource", "an unknown service", resourceArn=arn("ecs", "service/prod/nobody"))

    # Application Auto Scaling.
    scaling = "application-autoscaling"
    call(scaling, "RegisterScalableTarget", **TARGET, MinCapacity=2, MaxCapacity=6)
    call("ecs", "DescribeServices", "moved into its bounds", cluster="prod", services=["web"])
    call(scaling, "RegisterScalableTarget", "suspended", **TARGET, MinCapacity=0, SuspendedState={
        "DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True, "ScheduledScalingSuspended": True})
    call(scaling, "RegisterScalableTarget", "one flag given", **TARGET, SuspendedState={
        "DynamicScalingInSuspended": True})
    call(scaling, "RegisterScalableTarget", "a bad namespace", MinCapacity=1, MaxCapacity=2,
         **TARGET | {"ServiceNamespace": "moon"})
    call(scaling, "DescribeScalableTargets", ServiceNamespace="ecs",
         save={"target": lambda b: b["ScalableTargets"][0]["ScalableTargetARN"]})
    call(scaling, "DescribeScalableTargets", "by id", ServiceNamespace="ecs",
         ResourceIds=["service/prod/web", "service/prod/nobody"], ScalableDimension="ecs:service:DesiredCount")
    call(scaling, "DescribeScalableTargets", "too long a page", ServiceNamespace="ecs", MaxResults=51)
    call(scaling, "DescribeScalableTargets", "51 ids", ServiceNamespace="ecs",
         ResourceIds=[f"service/prod/s{i}" for i in range(51)])
    call(scaling, "DescribeScalableTargets", "a bad token", ServiceNamespace="ecs", NextToken="no token")
    tracking = {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 60.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}}
    call(scaling, "PutScalingPolicy", PolicyName="cpu", **TARGET, **tracking)
    call(scaling, "DescribeScalingPolicies", ServiceNamespace="ecs", ResourceId="service/prod/web")
    call(scaling, "DescribeScalingPolicies", "a bad token", ServiceNamespace="ecs", NextToken="no token")
    action = {"ScheduledActionName": "night", "Schedule": "cron(0 20 * * ? *)",
              "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 6}}
    call(scaling, "PutScheduledAction", **TARGET, **action, Timezone="America/Sao_Paulo")
    call(scaling, "PutScheduledAction", "changed", **TARGET, ScheduledActionName="night", Schedule="rate(1 day)")
    call(scaling, "DescribeScheduledActions", ServiceNamespace="ecs")
    call(scaling, "DescribeScheduledActions", "by id and name", ServiceNamespace="ecs", ResourceId="service/prod/web",
         ScheduledActionNames=["night"])
    call(scaling, "DescribeScheduledActions", "too long a page", ServiceNamespace="ecs", MaxResults=51)
    call(scaling, "ListTagsForResource", ResourceARN=of("target"))
    call(scaling, "DeleteScheduledAction", **TARGET, ScheduledActionName="night")
    call(scaling, "DeleteScheduledAction", "unknown", **TARGET, ScheduledActionName="nobody")
    call(scaling, "DeleteScalingPolicy", **TARGET, PolicyName="cpu")
    call(scaling, "DeleteScalingPolicy", "unknown", **TARGET, PolicyName="nobody")
    call(scaling, "DeregisterScalableTarget", **TARGET)
    call(scaling, "DeregisterScalableTarget", "unknown", **TARGET)

    # EC2 Auto Scaling.
    groups, group = "autoscaling", {"AutoScalingGroupName": "machines"}
    nobody = {"AutoScalingGroupName": "nobody"}
    tag = {
        "ResourceType": "auto-scaling-group", "Key": "steward:record", "Value": "v1 on@x n=2", "PropagateAtLaunch": False,
    }
    call(groups, "DescribeAutoScalingGroups")
    call(groups, "DescribeAutoScalingGroups", "by name", AutoScalingGroupNames=["machines", "nobody"],
         save={"machine": lambda b: sorted(i["InstanceId"] for i in b["AutoScalingGroups"][0]["Instances"])[0]})
    call(groups, "DescribeAutoScalingGroups", "by tag", Filters=[{"Name": "tag:team", "Values": ["blue"]}])
    call(groups, "DescribeAutoScalingGroups", "a page", MaxRecords=1)
    call(groups, "DescribeAutoScalingGroups", "too long a page", MaxRecords=101)
    call(groups, "DescribeAutoScalingGroups", "a bad token", NextToken="no token")
    call(groups, "DescribeAutoScalingGroups", "without instances", AutoScalingGroupNames=["machines"],
         IncludeInstances=False)
    call(groups, "CreateOrUpdateTags", Tags=[tag | {"ResourceId": "machines"}])
    call(groups, "CreateOrUpdateTags", "of an unknown group", Tags=[tag | {"ResourceId": "nobody"}])
    call(groups, "DescribeAutoScalingGroups", "tagged", AutoScalingGroupNames=["machines"])
    call(groups, "DeleteTags", Tags=[tag | {"ResourceId": "machines"}])
    call(groups, "SuspendProcesses", **group, ScalingProcesses=["AlarmNotification", "ScheduledActions"])
    call(groups, "SuspendProcesses", "of an unknown group", **nobody, ScalingProcesses=["Launch"])
    call(groups, "DescribeAutoScalingGroups", "suspended", AutoScalingGroupNames=["machines"])
    call(groups, "ResumeProcesses", **group, ScalingProcesses=["AlarmNotification"])
    call(groups, "ResumeProcesses", "of an unknown group", **nobody)
    call(groups, "PutScheduledUpdateGroupAction", **group, ScheduledActionName="evening", Recurrence="0 20 * * 1-5",
         TimeZone="America/Sao_Paulo", MinSize=0, MaxSize=4, DesiredCapacity=0)
    call(groups, "DescribeScheduledActions", **group)
    call(groups, "DescribeScheduledActions", "too long a page", MaxRecords=101)
    call(groups, "DeleteScheduledAction", **group, ScheduledActionName="evening")
    call(groups, "DeleteScheduledAction", "unknown", **group, ScheduledActionName="nobody")
    call(groups, "PutLifecycleHook", **group, LifecycleHookName="drain", HeartbeatTimeout=60,
         LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING")
    call(groups, "DescribeLifecycleHooks", **group)
    call(groups, "CompleteLifecycleAction", "of no instance", **group, LifecycleHookName="drain",
         InstanceId="i-0123456789abcdef0", LifecycleActionResult="CONTINUE")
    call(groups, "SetInstanceProtection", **group, InstanceIds=lambda m: [m.get("machine", "")],
         ProtectedFromScaleIn=True)
    call(groups, "UpdateAutoScalingGroup", AutoScalingGroupName="idle", MinSize=1, MaxSize=3)
    call(groups, "DescribeAutoScalingGroups", "taken along", AutoScalingGroupNames=["idle"])
    call(groups, "UpdateAutoScalingGroup", "of an unknown group", **nobody, MinSize=0)
    call(groups, "SetDesiredCapacity", **group, DesiredCapacity=3)
    call(groups, "SetDesiredCapacity", "of an unknown group", **nobody, DesiredCapacity=1)
    wait("PT3M")
    call(groups, "DescribeScalingActivities", **group)
    call(groups, "TerminateInstanceInAutoScalingGroup", InstanceId=of("machine"), ShouldDecrementDesiredCapacity=True)
    call(groups, "TerminateInstanceInAutoScalingGroup", "unknown", InstanceId="i-0123456789abcdef0",
         ShouldDecrementDesiredCapacity=False)
    call(groups, "DescribeWarmPool", **group)
    call(groups, "DescribeWarmPool", "of an unknown group", **nobody)

    # ECR.
    repository = {"repositoryName": "web"}
    call("ecr", "BatchGetImage", "the first", **repository, imageIds=[{"imageTag": "v1"}],
         save={"digest 1": lambda b: b["images"][0]["imageId"]["imageDigest"]})
    for n, tag in enumerate(["v2", "v3", None], 2):
        call("ecr", "PutImage", f"image {n}", **repository, imageManifest=manifest(n),
             **{"imageTag": tag} if tag else {},
             save={f"digest {n}": lambda b: b["image"]["imageId"]["imageDigest"]})
    call("ecr", "PutImage", "one more tag", **repository, imageManifest=manifest(2), imageTag="latest")
    call("ecr", "PutImage", "the same again", **repository, imageManifest=manifest(2), imageTag="v2")
    call("ecr", "PutImage", "an index", **repository, imageTag="both",
         imageManifest=lambda m: index(m.get("digest 4", "")),
         imageManifestMediaType="application/vnd.oci.image.index.v1+json",
         save={"digest 5": lambda b: b["image"]["imageId"]["imageDigest"]})
    call("ecr", "PutImage", "into an immutable repository", repositoryName="fixed", imageManifest=manifest(9),
         imageTag="v1")
    call("ecr", "PutImage", "over an immutable tag", repositoryName="fixed", imageManifest=manifest(8), imageTag="v1")
    call("ecr", "PutImage", "in an unknown repository", repositoryName="nobody", imageManifest=manifest(9),
         imageTag="v1")
    call("ecr", "DescribeRepositories")
    call("ecr", "DescribeRepositories", "by name", repositoryNames=["web"])
    call("ecr", "DescribeRepositories", "unknown", repositoryNames=["nobody"])
    call("ecr", "DescribeRepositories", "a page", maxResults=1)
    call("ecr", "DescribeRepositories", "too long a page", maxResults=1001)
    call("ecr", "DescribeRepositories", "a bad token", nextToken="no token")
    call("ecr", "DescribeRepositories", "101 names", repositoryNames=[f"r{i}" for i in range(101)])
    call("ecr", "DescribeImages", **repository)
    call("ecr", "DescribeImages", "untagged", **repository, filter={"tagStatus": "UNTAGGED"})
    call("ecr", "DescribeImages", "archived", **repository, filter={"imageStatus": "ARCHIVED"})
    call("ecr", "DescribeImages", "by tag", **repository, imageIds=[{"imageTag": "v2"}])
    call("ecr", "DescribeImages", "by an unknown tag", **repository, imageIds=[{"imageTag": "nobody"}])
    call("ecr", "DescribeImages", "of none", repositoryName="empty")
    call("ecr", "DescribeImages", "in an unknown repository", repositoryName="nobody")
    call("ecr", "DescribeImages", "a page", **repository, maxResults=1)
    call("ecr", "DescribeImages", "too long a page", **repository, maxResults=1001)
    call("ecr", "DescribeImages", "a bad token", **repository, nextToken="no token")
    call("ecr", "DescribeImages", "by id, with a page", **repository, imageIds=[{"imageTag": "v2"}], maxResults=1)
    call("ecr", "ListImages", **repository)
    call("ecr", "ListImages", "tagged", **repository, filter={"tagStatus": "TAGGED"})
    call("ecr", "ListImages", "in an unknown repository", repositoryName="nobody")
    call("ecr", "ListImages", "too long a page", **repository, maxResults=1001)
    call("ecr", "BatchGetImage", **repository, imageIds=[{"imageTag": "v2"}, {"imageTag": "nobody"}])
    call("ecr", "BatchGetImage", "by digest", **repository,
         imageIds=lambda m: [{"imageDigest": m.get("digest 4", "")}])
    call("ecr", "BatchGetImage", "an empty id", **repository, imageIds=[{}])
    call("ecr", "BatchGetImage", "in an unknown repository", repositoryName="nobody", imageIds=[{"imageTag": "v2"}])
    call("ecr", "BatchGetImage", "101 ids", **repository, imageIds=[{"imageTag": f"t{i}"} for i in range(101)])
    call("ecr", "ListImageReferrers", **repository, subjectId=lambda m: {"imageDigest": m.get("digest 2", "")})
    call("ecr", "UpdateImageStorageClass", **repository, imageId=lambda m: {"imageDigest": m.get("digest 3", "")},
         targetStorageClass="ARCHIVE")
    call("ecr", "UpdateImageStorageClass", "restored", **repository,
         imageId=lambda m: {"imageDigest": m.get("digest 3", "")},
         targetStorageClass="STANDARD")
    call("ecr", "PutLifecyclePolicy", **repository, lifecyclePolicyText=POLICY)
    call("ecr", "GetLifecyclePolicy", **repository)
    call("ecr", "GetLifecyclePolicy", "without one", repositoryName="empty")
    call("ecr", "GetLifecyclePolicy", "in an unknown repository", repositoryName="nobody")
    call("ecr", "DeleteLifecyclePolicy", **repository)
    call("ecr", "DeleteLifecyclePolicy", "without one", **repository)
    call("ecr", "GetRepositoryPolicy", **repository)
    call("ecr", "GetRepositoryPolicy", "without one", repositoryName="empty")
    call("ecr", "GetRegistryPolicy")
    call("ecr", "DescribeRegistry")
    call("ecr", "DescribePullThroughCacheRules")
    call("ecr", "DescribePullThroughCacheRules", "unknown", ecrRepositoryPrefixes=["nobody"])
    call("ecr", "RegisterPullTimeUpdateExclusion", principalArn=f"arn:aws:iam::{ACCOUNT}:role/scanner")
    call("ecr", "ListPullTimeUpdateExclusions")
    call("ecr", "DeregisterPullTimeUpdateExclusion", principalArn=f"arn:aws:iam::{ACCOUNT}:role/scanner")

    def delete(case, *ids, **more):
        call("ecr", "BatchDeleteImage", case, **repository | more, imageIds=list(ids))

    delete("one of two tags", {"imageTag": "latest"})
    delete("unknown images", {"imageTag": "nobody"}, {"imageDigest": "sha256:" + "0" * 64})
    delete("no digest", {"imageDigest": "odd"})
    delete("an empty id", {})
    delete("a tag that is another's", {"imageTag": "v2", "imageDigest": "sha256:" + "0" * 64})
    delete("the last tag", {"imageTag": "v3"})
    call("ecr", "BatchDeleteImage", "what an index names", **repository,
         imageIds=lambda m: [{"imageDigest": m.get("digest 4", "")}])
    call("ecr", "BatchDeleteImage", "by digest", **repository,
         imageIds=lambda m: [{"imageDigest": m.get("digest 2", "")}])
    delete("no image")
    delete("101 ids", *[{"imageTag": f"t{i}"} for i in range(101)])
    delete("in an unknown repository", {"imageTag": "v1"}, repositoryName="nobody")
    call("ecr", "DescribeImages", "what is left", **repository)

    # EventBridge, its Scheduler and its Pipes.
    call("events", "ListEventBuses")
    call("events", "ListEventBuses", "by a prefix", NamePrefix="ord")
    call("events", "ListEventBuses", "too long a page", Limit=101)
    call("events", "ListRules")
    call("events", "ListRules", "of a bus", EventBusName="orders")
    call("events", "ListRules", "of an unknown bus", EventBusName="nobody")
    call("events", "ListRules", "a page", Limit=1)
    call("events", "ListRules", "too long a page", Limit=101)
    call("events", "ListRules", "a bad token", NextToken="no token")
    call("events", "ListTargetsByRule", Rule="nightly")
    call("events", "ListTargetsByRule", "of events", Rule="on-push")
    call("events", "ListTargetsByRule", "of an unknown rule", Rule="nobody")
    entry = {"Source": "ecs-steward", "DetailType": "Run", "Detail": "{}"}
    call("events", "PutEvents", Entries=[entry])
    call("events", "PutEvents", "a bad detail", Entries=[entry | {"Detail": "no JSON"}])
    call("events", "PutEvents", "without a source", Entries=[{k: v for k, v in entry.items() if k != "Source"}])
    call("events", "PutEvents", "11 entries", Entries=[entry] * 11)
    call("scheduler", "ListSchedules")
    call("scheduler", "ListSchedules", "of a group", GroupName="nightly")
    call("scheduler", "ListSchedules", "disabled", State="DISABLED")
    call("scheduler", "ListSchedules", "too long a page", MaxResults=101)
    call("scheduler", "GetSchedule", Name="hello")
    call("scheduler", "GetSchedule", "of a group", Name="report", GroupName="nightly")
    call("scheduler", "GetSchedule", "unknown", Name="nobody")
    call("pipes", "ListPipes")
    call("pipes", "ListPipes", "stopped", DesiredState="STOPPED")
    call("pipes", "ListPipes", "too long a page", Limit=101)
    call("pipes", "DescribePipe", Name="to-tasks")
    call("pipes", "DescribePipe", "stopped", Name="to-topic")
    call("pipes", "DescribePipe", "unknown", Name="nobody")

    # Others that may name images or tasks.
    call("lambda", "ListFunctions")
    call("lambda", "ListFunctions", "all versions", FunctionVersion="ALL")
    call("lambda", "ListFunctions", "too long a page", MaxItems=10001)
    call("lambda", "ListVersionsByFunction", FunctionName="imaged")
    call("lambda", "ListAliases", FunctionName="imaged")
    call("lambda", "GetFunction", FunctionName="imaged", Qualifier="live")
    call("lambda", "GetFunction", "a zip", FunctionName="zipped")
    call("lambda", "GetFunction", "unknown", FunctionName="nobody")
    machine = arn("states", "stateMachine:flow")
    call("stepfunctions", "ListStateMachines")
    call("stepfunctions", "ListStateMachines", "too long a page", maxResults=1001)
    call("stepfunctions", "ListStateMachines", "a bad token", nextToken="no token")
    call("stepfunctions", "DescribeStateMachine", stateMachineArn=machine)
    call("stepfunctions", "DescribeStateMachine", "unknown", stateMachineArn=arn("states", "stateMachine:nobody"))
    call("stepfunctions", "DescribeStateMachine", "no ARN", stateMachineArn="flow")
    call("stepfunctions", "ListStateMachineVersions", stateMachineArn=machine)
    call("batch", "DescribeJobDefinitions")
    call("batch", "DescribeJobDefinitions", "active", jobDefinitionName="job", status="ACTIVE")
    call("batch", "DescribeJobDefinitions", "too long a page", maxResults=101)
    call("codebuild", "ListProjects")
    call("codebuild", "ListProjects", "a bad token", nextToken="no token")
    call("codebuild", "BatchGetProjects", names=["build", "own", "nobody"])
    call("codebuild", "BatchGetProjects", "no name", names=[])
    call("s3", "PutObject", Bucket="reports", Key="in use.json", Body=b"{}")
    call("s3", "PutObject", "in an unknown bucket", Bucket="nobody", Key="a", Body=b"{}")
    call("s3", "ListObjectsV2", Bucket="reports")
    call("s3", "ListObjectsV2", "in an unknown bucket", Bucket="nobody")
    call("s3", "GetObject", Bucket="reports", Key="in use.json")
    call("s3", "GetObject", "unknown", Bucket="reports", Key="nobody")

    # What moto takes and AWS refuses comes last, so that it leaves no traces in what is compared.
    call("ecs", "CreateCluster", "a bad name", clusterName="no good!")
    call("ecs", "CreateCluster", "an unknown provider", clusterName="odd", capacityProviders=["nobody"])
    call("ecs", "RegisterTaskDefinition", "without containers", family="web", containerDefinitions=[])
    call("ecs", "RegisterTaskDefinition", "a bad family", family="no good!", containerDefinitions=[container])
    call("ecs", "RegisterTaskDefinition", "Fargate without sizes", family="odd", containerDefinitions=[container],
         requiresCompatibilities=["FARGATE"], networkMode="awsvpc")
    call("ecs", "CreateService", "a bad name", serviceName="no good!", desiredCount=1, **service)
    call("ecs", "CreateService", "of a deregistered definition", serviceName="odd", desiredCount=1,
         **service | {"taskDefinition": "old:1"})
    call("ecs", "CreateService", "without a network", cluster="prod", serviceName="odd", desiredCount=1,
         taskDefinition="web:1", launchType="FARGATE")
    call("ecs", "CreateService", "a negative count", serviceName="odd", desiredCount=-1, **service)
    call("ecs", "CreateService", "an unknown launch type", serviceName="odd", desiredCount=1,
         **service | {"launchType": "MOON"})
    call("ecs", "CreateService", "DAEMON with a count", cluster="machines", serviceName="odd", taskDefinition="job",
         schedulingStrategy="DAEMON", desiredCount=2)
    call("ecs", "UpdateService", "a negative count", **web, desiredCount=-1)
    call("ecs", "UpdateService", "DAEMON with a count", cluster="machines", service="agent", desiredCount=2)
    call("ecs", "UpdateService", "a deregistered definition", **web, taskDefinition="old:1")
    call("ecs", "TagResource", "a value of a tab", resourceArn=resource, tags=[{"key": "a", "value": "b\tc"}])
    call("ecs", "TagResource", "a value of 257 letters", resourceArn=resource,
         tags=[{"key": "a", "value": "b" * 257}])
    call("ecs", "TagResource", "a key of aws:", resourceArn=resource, tags=[{"key": "aws:a", "value": "b"}])
    call("ecs", "TagResource", "51 tags", resourceArn=resource, tags=tags(51))
    call(scaling, "RegisterScalableTarget", "once more", **TARGET, MinCapacity=0, MaxCapacity=6)
    call(scaling, "PutScalingPolicy", "without a target", PolicyName="cpu", **tracking,
         **TARGET | {"ResourceId": "service/prod/zero"})
    call(scaling, "PutScheduledAction", "without a target", **action, **TARGET | {"ResourceId": "service/prod/zero"})
    call(scaling, "PutScheduledAction", "min above max", **TARGET, **action | {
        "ScalableTargetAction": {"MinCapacity": 9, "MaxCapacity": 1}})
    call(scaling, "PutScheduledAction", "a bad schedule", **TARGET, **action | {"Schedule": "now and then"})
    call(scaling, "RegisterScalableTarget", "a negative min", **TARGET, MinCapacity=-1, MaxCapacity=1)
    call(scaling, "RegisterScalableTarget", "new, without sizes", **TARGET | {"ResourceId": "service/prod/zero"})
    call(scaling, "RegisterScalableTarget", "of an unknown service", MinCapacity=1, MaxCapacity=2,
         **TARGET | {"ResourceId": "service/prod/nobody"})
    call("ecs", "CreateService", "a second time", serviceName="web", desiredCount=3, **service)
    call(scaling, "RegisterScalableTarget", "min above max", **TARGET, MinCapacity=9, MaxCapacity=1)
    call(groups, "SuspendProcesses", "an unknown process", **group, ScalingProcesses=["Dance"])
    call(groups, "PutScheduledUpdateGroupAction", "of an unknown group", **nobody, ScheduledActionName="evening",
         Recurrence="0 20 * * *", MinSize=0)
    call(groups, "UpdateAutoScalingGroup", "below min", **group, DesiredCapacity=0)
    call(groups, "UpdateAutoScalingGroup", "above max", **group, DesiredCapacity=9)
    call(groups, "UpdateAutoScalingGroup", "min above max", **group, MinSize=5, MaxSize=4)
    call(groups, "SetDesiredCapacity", "above max", **group, DesiredCapacity=9)
    call(groups, "SetDesiredCapacity", "below min", **group, DesiredCapacity=0)
    call("ecr", "PutImage", "an index of nobody", **repository, imageManifest=index("sha256:" + "0" * 64),
         imageTag="odd",
         imageManifestMediaType="application/vnd.oci.image.index.v1+json")
    call("ecr", "PutImage", "no manifest", **repository, imageManifest="{}", imageTag="odd")
    call("ecr", "PutLifecyclePolicy", "no rules", **repository, lifecyclePolicyText='{"rules": []}')
