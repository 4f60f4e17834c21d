variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "queue_arn" {
  type        = string
  description = "The queue of changes: `arn` of the module `queue`."
}

variable "memory_mib" {
  type        = number
  description = "The memory in MiB: 2,048 embed about 230 texts a second."
  default     = 2048
}

variable "timeout_seconds" {
  type        = number
  description = "The timeout; the module `queue` needs the same."
  default     = 300
}

variable "batch_size" {
  type        = number
  description = "The maximum number of messages per invocation."
  default     = 100

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 1000
    error_message = "A batch has 1 to 1,000 messages."
  }
}

variable "batching_window_seconds" {
  type        = number
  description = "How long messages are gathered. SQS needs at least a second for batches of more than ten."
  default     = 5

  validation {
    condition     = var.batching_window_seconds >= 1 && var.batching_window_seconds <= 300
    error_message = "The window has 1 to 300 seconds."
  }
}

variable "max_concurrency" {
  type        = number
  description = "The maximum number of batches at a time, which bounds the load on the databases."
  default     = 10

  validation {
    condition     = var.max_concurrency >= 2 && var.max_concurrency <= 1000
    error_message = "SQS takes 2 to 1,000 batches at a time."
  }
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
