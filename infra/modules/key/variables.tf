variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}
