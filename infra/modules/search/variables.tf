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
  description = "The private subnets. With several instances, one zone for each, up to three."
}

variable "client_security_group_id" {
  type        = string
  description = "The security group of programs that connect: `client_security_group_id` of the module `network`."
}

variable "engine_version" {
  type        = string
  description = "The version of OpenSearch."
  default     = "OpenSearch_2.19"

  validation {
    condition     = can(regex("^OpenSearch_(2\\.(19|[2-9][0-9])|[3-9]\\.[0-9]+)$", var.engine_version))
    error_message = "akin is tested with OpenSearch 2.19 and needs that or a later one, such as OpenSearch_2.19."
  }
}

variable "instance_type" {
  type        = string
  description = "The type of the data nodes. Half of a node's memory holds vectors: about 1.1 × (4 × 384 + 128) bytes each."
  default     = "t3.small.search"

  validation {
    condition     = endswith(var.instance_type, ".search")
    error_message = "The type ends with .search, such as r7g.large.search."
  }
}

variable "instance_count" {
  type        = number
  description = "The number of data nodes. One is for trials: its failure loses the index, which is then filled from the store."
  default     = 1

  validation {
    condition     = contains([1, 2, 3, 6, 9, 12], var.instance_count)
    error_message = "The number of data nodes must be 1, 2 or a multiple of 3, so that zones are equal."
  }
}

variable "master_type" {
  type        = string
  description = "The type of dedicated master nodes."
  default     = "m7g.medium.search"
}

variable "master_count" {
  type        = number
  description = "The number of dedicated master nodes: 0 or 3."
  default     = 0

  validation {
    condition     = contains([0, 3], var.master_count)
    error_message = "A quorum needs three master nodes; 0 is for none."
  }
}

variable "storage_gib" {
  type        = number
  description = "The storage of each data node in GiB. A million products need about 10, with a replica 20."
  default     = 20
}

variable "username" {
  type        = string
  description = "The user of akin in OpenSearch."
  default     = "akin"
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
