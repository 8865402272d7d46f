"""Where the embedded AWS and moto are known to differ, and who is right by AWS's documentation."""

import sys

NOT_IN_MOTO = {
    "application-autoscaling": ["ListTagsForResource"],
    "autoscaling": ["CompleteLifecycleAction"],
    "ecr": [
        "ListImageReferrers", "UpdateImageStorageClass", "DescribePullThroughCacheRules",
        "ListPullTimeUpdateExclusions", "RegisterPullTimeUpdateExclusion", "DeregisterPullTimeUpdateExclusion",
    ],
    "ecs": [
        "DescribeServiceDeployments", "ListServiceDeployments", "DescribeServiceRevisions", "ListDaemons",
        "DescribeDaemon", "ListDaemonDeployments", "DescribeDaemonDeployments", "DescribeDaemonRevisions",
        "DescribeDaemonTaskDefinition", "GetTaskProtection", "UpdateTaskProtection",
    ],
    "stepfunctions": ["ListStateMachineVersions"],
}


PAGES = {
    "application-autoscaling": "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_{}.html",
    "autoscaling": "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_{}.html",
    "batch": "https://docs.aws.amazon.com/batch/latest/APIReference/API_{}.html",
    "codebuild": "https://docs.aws.amazon.com/codebuild/latest/APIReference/API_{}.html",
    "ecr": "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_{}.html",
    "ecs": "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_{}.html",
    "events": "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_{}.html",
    "lambda": "https://docs.aws.amazon.com/lambda/latest/api/API_{}.html",
    "pipes": "https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_{}.html",
    "s3": "https://docs.aws.amazon.com/AmazonS3/latest/API/API_{}.html",
    "scheduler": "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_{}.html",
    "stepfunctions": "https://docs.aws.amazon.com/step-functions/latest/apireference/API_{}.html",
}

# A row: who is right | the field, or the case of a refusal | how they differ | the page of PAGES that says so
# (* for the operation's own) | the operations. A case is named where `replay` makes it.
# - embedded: AWS's page says so, and moto leaves it out, makes it up or does not look.
# - moto: AWS's page has it, and the embedded AWS does not model it.
# - both: the page leaves it open, or either makes it up.
DIFFERENCES = {
    "application-autoscaling": """
moto | Alarms[] | moto only | * | PutScalingPolicy
moto | ScalingPolicies[].Alarms[] | moto only | ScalingPolicy | DescribeScalingPolicies
both | ScalableTargets[].SuspendedState.DynamicScalingOutSuspended | ours only | ScalableTarget | DescribeScalableTargets
both | ScalableTargets[].SuspendedState.ScheduledScalingSuspended | ours only | ScalableTarget | DescribeScalableTargets
embedded | (51 ids) | 400 ValidationException; moto: an answer | * | DescribeScalableTargets
embedded | (a bad schedule) | 400 ValidationException; moto: an answer | * | PutScheduledAction
embedded | (a bad token) | 400 InvalidNextTokenException; moto: fails | * | DescribeScalableTargets
embedded | (a bad token) | 400 InvalidNextTokenException; moto: fails | * | DescribeScalingPolicies
embedded | (a negative min) | 400 ValidationException; moto: an answer | * | RegisterScalableTarget
embedded | (min above max) | 400 ValidationException; moto: an answer | * | PutScheduledAction RegisterScalableTarget
embedded | (new, without sizes) | 400 ValidationException; moto: an answer | * | RegisterScalableTarget
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | DescribeScalableTargets
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | DescribeScheduledActions
embedded | (unknown) | 400 ObjectNotFoundException; moto: 400 ValidationException | * | DeleteScalingPolicy DeregisterScalableTarget
embedded | (unknown) | 400 ObjectNotFoundException; moto: an answer | * | DeleteScheduledAction
embedded | (without a target) | 400 ObjectNotFoundException; moto: an answer | * | PutScalingPolicy PutScheduledAction
embedded | ScalableTargets[].RoleARN | ours only | ScalableTarget | DescribeScalableTargets
embedded | ScheduledActions[].ScheduledActionARN | values | ScheduledAction | DescribeScheduledActions
""",
    "autoscaling": """
both | Activity.Cause | values | Activity | TerminateInstanceInAutoScalingGroup
both | Activity.Progress | values | Activity | TerminateInstanceInAutoScalingGroup
both | AutoScalingGroups[].Instances[].AvailabilityZone | values | Instance | DescribeAutoScalingGroups
both | AutoScalingGroups[].SuspendedProcesses[].SuspensionReason | values | SuspendedProcess | DescribeAutoScalingGroups
both | ScheduledUpdateGroupActions[].StartTime | ours only | ScheduledUpdateGroupAction | DescribeScheduledActions
both | ScheduledUpdateGroupActions[].Time | ours only | ScheduledUpdateGroupAction | DescribeScheduledActions
embedded | (a bad token) | 400 InvalidNextToken; moto: fails | * | DescribeAutoScalingGroups
embedded | (above max) | 400 ValidationError; moto: an answer | * | SetDesiredCapacity UpdateAutoScalingGroup
embedded | (an unknown process) | 400 ValidationError; moto: an answer | * | SuspendProcesses
embedded | (below min) | 400 ValidationError; moto: an answer | * | SetDesiredCapacity UpdateAutoScalingGroup
embedded | (min above max) | 400 ValidationError; moto: an answer | * | UpdateAutoScalingGroup
embedded | (of an unknown group) | 400 ValidationError; moto: an answer | * | PutScheduledUpdateGroupAction
embedded | (of an unknown group) | 400 ValidationError; moto: fails | * | CreateOrUpdateTags DescribeWarmPool
embedded | (of an unknown group) | 400 ValidationError; moto: fails | * | ResumeProcesses SetDesiredCapacity
embedded | (of an unknown group) | 400 ValidationError; moto: fails | * | SuspendProcesses
embedded | (too long a page) | 400 ValidationError; moto: an answer | * | DescribeScheduledActions
embedded | (too long a page) | 400 ValidationError; moto: fails | * | DescribeAutoScalingGroups
embedded | (unknown) | 400 ValidationError; moto: fails | * | TerminateInstanceInAutoScalingGroup
embedded | Activities[] | ours only | Activity | DescribeScalingActivities
embedded | Activity.AutoScalingGroupARN | ours only | Activity | TerminateInstanceInAutoScalingGroup
embedded | Activity.Details | ours only | Activity | TerminateInstanceInAutoScalingGroup
embedded | Activity.EndTime | moto only | Activity | TerminateInstanceInAutoScalingGroup
embedded | AutoScalingGroups[].Instances[] | moto only | Instance | DescribeAutoScalingGroups
embedded | AutoScalingGroups[].Tags[] | ours only | TagDescription | DescribeAutoScalingGroups
embedded | LifecycleHooks[].GlobalTimeout | values | LifecycleHook | DescribeLifecycleHooks
embedded | LifecycleHooks[].NotificationTargetARN | moto only | LifecycleHook | DescribeLifecycleHooks
embedded | LifecycleHooks[].RoleARN | moto only | LifecycleHook | DescribeLifecycleHooks
embedded | ScheduledUpdateGroupActions[].ScheduledActionARN | ours only | ScheduledUpdateGroupAction | DescribeScheduledActions
""",
    "batch": """
both | jobDefinitions[].containerProperties.command | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.environment | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.mountPoints | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.resourceRequirements | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.secrets | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.ulimits | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.volumes | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].parameters | moto only | JobDefinition | DescribeJobDefinitions
both | jobDefinitions[].tags | moto only | JobDefinition | DescribeJobDefinitions
embedded | (too long a page) | 400 ClientException; moto: an answer | * | DescribeJobDefinitions
""",
    "codebuild": """
moto | projects[].artifacts | moto only | Project | BatchGetProjects
moto | projects[].badge | moto only | Project | BatchGetProjects
moto | projects[].cache | moto only | Project | BatchGetProjects
moto | projects[].encryptionKey | moto only | Project | BatchGetProjects
moto | projects[].queuedTimeoutInMinutes | moto only | Project | BatchGetProjects
moto | projects[].source | moto only | Project | BatchGetProjects
moto | projects[].timeoutInMinutes | moto only | Project | BatchGetProjects
both | projects[].environment.privilegedMode | ours only | Project | BatchGetProjects
embedded | (a bad token) | 400 InvalidInputException; moto: an answer | * | ListProjects
embedded | (no name) | 400 InvalidInputException; moto: an answer | * | BatchGetProjects
embedded | projectsNotFound | ours only | * | BatchGetProjects
embedded | projects[].environment.imagePullCredentialsType | ours only | Project | BatchGetProjects
embedded | projects[].lastModified | ours only | Project | BatchGetProjects
""",
    "ecr": """
moto | lastEvaluatedAt | moto only | * | DeleteLifecyclePolicy GetLifecyclePolicy
both | failures[].failureReason | values | ImageFailure | BatchDeleteImage BatchGetImage
both | imageDetails[].imageSizeInBytes | values | ImageDetail | DescribeImages
embedded | (101 ids) | 400 InvalidParameterException; moto: an answer | * | BatchDeleteImage BatchGetImage
embedded | (101 names) | 400 InvalidParameterException; moto: 400 RepositoryNotFoundException | * | DescribeRepositories
embedded | (a bad token) | 400 InvalidParameterException; moto: an answer | * | DescribeImages DescribeRepositories
embedded | (an index of nobody) | 400 ReferencedImagesNotFoundException; moto: an answer | * | PutImage
embedded | (by id, with a page) | 400 InvalidParameterException; moto: an answer | * | DescribeImages
embedded | (in an unknown repository) | 400 RepositoryNotFoundException; moto: fails | * | PutImage
embedded | (no image) | 400 InvalidParameterException; moto: fails | * | BatchDeleteImage
embedded | (no rules) | 400 InvalidParameterException; moto: an answer | * | PutLifecyclePolicy
embedded | (over an immutable tag) | 400 ImageTagAlreadyExistsException; moto: 400 ImageAlreadyExistsException | * | PutImage
embedded | (too long a page) | 400 InvalidParameterException; moto: an answer | * | DescribeImages DescribeRepositories
embedded | (too long a page) | 400 InvalidParameterException; moto: an answer | * | ListImages
embedded | failures[] | ours only | ImageFailure | BatchDeleteImage
embedded | failures[].failureCode | values | ImageFailure | BatchDeleteImage BatchGetImage
embedded | failures[].imageId.imageTag | moto only | ImageFailure | BatchGetImage
embedded | imageDetails | values | * | DescribeImages
embedded | imageDetails[] | moto only | * | DescribeImages
embedded | imageDetails[] | ours only | * | DescribeImages
embedded | imageDetails[].artifactMediaType | ours only | ImageDetail | DescribeImages
embedded | imageDetails[].imageSizeInBytes | ours only | ImageDetail | DescribeImages
embedded | imageDetails[].imageStatus | ours only | ImageDetail | DescribeImages
embedded | imageDetails[].lastRecordedPullTime | ours only | ImageDetail | DescribeImages
embedded | images[].imageId.imageTag | values | * | BatchGetImage
embedded | nextToken | ours only | * | DescribeImages DescribeRepositories
embedded | repositories | values | * | DescribeRepositories
""",
    "ecs": """
moto | containerInstance.attributes[] | moto only | ContainerInstance | DescribeContainerInstances
moto | containerInstance.attributes[] | moto only | ContainerInstance | UpdateContainerInstancesState
moto | containerInstance.registeredResources[] | moto only | ContainerInstance | DescribeContainerInstances
moto | containerInstance.registeredResources[] | moto only | ContainerInstance | UpdateContainerInstancesState
moto | containerInstance.remainingResources[] | moto only | ContainerInstance | DescribeContainerInstances
moto | containerInstance.remainingResources[] | moto only | ContainerInstance | UpdateContainerInstancesState
moto | task.attachments[] | moto only | Task | DescribeTasks RunTask StopTask
moto | task.containers[].cpu | moto only | Container | DescribeTasks RunTask StopTask
moto | task.containers[].memory | moto only | Container | DescribeTasks RunTask StopTask
moto | taskDefinition.containerDefinitions[].cpu | moto only | ContainerDefinition | DescribeTaskDefinition RegisterTaskDefinition
moto | taskDefinition.containerDefinitions[].mountPoints | moto only | ContainerDefinition | DeregisterTaskDefinition
moto | taskDefinition.containerDefinitions[].mountPoints | moto only | ContainerDefinition | DescribeTaskDefinition RegisterTaskDefinition
moto | taskDefinition.containerDefinitions[].portMappings | moto only | ContainerDefinition | DeregisterTaskDefinition
moto | taskDefinition.containerDefinitions[].portMappings | moto only | ContainerDefinition | DescribeTaskDefinition RegisterTaskDefinition
moto | taskDefinition.containerDefinitions[].volumesFrom | moto only | ContainerDefinition | DeregisterTaskDefinition
moto | taskDefinition.containerDefinitions[].volumesFrom | moto only | ContainerDefinition | DescribeTaskDefinition RegisterTaskDefinition
moto | taskDefinition.placementConstraints | moto only | TaskDefinition | DeregisterTaskDefinition
moto | taskDefinition.placementConstraints | moto only | TaskDefinition | DescribeTaskDefinition RegisterTaskDefinition
moto | taskDefinition.volumes | moto only | TaskDefinition | DeregisterTaskDefinition DescribeTaskDefinition
moto | taskDefinition.volumes | moto only | TaskDefinition | RegisterTaskDefinition
both | (an unknown launch type) | 400 InvalidParameterException; moto: 400 ClientException | * | CreateService
both | (no instance) | 400 InvalidParameterException; moto: 400 ClientException | * | DescribeContainerInstances
both | capacityProviders[].tags | ours only | CapacityProvider | DescribeCapacityProviders
both | cluster.capacityProviders | ours only | Cluster | CreateCluster DeleteCluster DescribeClusters
both | cluster.defaultCapacityProviderStrategy | ours only | Cluster | CreateCluster DeleteCluster DescribeClusters
both | cluster.settings[] | moto only | Cluster | CreateCluster DeleteCluster
both | cluster.statistics | ours only | Cluster | CreateCluster DeleteCluster
both | cluster.tags[] | moto only | Cluster | DeleteCluster
both | containerInstance.attachments | ours only | ContainerInstance | DescribeContainerInstances
both | containerInstance.attachments | ours only | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.attributes[].value | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.registeredResources[].integerValue | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.registeredResources[].integerValue | values | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.remainingResources[].integerValue | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.remainingResources[].integerValue | values | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.tags | ours only | ContainerInstance | DescribeContainerInstances
both | containerInstance.tags | ours only | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.versionInfo.agentHash | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.versionInfo.agentHash | values | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.versionInfo.agentVersion | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.versionInfo.agentVersion | values | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.versionInfo.dockerVersion | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.versionInfo.dockerVersion | values | ContainerInstance | UpdateContainerInstancesState
both | service.enableECSManagedTags | ours only | Service | CreateService DeleteService DescribeServices UpdateService
both | service.enableExecuteCommand | ours only | Service | CreateService DeleteService DescribeServices UpdateService
both | service.networkConfiguration | moto only | Service | CreateService DescribeServices
both | service.placementConstraints | ours only | Service | CreateService DeleteService DescribeServices UpdateService
both | service.placementStrategy | ours only | Service | CreateService DeleteService DescribeServices UpdateService
both | service.taskSets | moto only | Service | CreateService DeleteService DescribeServices UpdateService
both | task.enableExecuteCommand | ours only | Task | DescribeTasks RunTask StopTask
both | task.overrides.containerOverrides | ours only | Task | DescribeTasks RunTask
both | task.startedBy | moto only | Task | DescribeTasks RunTask
both | task.stoppedReason | moto only | Task | DescribeTasks RunTask
both | task.tags | ours only | Task | DescribeTasks
both | taskDefinition.networkMode | moto only | TaskDefinition | DescribeTaskDefinition RegisterTaskDefinition
embedded | (101 names) | 400 InvalidParameterException; moto: an answer | * | DescribeCapacityProviders DescribeClusters
embedded | (101 tasks) | 400 InvalidParameterException; moto: an answer | * | DescribeTasks
embedded | (11 at once) | 400 InvalidParameterException; moto: an answer | * | RunTask
embedded | (11 instances) | 400 InvalidParameterException; moto: an answer | * | UpdateContainerInstancesState
embedded | (11 names) | 400 InvalidParameterException; moto: an answer | * | DescribeServices
embedded | (51 tags) | 400 InvalidParameterException; moto: an answer | * | TagResource
embedded | (DAEMON with a count) | 400 InvalidParameterException; moto: an answer | * | CreateService UpdateService
embedded | (Fargate without sizes) | 400 ClientException; moto: an answer | * | RegisterTaskDefinition
embedded | (a bad family) | 400 ClientException; moto: an answer | * | RegisterTaskDefinition
embedded | (a bad include) | 400 InvalidParameterException; moto: an answer | * | DescribeServices
embedded | (a bad name) | 400 InvalidParameterException; moto: an answer | * | CreateCluster CreateService
embedded | (a bad status) | 400 InvalidParameterException; moto: an answer | * | ListTaskDefinitions
embedded | (a bad token) | 400 InvalidParameterException; moto: an answer | * | ListClusters ListServices ListTaskDefinitions
embedded | (a bad token) | 400 InvalidParameterException; moto: an answer | * | ListTasks
embedded | (a deregistered definition) | 400 ClientException; moto: an answer | * | RunTask UpdateService
embedded | (a family without active revisions) | 400 ClientException; moto: an answer | * | DescribeTaskDefinition
embedded | (a key of aws:) | 400 InvalidParameterException; moto: an answer | * | TagResource
embedded | (a negative count) | 400 InvalidParameterException; moto: an answer | * | CreateService UpdateService
embedded | (a second time) | 400 InvalidParameterException; moto: an answer | * | CreateService
embedded | (a short ARN) | 400 InvalidParameterException; moto: 400 ServiceNotFoundException | * | TagResource
embedded | (a value of 257 letters) | 400 InvalidParameterException; moto: an answer | * | TagResource
embedded | (a value of a tab) | 400 InvalidParameterException; moto: an answer | * | TagResource
embedded | (all, with tags) | an answer; moto: fails | * | DescribeCapacityProviders
embedded | (an override of an unknown container) | 400 InvalidParameterException; moto: an answer | * | RunTask
embedded | (an unknown provider) | 400 InvalidParameterException; moto: an answer | * | CreateCluster
embedded | (an unknown service) | 400 InvalidParameterException; moto: 400 ServiceNotFoundException | * | ListTagsForResource
embedded | (an unknown service) | 400 ResourceNotFoundException; moto: 400 ServiceNotFoundException | * | TagResource UntagResource
embedded | (by an unknown service) | 400 ServiceNotFoundException; moto: an answer | * | ListTasks
embedded | (deleted) | 400 ServiceNotActiveException; moto: an answer | * | UpdateService
embedded | (in an unknown cluster) | 400 ClusterNotFoundException; moto: an answer | * | ListContainerInstances
embedded | (no name) | 400 InvalidParameterException; moto: an answer | * | DescribeServices
embedded | (of a deregistered definition) | 400 ClientException; moto: an answer | * | CreateService
embedded | (startedBy with a family) | 400 InvalidParameterException; moto: an answer | * | ListTasks
embedded | (too long a page) | 400 InvalidParameterException; moto: an answer | * | ListClusters ListContainerInstances
embedded | (too long a page) | 400 InvalidParameterException; moto: an answer | * | ListServices ListTaskDefinitionFamilies
embedded | (too long a page) | 400 InvalidParameterException; moto: an answer | * | ListTaskDefinitions ListTasks
embedded | (too long a page) | 400 InvalidParameterException; moto: fails | * | DescribeCapacityProviders
embedded | (too long a reason) | 400 InvalidParameterException; moto: an answer | * | StopTask
embedded | (unknown) | 400 InvalidParameterException; moto: fails | * | StopTask
embedded | (with services) | 400 ClusterContainsServicesException; moto: an answer | * | DeleteCluster
embedded | (without a network) | 400 InvalidParameterException; moto: an answer | * | CreateService
embedded | (without containers) | 400 ClientException; moto: an answer | * | RegisterTaskDefinition
embedded | capacityProviders[] | ours only | CapacityProvider | DescribeCapacityProviders
embedded | capacityProviders[].autoScalingGroupProvider.managedDraining | ours only | CapacityProvider | DescribeCapacityProviders
embedded | cluster.activeServicesCount | values | Cluster | DescribeClusters
embedded | cluster.settings[] | moto only | Cluster | DescribeClusters
embedded | cluster.statistics | ours only | Cluster | DescribeClusters
embedded | cluster.tags | ours only | Cluster | CreateCluster DescribeClusters
embedded | clusterArns | values | Cluster | ListClusters
embedded | clusterArns[] | moto only | Cluster | ListClusters
embedded | containerInstance.attributes[] | ours only | ContainerInstance | DescribeContainerInstances
embedded | containerInstance.attributes[] | ours only | ContainerInstance | UpdateContainerInstancesState
embedded | containerInstance.capacityProviderName | ours only | ContainerInstance | DescribeContainerInstances
embedded | containerInstance.capacityProviderName | ours only | ContainerInstance | UpdateContainerInstancesState
embedded | containerInstance.runningTasksCount | values | ContainerInstance | DescribeContainerInstances
embedded | containerInstance.runningTasksCount | values | ContainerInstance | UpdateContainerInstancesState
embedded | containerInstance.version | ours only | ContainerInstance | DescribeContainerInstances
embedded | containerInstance.version | ours only | ContainerInstance | UpdateContainerInstancesState
embedded | failures[] | moto only | Failure | DescribeCapacityProviders
embedded | failures[] | ours only | Failure | DescribeCapacityProviders DescribeTasks
embedded | failures[].arn | values | Failure | DescribeContainerInstances DescribeServices
embedded | nextToken | ours only | * | ListClusters ListServices ListTaskDefinitions
embedded | service.availabilityZoneRebalancing | ours only | Service | CreateService DeleteService DescribeServices
embedded | service.availabilityZoneRebalancing | ours only | Service | UpdateService
embedded | service.capacityProviderStrategy | ours only | Service | CreateService DescribeServices
embedded | service.createdAt | ours only | Service | CreateService DeleteService DescribeServices UpdateService
embedded | service.createdBy | ours only | Service | CreateService DeleteService DescribeServices UpdateService
embedded | service.currentServiceDeployment | ours only | Service | CreateService DeleteService DescribeServices
embedded | service.currentServiceDeployment | ours only | Service | UpdateService
embedded | service.currentServiceRevisions | ours only | Service | CreateService DeleteService DescribeServices
embedded | service.currentServiceRevisions | ours only | Service | UpdateService
embedded | service.deploymentConfiguration | ours only | Service | CreateService DeleteService DescribeServices
embedded | service.deploymentConfiguration | ours only | Service | UpdateService
embedded | service.deployments[] | ours only | Deployment | UpdateService
embedded | service.deployments[].capacityProviderStrategy | ours only | Deployment | CreateService DescribeServices
embedded | service.deployments[].desiredCount | values | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].desiredCount | values | Deployment | UpdateService
embedded | service.deployments[].launchType | moto only | Deployment | CreateService DescribeServices
embedded | service.deployments[].pendingCount | values | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].pendingCount | values | Deployment | UpdateService
embedded | service.deployments[].platformFamily | moto only | Deployment | CreateService DescribeServices
embedded | service.deployments[].platformFamily | values | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].platformFamily | values | Deployment | UpdateService
embedded | service.deployments[].platformVersion | ours only | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].platformVersion | ours only | Deployment | UpdateService
embedded | service.deployments[].rolloutState | values | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].rolloutState | values | Deployment | UpdateService
embedded | service.deployments[].rolloutStateReason | values | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].rolloutStateReason | values | Deployment | UpdateService
embedded | service.deployments[].runningCount | values | Deployment | DeleteService DescribeServices UpdateService
embedded | service.deployments[].taskDefinition | values | Deployment | DescribeServices UpdateService
embedded | service.desiredCount | values | Service | CreateService DeleteService DescribeServices
embedded | service.events[] | ours only | Service | DeleteService DescribeServices UpdateService
embedded | service.launchType | moto only | Service | CreateService DescribeServices
embedded | service.pendingCount | values | Service | CreateService DescribeServices
embedded | service.platformFamily | ours only | Service | CreateService DeleteService DescribeServices UpdateService
embedded | service.platformVersion | ours only | Service | CreateService DeleteService DescribeServices UpdateService
embedded | service.resourceManagementType | ours only | Service | CreateService DeleteService DescribeServices
embedded | service.resourceManagementType | ours only | Service | UpdateService
embedded | service.runningCount | values | Service | DeleteService DescribeServices UpdateService
embedded | service.status | values | Service | DeleteService
embedded | service.taskDefinition | moto only | Service | CreateService DescribeServices
embedded | service.taskDefinition | values | Service | DescribeServices UpdateService
embedded | service.taskSets[] | ours only | Service | CreateService DescribeServices
embedded | serviceArns | values | Service | ListServices
embedded | serviceArns[] | moto only | Service | ListServices
embedded | tags | ours only | * | RegisterTaskDefinition
embedded | task.containers[].containerArn | values | Container | DescribeTasks RunTask StopTask
embedded | task.containers[].exitCode | moto only | Container | DescribeTasks RunTask StopTask
embedded | task.containers[].exitCode | values | Container | DescribeTasks
embedded | task.containers[].healthStatus | values | Container | DescribeTasks RunTask StopTask
embedded | task.containers[].imageDigest | ours only | Container | DescribeTasks StopTask
embedded | task.containers[].lastStatus | values | Container | DescribeTasks StopTask
embedded | task.containers[].taskArn | values | Container | DescribeTasks RunTask StopTask
embedded | task.cpu | ours only | Task | DescribeTasks RunTask StopTask
embedded | task.createdAt | ours only | Task | DescribeTasks RunTask StopTask
embedded | task.lastStatus | values | Task | DescribeTasks RunTask StopTask
embedded | task.memory | ours only | Task | DescribeTasks RunTask StopTask
embedded | task.startedAt | ours only | Task | DescribeTasks StopTask
embedded | task.stopCode | ours only | Task | DescribeTasks StopTask
embedded | task.stoppedAt | ours only | Task | DescribeTasks
embedded | task.stoppingAt | ours only | Task | DescribeTasks StopTask
embedded | task.tags[] | moto only | StopTask | DescribeTasks StopTask
embedded | task.version | ours only | Task | DescribeTasks RunTask StopTask
embedded | taskArns[] | ours only | Task | ListTasks
embedded | taskDefinition.deregisteredAt | ours only | TaskDefinition | DeregisterTaskDefinition DescribeTaskDefinition
embedded | taskDefinition.registeredAt | ours only | TaskDefinition | DeregisterTaskDefinition DescribeTaskDefinition
embedded | taskDefinition.registeredAt | ours only | TaskDefinition | RegisterTaskDefinition
embedded | taskDefinitionArns | values | TaskDefinition | ListTaskDefinitions
""",
    "events": """
both | Entries[].ErrorMessage | values | PutEventsResultEntry | PutEvents
embedded | () | an answer; moto: fails | * | PutEvents
embedded | (a bad token) | 400 ValidationException; moto: an answer | * | ListRules
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | ListEventBuses ListRules
""",
    "lambda": """
moto | Aliases[].RevisionId | moto only | AliasConfiguration | ListAliases
moto | function.Architectures | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.CodeSha256 | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.Description | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.EphemeralStorage | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.ImageConfigResponse | moto only | FunctionConfiguration | GetFunction ListFunctions
moto | function.ImageConfigResponse | moto only | FunctionConfiguration | ListVersionsByFunction
moto | function.LastUpdateStatus | moto only | FunctionConfiguration | GetFunction
moto | function.Layers | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.SnapStart | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.State | moto only | FunctionConfiguration | GetFunction
moto | function.TracingConfig | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
both | Code.Location | values | FunctionCodeLocation | GetFunction
both | function.CodeSize | values | FunctionConfiguration | GetFunction ListFunctions
both | function.FunctionArn | values | FunctionConfiguration | GetFunction
both | function.LastUpdateStatus | moto only | FunctionConfiguration | ListVersionsByFunction
both | function.State | moto only | FunctionConfiguration | ListVersionsByFunction
embedded | (too long a page) | 400 InvalidParameterValueException; moto: an answer | * | ListFunctions
embedded | Code.ResolvedImageUri | values | FunctionCodeLocation | GetFunction
embedded | function.LastUpdateStatus | moto only | FunctionConfiguration | ListFunctions
embedded | function.State | moto only | FunctionConfiguration | ListFunctions
""",
    "pipes": """
both | Tags | moto only | * | DescribePipe
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | ListPipes
embedded | CurrentState | values | * | DescribePipe
embedded | Pipes[].CurrentState | values | Pipe | ListPipes
""",
    "s3": """
both | AcceptRanges | moto only | * | GetObject
both | ChecksumCRC32 | moto only | * | GetObject PutObject
both | Contents[].ChecksumAlgorithm | moto only | Object | ListObjectsV2
""",
    "scheduler": """
both | Target.RetryPolicy | moto only | RetryPolicy | GetSchedule
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | ListSchedules
""",
    "stepfunctions": """
both | encryptionConfiguration | moto only | * | DescribeStateMachine
both | loggingConfiguration | moto only | * | DescribeStateMachine
both | tracingConfiguration | moto only | * | DescribeStateMachine
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | ListStateMachines
""",
}


def rows_of(service):
    for line in DIFFERENCES.get(service, "").strip().splitlines():
        yield [part.strip() for part in line.split(" | ")]


def differences():
    """The rows by operation, field and way: who is right, and where that stands."""
    found = {}
    for service in DIFFERENCES:
        for right, path, how, page, operations in rows_of(service):
            if right not in ("embedded", "moto", "both"):
                sys.exit(f"who is {right}?")
            for operation in operations.split():
                key = f"{service}:{operation}", path, how
                if key in found:
                    sys.exit(f"a row twice: {key}")
                found[key] = right, PAGES[service].format(operation if page == "*" else page)
    return found


def pages():
    """The pages that the rows name."""
    for service in DIFFERENCES:
        for _, _, _, page, operations in rows_of(service):
            yield from ((service, operation if page == "*" else page) for operation in operations.split())
