variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "account_id" {
  type        = string
  description = "The number of the account, which makes the name of the bucket unique."

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "The number of an account has 12 digits."
  }
}

variable "vpc_id" {
  type        = string
  description = "The VPC: `vpc_id` of the module `network`."
}

variable "subnet_ids" {
  type        = list(string)
  description = "The private subnets."
}

variable "image_uri" {
  type        = string
  description = "The image of the endpoint by its digest, `REGISTRY/NAME@sha256:...`."

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image_uri))
    error_message = "Name the image by its digest: a tag may be another image tomorrow."
  }
}

variable "repository_arn" {
  type        = string
  description = "The repository of the image: one of `arns` of the module `registry`."
}

variable "model_key" {
  type        = string
  description = "The key of the archive that `make model-archive` packed, in the bucket of models."
  default     = "model.tar.gz"

  validation {
    condition     = endswith(var.model_key, ".tar.gz")
    error_message = "SageMaker unpacks archives that end with .tar.gz."
  }
}

variable "instance_type" {
  type        = string
  description = "The type of the instances."
  default     = "ml.c7i.large"

  validation {
    condition     = startswith(var.instance_type, "ml.")
    error_message = "The type begins with ml., such as ml.c7i.large."
  }
}

variable "instance_count" {
  type        = number
  description = "The number of instances. With two, a failure or an update interrupts nobody."
  default     = 1
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
