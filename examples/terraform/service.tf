# One service with autoscaling, on one machine, in the default VPC: what Terraform must leave to ecs-steward.

locals {
  # Read by the machine's start and by the group's tag, so that neither has to wait for the cluster.
  cluster = "terraform-example"
}

resource "aws_ecs_cluster" "example" {
  name = local.cluster
}

resource "aws_ecs_task_definition" "web" {
  family                   = "web"
  requires_compatibilities = ["EC2"]
  network_mode             = "bridge"
  container_definitions = jsonencode([{
    name         = "web"
    image        = "public.ecr.aws/nginx/nginx:stable"
    essential    = true
    cpu          = 128
    memory       = 128
    portMappings = [{ containerPort = 80 }]
  }])
}

resource "aws_ecs_service" "web" {
  name            = "web"
  cluster         = aws_ecs_cluster.example.id
  task_definition = aws_ecs_task_definition.web.arn
  launch_type     = "EC2"
  # What a new service begins with.
  desired_count = 2

  tags = {
    "steward:schedule" = var.schedule
    # What it comes back with where its record has no size.
    "steward:size" = "n=2 min=1 susp=---"
  }

  # By night it is 0, and that is right.
  lifecycle {
    ignore_changes = [desired_count]
  }
}

resource "aws_appautoscaling_target" "web" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.example.name}/${aws_ecs_service.web.name}"
  min_capacity       = 1
  max_capacity       = 4

  # By night the min is 0 and all three of its activities are suspended. The max is never touched.
  lifecycle {
    ignore_changes = [min_capacity, suspended_state]
  }
}

resource "aws_appautoscaling_policy" "web" {
  name               = "web-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension
  resource_id        = aws_appautoscaling_target.web.resource_id

  target_tracking_scaling_policy_configuration {
    target_value = 60
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

# The machine under it.

data "aws_subnets" "default" {
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

data "aws_ssm_parameter" "machine_image" {
  name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
}

data "aws_iam_policy_document" "machine" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "machine" {
  name_prefix        = "terraform-example-"
  assume_role_policy = data.aws_iam_policy_document.machine.json
}

resource "aws_iam_role_policy_attachment" "machine" {
  role       = aws_iam_role.machine.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
}

resource "aws_iam_instance_profile" "machine" {
  name_prefix = "terraform-example-"
  role        = aws_iam_role.machine.name
}

resource "aws_launch_template" "machine" {
  name_prefix   = "terraform-example-"
  image_id      = data.aws_ssm_parameter.machine_image.value
  instance_type = "t3.micro"
  user_data     = base64encode("#!/bin/sh\necho ECS_CLUSTER=${local.cluster} >>/etc/ecs/ecs.config\n")

  iam_instance_profile {
    arn = aws_iam_instance_profile.machine.arn
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
}

resource "aws_autoscaling_group" "machines" {
  name                = "terraform-example"
  vpc_zone_identifier = data.aws_subnets.default.ids
  min_size            = 1
  max_size            = 2

  launch_template {
    id      = aws_launch_template.machine.id
    version = aws_launch_template.machine.latest_version
  }

  # A group follows its own schedule only, never its cluster's.
  tag {
    key                 = "steward:schedule"
    value               = var.machine_schedule
    propagate_at_launch = false
  }

  tag {
    key                 = "steward:cluster"
    value               = local.cluster
    propagate_at_launch = false
  }

  tag {
    key                 = "steward:size"
    value               = "n=1 min=1 susp=--"
    propagate_at_launch = false
  }

  # By night min and desired are 0, and its alarms and scheduled actions are suspended. The max is never touched.
  lifecycle {
    ignore_changes = [min_size, desired_capacity, suspended_processes]
  }
}
