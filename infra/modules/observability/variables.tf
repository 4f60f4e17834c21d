variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "mail_addresses" {
  type        = list(string)
  description = "Whom alarms reach. AWS asks each address to confirm."
  default     = []

  validation {
    condition     = alltrue([for address in var.mail_addresses : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "An address has the form name@host."
  }
}

variable "queue" {
  type        = string
  description = "The name of the queue of changes."
}

variable "dead_letters_queue" {
  type        = string
  description = "The name of the queue of dead letters."
}

variable "failures_queue" {
  type        = string
  description = "The name of the queue of events that failed for good."
}

variable "ingest_function" {
  type        = string
  description = "The name of the function that ingests."
}

variable "embed_function" {
  type        = string
  description = "The name of the function that embeds."
}

variable "query_function" {
  type        = string
  description = "The name of the function that answers searches; null without one."
  default     = null
}

variable "database" {
  type        = string
  description = "The identifier of the database instance."
}

variable "api_ids" {
  type        = map(string)
  description = "The ids of the APIs, by a name for each."
  default     = {}
}

variable "max_lag_seconds" {
  type        = number
  description = "The age of a change, in seconds, from which the indexes lag behind."
  default     = 900
}

variable "max_latency_ms" {
  type        = number
  description = "The time, in milliseconds, that one search in twenty may exceed. A cold start takes about 1,000."
  default     = 2000
}

variable "max_hours_without_run" {
  type        = number
  description = "The number of hours after which a catalogue that no run has read is too old."
  default     = 3

  validation {
    condition     = var.max_hours_without_run >= 1 && var.max_hours_without_run <= 24
    error_message = "The number of hours must be 1 to 24."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts what is stored: `arn` of the module `key`."
}
