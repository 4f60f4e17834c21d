variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "function" {
  type        = string
  description = "The name of the function, such as `embed`."
}

variable "description" {
  type        = string
  description = "What the function does."
}

variable "memory_mib" {
  type        = number
  description = "The memory in MiB. The share of a processor grows with it: 1,769 MiB are one."

  validation {
    condition     = var.memory_mib >= 128 && var.memory_mib <= 10240
    error_message = "AWS Lambda takes 128 to 10,240 MiB."
  }
}

variable "timeout_seconds" {
  type        = number
  description = "The maximum number of seconds per invocation."

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "AWS Lambda takes 1 to 900 seconds."
  }
}

variable "failure_queue" {
  type        = object({ arn = string })
  description = "The queue of asynchronous events that failed for good; null if nothing invokes the function asynchronously."
  default     = null
}

variable "package" {
  type        = string
  description = "The path of the ZIP archive that `make lambdas` packed; null if there is an image."
  default     = null
}

variable "image_uri" {
  type        = string
  description = "The image by its digest, `REGISTRY/NAME@sha256:...`; null if there is a package."
  default     = null

  validation {
    condition     = var.image_uri == null || can(regex("@sha256:[0-9a-f]{64}$", var.image_uri))
    error_message = "Name the image by its digest: a tag may be another image tomorrow."
  }
}

variable "reserved_concurrency" {
  type        = number
  description = "The maximum number of concurrent executions, taken from the quota of the account; null for no bound."
  default     = null
}

variable "environment" {
  type        = map(string)
  description = "The settings of akin, by their environment variables: merge the outputs `environment` of what it uses."
}

variable "statements" {
  type        = list(string)
  description = "What the role may do besides, each a statement in JSON: join the outputs `statements` of what it uses."
  default     = []
}

variable "subnet_ids" {
  type        = list(string)
  description = "The private subnets."
}

variable "security_group_ids" {
  type        = list(string)
  description = "The security groups: `client_security_group_id` of the module `network`."
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts what is stored: `arn` of the module `key`."
}

variable "log_retention_days" {
  type        = number
  description = "The number of days that logs are kept."
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731 days."
  }
}
