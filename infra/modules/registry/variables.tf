variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "region" {
  type        = string
  description = "The region of the functions."
}

variable "account_id" {
  type        = string
  description = "The number of the account of the functions."

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "The number of an account has 12 digits."
  }
}

variable "images" {
  type        = list(string)
  description = "The images. Functions of AWS Lambda end with `-lambda`."
  default     = ["akin", "endpoint", "query-lambda", "embed-lambda", "ingest-lambda"]
}

variable "kept_images" {
  type        = number
  description = "The number of images that each repository keeps, to go back to."
  default     = 20

  validation {
    condition     = var.kept_images >= 5
    error_message = "Keep five images or more: the one that is deployed must not be removed."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts what is stored: `arn` of the module `key`."
}
