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

variable "api_origins" {
  type        = list(string)
  description = "The origins of the APIs that the page calls, such as `https://abc.execute-api.eu-west-1.amazonaws.com`."

  validation {
    condition     = alltrue([for origin in var.api_origins : can(regex("^https://[^/ ;*]+$", origin))])
    error_message = "An origin is https:// and a host, without a path."
  }
}

variable "host_names" {
  type        = list(string)
  description = "The names of the page, such as `search.shop.example`. They need a certificate."
  default     = []
}

variable "certificate_arn" {
  type        = string
  description = "A certificate of ACM in us-east-1 for the names; null for CloudFront's own name."
  default     = null

  validation {
    condition     = (var.certificate_arn == null) == (length(var.host_names) == 0)
    error_message = "Names need a certificate, and a certificate names."
  }

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:aws[a-z-]*:acm:us-east-1:", var.certificate_arn))
    error_message = "CloudFront takes certificates of us-east-1 alone."
  }
}

variable "web_acl_arn" {
  type        = string
  description = "A web ACL of WAF in us-east-1; null for none."
  default     = null
}

variable "price_class" {
  type        = string
  description = "Where the page is delivered from: `PriceClass_100` is Europe and North America."
  default     = "PriceClass_100"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "The class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}
