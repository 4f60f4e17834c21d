variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "api" {
  type        = string
  description = "The name of the API, such as `query`."
}

variable "description" {
  type        = string
  description = "What the API does."
}

variable "routes" {
  type        = list(string)
  description = "The routes that reach akin. Others are answered with 404 here."
  default     = ["GET /{path+}", "POST /{path+}"]
}

variable "function" {
  type        = object({ name = string, invoke_arn = string })
  description = "The function behind the API; null if there is a service."
  default     = null
}

variable "service" {
  type = object({
    listener_arn      = string
    host_name         = optional(string)
    subnet_ids        = list(string)
    security_group_id = string
  })
  description = "The listener behind the API, the name in its certificate if it has one, and where the VPC link is."
  default     = null

  validation {
    condition     = (var.service == null) != (var.function == null)
    error_message = "Set either the function or the service."
  }
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
