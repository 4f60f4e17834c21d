variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "vpc_id" {
  type        = string
  description = "The VPC: `vpc_id` of the module `network`."
}

variable "cluster_arn" {
  type        = string
  description = "The cluster: `cluster_arn` of the module `tasks`."
}

variable "cluster_name" {
  type        = string
  description = "Its name: `cluster_name` of the module `tasks`."
}

variable "certificate_arn" {
  type        = string
  description = "A certificate of ACM for the load balancer; null for HTTP between the VPC link and the load balancer."
  default     = null
}

variable "host_name" {
  type        = string
  description = "The name in the certificate, which the API verifies."
  default     = null

  validation {
    condition     = (var.certificate_arn == null) == (var.host_name == null)
    error_message = "A certificate needs the name in it, and the name a certificate."
  }
}

variable "routes" {
  type        = list(string)
  description = "The routes of the API. The page is at `GET /`."
  default     = ["GET /", "GET /{path+}", "POST /{path+}"]
}

variable "cpu" {
  type        = number
  description = "The units of processor of a task: 1,024 are one."
  default     = 1024
}

variable "memory_mib" {
  type        = number
  description = "The memory of a task in MiB."
  default     = 2048
}

variable "min_tasks" {
  type        = number
  description = "The minimum number of tasks."
  default     = 1
}

variable "max_tasks" {
  type        = number
  description = "The maximum number of tasks."
  default     = 2

  validation {
    condition     = var.max_tasks >= var.min_tasks && var.min_tasks >= 1
    error_message = "At least one task runs, and the maximum is not below the minimum."
  }
}

variable "deletion_protection" {
  type        = bool
  description = "Whether the load balancer refuses to be deleted."
  default     = true
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

variable "subnet_ids" {
  type        = list(string)
  description = "The private subnets."
}

variable "security_group_ids" {
  type        = list(string)
  description = "The security groups: `client_security_group_id` of the module `network`."
}

variable "authorization" {
  type        = string
  description = "Who may search: `AWS_IAM` for callers with keys of this account, `JWT` for the users of an issuer, `NONE` for everybody."
  default     = "AWS_IAM"

  validation {
    condition     = contains(["AWS_IAM", "JWT", "NONE"], var.authorization)
    error_message = "The authorization must be AWS_IAM, JWT or NONE."
  }
}

variable "jwt_issuer" {
  type        = string
  description = "The issuer of tokens, `https://...`, for `JWT`."
  default     = null

  validation {
    condition     = var.authorization != "JWT" || can(regex("^https://", var.jwt_issuer))
    error_message = "JWT needs the https:// address of the issuer."
  }
}

variable "jwt_audience" {
  type        = list(string)
  description = "The audiences of tokens, one of which a token must name, for `JWT`."
  default     = []

  validation {
    condition     = var.authorization != "JWT" || length(var.jwt_audience) > 0
    error_message = "JWT needs an audience: without one, tokens for other programs would be accepted."
  }
}

variable "cors_origins" {
  type        = list(string)
  description = "The origins of pages that may call the API from a browser, such as `https://shop.example`."
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https://[^/*]+$", origin))])
    error_message = "An origin is https:// and a host, without a path and without *."
  }
}

variable "requests_per_second" {
  type        = number
  description = "The number of requests per second that are answered; further ones get 429."
  default     = 50
}

variable "burst" {
  type        = number
  description = "The number of requests that may arrive at once."
  default     = 100
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
