variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "image_uri" {
  type        = string
  description = "The image of akin by its digest, `REGISTRY/NAME@sha256:...`."

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image_uri))
    error_message = "Name the image by its digest: a tag may be another image tomorrow."
  }
}

variable "repository_arn" {
  type        = string
  description = "The repository of the image: one of `arns` of the module `registry`."
}

variable "environment" {
  type        = map(string)
  description = "The settings of akin, by their environment variables: merge the outputs `environment` of what it uses."
}

variable "statements" {
  type        = list(string)
  description = "What akin may do, each a statement in JSON: join the outputs `statements` of what it uses."
  default     = []
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
