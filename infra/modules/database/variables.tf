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

variable "subnet_ids" {
  type        = list(string)
  description = "The private subnets, in two zones or more."

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "RDS needs subnets in two zones."
  }
}

variable "client_security_group_id" {
  type        = string
  description = "The security group of programs that connect: `client_security_group_id` of the module `network`."
}

variable "major_version" {
  type        = string
  description = "The major version of Postgres. akin needs pgvector 0.8 or later, which RDS offers with 17."
  default     = "17"

  validation {
    condition     = can(regex("^1[5-9]$", var.major_version))
    error_message = "The version of Postgres must be 15 to 19."
  }
}

variable "instance_class" {
  type        = string
  description = "The class of the instance. Vectors should fit in its memory: about 2 KB each, with their index."
  default     = "db.t4g.small"

  validation {
    condition     = can(regex("^db\\.", var.instance_class))
    error_message = "The class begins with db., such as db.t4g.small."
  }
}

variable "database" {
  type        = string
  description = "The name of the database."
  default     = "akin"
}

variable "username" {
  type        = string
  description = "The user that owns the tables."
  default     = "akin"
}

variable "password_version" {
  type        = number
  description = "Raise it to set a new first password, when the secret and the database disagree."
  default     = 1
}

variable "storage_gib" {
  type        = number
  description = "The storage in GiB. A million products need about 8."
  default     = 20
}

variable "max_storage_gib" {
  type        = number
  description = "The storage in GiB up to which RDS grows it by itself."
  default     = 100

  validation {
    condition     = var.max_storage_gib > var.storage_gib
    error_message = "The storage must have room to grow: a full disk stops the database."
  }
}

variable "multi_az" {
  type        = bool
  description = "Whether a standby in another zone takes over. It doubles the price."
  default     = false
}

variable "has_replica" {
  type        = bool
  description = "Whether searches read from a replica."
  default     = false
}

variable "replica_instance_class" {
  type        = string
  description = "The class of the replica; null for that of the primary."
  default     = null
}

variable "backup_days" {
  type        = number
  description = "The number of days that backups are kept. A replica needs them."
  default     = 7

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "Backups are kept for 1 to 35 days."
  }
}

variable "deletion_protection" {
  type        = bool
  description = "Whether the database refuses to be deleted, and leaves a last snapshot."
  default     = true
}

variable "rotation_days" {
  type        = number
  description = "The number of days between two passwords."
  default     = 30

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 365
    error_message = "Passwords are replaced every 1 to 365 days."
  }
}

variable "rotation_version" {
  type        = string
  description = "The version of AWS's rotation function; null for the latest."
  default     = null
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
