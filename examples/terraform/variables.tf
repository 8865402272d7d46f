variable "region" {
  description = "The region."
  type        = string
}

variable "release" {
  description = "The folder that holds the files of a release: the five zips for arm64, and the template."
  type        = string
  default     = "../../release"
}

variable "release_version" {
  description = "The version of that release, such as 1.2.3."
  type        = string
}

variable "clusters" {
  description = "The clusters that schedules may reach: names and patterns, comma-separated."
  type        = string
  default     = "terraform-example"
}

variable "mode" {
  description = "observe, act or readonly. Begin with observe."
  type        = string
  default     = "observe"
}

variable "time_zone" {
  description = "The zone of schedules that name none."
  type        = string
  default     = "UTC"
}

variable "create_api_logs_role" {
  description = "true where API Gateway has no CloudWatch Logs role yet in this account and region."
  type        = string
  default     = "false"
}

variable "schedule" {
  description = "When the service is on."
  type        = string
  default     = "Mon-Fri 08:00-20:00 Europe/Berlin"
}

variable "machine_schedule" {
  description = "When its machine is on: a little earlier, so that the service finds it up."
  type        = string
  default     = "Mon-Fri 07:45-20:00 Europe/Berlin"
}
