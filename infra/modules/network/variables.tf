variable "name" {
  type        = string
  description = "The prefix of all names, such as `akin-shop`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "cidr" {
  type        = string
  description = "The private address range, of 16 or more subnets."
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.cidr, 4, 15)) && can(regex("^(10\\.|172\\.|192\\.168\\.)", var.cidr))
    error_message = "The range must be private and wide enough for 16 subnets, such as 10.0.0.0/16."
  }
}

variable "zones" {
  type        = list(string)
  description = "Two or three availability zones of the region. RDS needs two."

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 3 && length(distinct(var.zones)) == length(var.zones)
    error_message = "Name two or three different zones."
  }
}

variable "egress" {
  type        = string
  description = <<-TEXT
    How private subnets reach AWS services. `endpoints`: an interface endpoint for each of `endpoint_services`, about $7.30
    a month for each in each zone, and no way to the internet. `nat`: a NAT gateway, about $33 a month and $0.045 per GB,
    which reaches everything. (us-east-1, November 2026)
  TEXT
  default     = "endpoints"

  validation {
    condition     = contains(["endpoints", "nat"], var.egress)
    error_message = "The egress must be `endpoints` or `nat`."
  }
}

variable "endpoint_services" {
  type        = list(string)
  description = "The services that programs call, for `endpoints`. S3 is always reached, at no cost."
  default     = ["secretsmanager", "sqs"]
}

variable "endpoint_zones" {
  type        = number
  description = "The number of zones with endpoints. With one, an outage of that zone is an outage of all."
  default     = 1

  validation {
    condition     = var.endpoint_zones >= 1 && var.endpoint_zones <= length(var.zones)
    error_message = "Between one zone and all `zones` can have endpoints."
  }
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
