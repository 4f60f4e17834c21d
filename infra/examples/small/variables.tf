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
  description = "Two or three availability zones of the region."
}

variable "packages" {
  type        = string
  description = "The folder of the packages that `make lambdas` made."
  default     = "../../../.cache/lambda"
}

variable "database_class" {
  type        = string
  description = "The class of the database. By 2 KB a vector, db.t4g.small holds about 300,000 products in memory, db.m7g.large a million."
  default     = "db.t4g.small"
}
