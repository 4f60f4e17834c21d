variable "name" {
  type        = string
  description = "The prefix of all names."
  default     = "akin"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}$", var.name))
    error_message = "The name must have 2 to 15 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "region" {
  type        = string
  description = "The region, such as `eu-west-1`."
}

variable "account_id" {
  type        = string
  description = "The number of the account; nothing is created in another one."
}

variable "repository" {
  type        = string
  description = "The repository whose workflows deploy: `OWNER/NAME`."
}
