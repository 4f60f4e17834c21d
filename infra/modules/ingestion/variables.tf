variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "feed_prefix" {
  type        = string
  description = "The beginning of the keys that are feeds: an object there is ingested when it is written."
  default     = "feeds/"
}

variable "feed_key" {
  type        = string
  description = "The key of the feed that the schedule reads. It may contain one `*`."
  default     = "feeds/*"
}

variable "complete" {
  type        = bool
  description = "The feeds of `feed_key` are the whole catalogue: products that are in none of them are removed."
  default     = false
}

variable "currency" {
  type        = string
  description = "The currency of prices without a symbol or code."
  default     = "USD"

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.currency))
    error_message = "The currency is an ISO 4217 code, such as EUR."
  }
}

variable "rates" {
  type        = list(string)
  description = "Fixed rates at which prices are converted, such as `INR=HKD:0.094`."
  default     = []
}

variable "feed_map" {
  type        = string
  description = "Which columns give which fields, such as `cost=actual_price`; empty for those that akin knows."
  default     = ""
}

variable "schedule" {
  type        = string
  description = "When the feed is read again, as EventBridge Scheduler writes it."
  default     = "cron(0 * * * ? *)"

  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.schedule))
    error_message = "Write the schedule as cron(...) or rate(...), such as rate(1 hour)."
  }
}

variable "memory_mib" {
  type        = number
  description = "The memory in MiB."
  default     = 1024
}

variable "timeout_seconds" {
  type        = number
  description = "The timeout. A run that is cut short is continued by the next."
  default     = 900
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
