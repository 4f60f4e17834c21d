variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "function_timeout_seconds" {
  type        = number
  description = "The timeout of the function that embeds. Messages are hidden for six times as long."

  validation {
    condition     = var.function_timeout_seconds >= 30 && var.function_timeout_seconds <= 900
    error_message = "The embedding function needs 30 to 900 seconds."
  }
}

variable "max_receive_count" {
  type        = number
  description = "The number of deliveries after which a message becomes a dead letter."
  default     = 5

  validation {
    condition     = var.max_receive_count >= 2 && var.max_receive_count <= 1000
    error_message = "A message needs 2 to 1,000 deliveries: one alone would bury every message of an outage."
  }
}
