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

variable "tags" {
  type        = map(string)
  description = "Further tags of everything, such as a cost center."
  default     = {}
}

variable "akin_image" {
  type        = string
  description = "The image of akin by its digest, `REGISTRY/NAME@sha256:...`."
}

variable "akin_repository_arn" {
  type        = string
  description = "Its repository: `repository_arns` of the bootstrap."
}

variable "deletion_protection" {
  type        = bool
  description = "Whether databases refuse to be deleted. Only a trial turns it off."
  default     = true
}

variable "complete" {
  type        = bool
  description = "The feeds are the whole catalogue: products that are in none of them are removed."
  default     = false
}

variable "currency" {
  type        = string
  description = "The currency of prices without a symbol or code."
  default     = "USD"
}

variable "authorization" {
  type        = string
  description = "Who may search: `AWS_IAM`, `JWT` or `NONE`."
  default     = "AWS_IAM"
}

variable "jwt_issuer" {
  type        = string
  description = "The issuer of tokens, for `JWT`."
  default     = null
}

variable "jwt_audience" {
  type        = list(string)
  description = "The audiences of tokens, for `JWT`."
  default     = []
}

variable "cors_origins" {
  type        = list(string)
  description = "The origins of pages that call the API from a browser."
  default     = []
}

variable "mail_addresses" {
  type        = list(string)
  description = "Whom alarms reach."
  default     = []
}

variable "zones" {
  type        = list(string)
  description = "Three availability zones of the region."

  validation {
    condition     = length(var.zones) == 3
    error_message = "OpenSearch is spread over three zones."
  }
}

variable "function_images" {
  type        = object({ ingest = string, embed = string, query = string })
  description = "The images of the functions by their digests."
}

variable "has_endpoint" {
  type        = bool
  description = "Whether a SageMaker endpoint embeds. Without it, functions and containers embed with the model in their images."
  default     = false
}

variable "endpoint_image" {
  type        = string
  description = "The image of the endpoint by its digest."
  default     = null

  validation {
    condition     = !var.has_endpoint || var.endpoint_image != null
    error_message = "An endpoint needs an image."
  }
}

variable "endpoint_repository_arn" {
  type        = string
  description = "Its repository: `repository_arns` of the bootstrap."
  default     = null
}

variable "model_key" {
  type        = string
  description = "The key of the model's archive in the bucket of models."
  default     = "model.tar.gz"
}

variable "certificate_arn" {
  type        = string
  description = "A certificate of ACM for the internal load balancer; null for HTTP behind the VPC link."
  default     = null
}

variable "host_name" {
  type        = string
  description = "The name in that certificate."
  default     = null
}

variable "page_host_names" {
  type        = list(string)
  description = "The names of the page, such as `search.shop.example`: browsers may call the APIs from there."
  default     = []
}

variable "page_certificate_arn" {
  type        = string
  description = "A certificate of ACM in us-east-1 for these names."
  default     = null
}

variable "web_acl_arn" {
  type        = string
  description = "A web ACL of WAF in us-east-1 for the page; null for none."
  default     = null
}
