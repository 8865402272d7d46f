# ecs-steward itself: the translated template and the zips of a release, as a CloudFormation stack of Terraform's.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region = var.region

  # Exactly the two that ecs-steward writes. All others of steward: are yours to write, and so for Terraform to see.
  ignore_tags {
    keys = ["steward:record", "steward:override"]
  }
}

data "aws_caller_identity" "current" {}

locals {
  prefix   = "ecs-steward/${var.release_version}/"
  template = "ecs-steward-${var.release_version}.template.json"
  zips     = fileset(var.release, "*-${var.release_version}-arm64.zip")
}

# In the stack's own region: Lambda takes a function's zip from no other.
resource "aws_s3_bucket" "code" {
  bucket = "ecs-steward-code-${data.aws_caller_identity.current.account_id}-${var.region}"
}

resource "aws_s3_bucket_public_access_block" "code" {
  bucket                  = aws_s3_bucket.code.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_object" "code" {
  for_each = setunion(local.zips, [local.template])

  bucket = aws_s3_bucket.code.id
  key    = "${local.prefix}${each.value}"
  source = "${var.release}/${each.value}"
}

resource "aws_cloudformation_stack" "ecs_steward" {
  name         = "ecs-steward"
  template_url = "https://${aws_s3_bucket.code.bucket_regional_domain_name}/${aws_s3_object.code[local.template].key}"
  capabilities = ["CAPABILITY_IAM"]

  # docs/configuring.md has them all. What is left out has its default.
  parameters = {
    CodeBucket        = aws_s3_bucket.code.id
    CodePrefix        = local.prefix
    Clusters          = var.clusters
    Mode              = var.mode
    TimeZone          = var.time_zone
    CreateApiLogsRole = var.create_api_logs_role
  }

  # The zips are there before the functions are.
  depends_on = [aws_s3_object.code]
}

output "api_url" {
  description = "Where the API is."
  value       = aws_cloudformation_stack.ecs_steward.outputs["ApiUrl"]
}
