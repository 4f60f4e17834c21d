variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "issuer" {
  type        = string
  description = "The issuer of the forge's tokens."
  default     = "https://token.actions.githubusercontent.com"

  validation {
    condition     = can(regex("^https://[^/]+", var.issuer))
    error_message = "The issuer is an https:// address."
  }
}

variable "repository" {
  type        = string
  description = "The repository whose workflows may take the roles on: `OWNER/NAME`."

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.repository))
    error_message = "Name one repository as OWNER/NAME, without *."
  }
}

variable "plan_environment" {
  type        = string
  description = "The environment of the forge that may plan."
  default     = "plan"
}

variable "deploy_environment" {
  type        = string
  description = "The environment of the forge that may deploy: demand reviewers for it."
  default     = "production"
}

variable "state_bucket_arn" {
  type        = string
  description = "The bucket of the state: `arn` of the module `state`."
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts what is stored: `arn` of the module `key`."
}
