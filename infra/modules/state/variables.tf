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

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts what is stored: `arn` of the module `key`."
}
